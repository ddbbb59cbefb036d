"""The settings of the site, for tests: a password is checked at once, since hundreds of times somebody signs in."""

from gridmap import settings

globals().update({name: value for name, value in vars(settings).items() if name.isupper()})
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
