"""What can be done to a case: one verb each.

An action checks the rule, changes the thing and writes the trace row in one transaction, or does none of it.
"""

from cases.actions.handling import act
from cases.actions.reading import MAY_READ, read_reporter
from cases.actions.reporting import Report, report
from cases.actions.surveying import Opinion, answer_survey
from cases.actions.voices import add_voice

__all__ = ["MAY_READ", "Opinion", "Report", "act", "add_voice", "answer_survey", "read_reporter", "report"]
