"""Cases and what belongs to them."""

from cases.models.action_key import ActionKey
from cases.models.assessment import Result, Verification
from cases.models.calendar import Workday
from cases.models.case import Case, Category, Photo, Reporter, Voice
from cases.models.counts import AreaMonth, AreaTotals, CellMonth, CellTotals, UnitMonth, UnitTotals
from cases.models.handover import Handover, Rerouting
from cases.models.hot_spots import HotSpots
from cases.models.notice import Delivery, Notice, NoticeReading, Reminder, Webhook
from cases.models.open_whistle import OpenWhistle
from cases.models.procedure import Procedure
from cases.models.survey import SurveyAnswer
from cases.models.town import Assignment, CategoryPower, CheckIn, Dispatch, Letter, Responsibility
from cases.models.trace import TraceEvent
from cases.models.whistle import Whistle

__all__ = [
    "ActionKey",
    "AreaMonth",
    "AreaTotals",
    "Assignment",
    "Case",
    "Category",
    "CategoryPower",
    "CellMonth",
    "CellTotals",
    "CheckIn",
    "Delivery",
    "Dispatch",
    "Handover",
    "HotSpots",
    "Letter",
    "Notice",
    "NoticeReading",
    "OpenWhistle",
    "Photo",
    "Procedure",
    "Reminder",
    "Reporter",
    "Rerouting",
    "Responsibility",
    "Result",
    "SurveyAnswer",
    "TraceEvent",
    "UnitMonth",
    "UnitTotals",
    "Verification",
    "Voice",
    "Webhook",
    "Whistle",
    "Workday",
]
