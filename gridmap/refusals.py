"""What the database refuses, in the words of the constraint it named."""

from __future__ import annotations

from django.apps import apps
from django.db import DatabaseError


def sentence_of(error: DatabaseError) -> str | None:
    """The sentence of the constraint that was violated, None if it is none of ours."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                return str(constraint.violation_error_message)
    return None
