"""The site as a WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

from gridmap.serving import OneAtATime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridmap.settings")
application = OneAtATime(get_wsgi_application())
