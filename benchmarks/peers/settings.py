"""The site's own settings, with the peers' addresses added."""

from gridmap import settings as site

globals().update({name: value for name, value in vars(site).items() if name.isupper()})
ROOT_URLCONF = "benchmarks.peers.urls"
