"""The demonstration: cases of three years, and an account for everybody in post."""
