"""Cases and what belongs to them."""

from cases.models.calendar import Workday
from cases.models.case import Case, Category, Photo, Reporter, Voice
from cases.models.trace import TraceEvent

__all__ = ["Case", "Category", "Photo", "Reporter", "TraceEvent", "Voice", "Workday"]
