"""How large a second-level grid should be (R12, R13): soft rules, reported and waived with a reason, never enforced."""

from __future__ import annotations

from enum import StrEnum

URBAN_HOUSEHOLDS = (300, 500)
URBAN_RESIDENTS = 1000
# The article says "about 500"; half as many and half as many again are taken as about.
RURAL_RESIDENTS = (250, 750)


class Size(StrEnum):
    """What the rules say of a grid."""

    FITS = "fits"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"


def size_of(households: int, residents: int, *, urban: bool) -> Size:
    """A grid's size by the rules: in town 300 to 500 households and at most 1,000 residents, else about 500 residents."""
    if urban:
        if households > URBAN_HOUSEHOLDS[1] or residents > URBAN_RESIDENTS:
            return Size.TOO_LARGE
        return Size.TOO_SMALL if households < URBAN_HOUSEHOLDS[0] else Size.FITS
    if residents > RURAL_RESIDENTS[1]:
        return Size.TOO_LARGE
    return Size.TOO_SMALL if residents < RURAL_RESIDENTS[0] else Size.FITS
