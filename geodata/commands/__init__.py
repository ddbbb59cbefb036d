"""The commands of ``python -m geodata``, one module for those that belong together."""
