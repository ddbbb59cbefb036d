"""Read drawn areas from the files people have, whatever their format and coordinate system, or say why not.

A file comes from outside: what its name says and what it holds must agree, GDAL is given nothing but the formats on the
list, and everything has a bound.
"""

from geodata.reading.formats import Format, assumed_of
from geodata.reading.pipeline import read_areas, read_shapes
from geodata.reading.refusing import BadFile, Limits, NoSystemNamed

__all__ = ["BadFile", "Format", "Limits", "NoSystemNamed", "assumed_of", "read_areas", "read_shapes"]
