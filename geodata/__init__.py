"""Is the geometry good, and what does it say? No Django, no database."""
