"""Editions of boundaries: found a district, prepare a draft, check it, approve it, publish it."""
