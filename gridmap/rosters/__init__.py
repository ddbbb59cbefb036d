"""Rosters: spreadsheets from the offices that keep people, organisations and powers, into the registry."""
