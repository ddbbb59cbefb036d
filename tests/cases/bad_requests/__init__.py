"""Bad requests, each with the answer it deserves: tables the tests walk through, by what is asked."""

from tests.cases.bad_requests.maps import MAPS
from tests.cases.bad_requests.methods import METHODS
from tests.cases.bad_requests.on_cases import ACTIONS, SURVEYS, VOICES
from tests.cases.bad_requests.questions import QUESTIONS
from tests.cases.bad_requests.reports import BODIES, PHOTOS, REPORTS
from tests.cases.bad_requests.row import LEFT_OUT, Row

__all__ = ["LEFT_OUT", "ROWS", "Row"]

ROWS = [*REPORTS, *BODIES, *PHOTOS, *QUESTIONS, *MAPS, *METHODS, *VOICES, *SURVEYS, *ACTIONS]
