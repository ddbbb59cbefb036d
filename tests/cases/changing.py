"""Changes of all kinds to a few cases and to what departments were asked about them, by the fall of a die."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from django.contrib.gis.geos import Point
from django.db import transaction
from django.db.models import F

from cases.models import Assignment, Case, Result, SurveyAnswer
from cases.workflow import State
from geodata.crs import STORED_SRID
from gridmap.models import Area
from tests.cases.recounting import NOW


class Chance:
    """What changes next, and how; each change is one statement."""

    def __init__(self, seed: int) -> None:
        self.die = random.Random(seed)
        self.areas = list(Area.objects.filter(level__in=["grid", "town"]).values_list("code", flat=True)[:60])

    def some(self, rows: Any, most: int = 40) -> Any:
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return rows.model.objects.filter(pk__in=self.die.sample(keys, min(len(keys), self.die.randint(1, most))))

    def change(self) -> None:
        self.die.choice(
            [self.move, self.recategorise, self.end, self.redate, self.again, self.demand, self.score, self.hear]
        )()

    def move(self) -> None:
        area = self.die.choice(self.areas)
        place = Point(114.9 + self.die.random() / 10, 25.8 + self.die.random() / 10, srid=STORED_SRID)
        self.some(Case.objects.all()).update(current_area=area, public_point=place)

    def recategorise(self) -> None:
        self.some(Case.objects.all()).update(category=self.die.choice(["01", "0101", "0302", "0401"]))

    def end(self) -> None:
        state = self.die.choice([State.CLOSED, State.EVALUATED, State.REFUSED])
        moment = F("due_at") + dt.timedelta(days=self.die.randint(0, 1))
        whole = Case.objects.filter(closed_at=None).exclude(assignments__finished_at=None, assignments__part="lead")
        self.some(whole).update(state=state, closed_at=moment)

    def redate(self) -> None:
        later = dt.timedelta(days=self.die.randint(1, 70))
        self.some(Case.objects.filter(closed_at=None)).update(
            reported_at=F("reported_at") + later, due_at=F("due_at") + later
        )

    def again(self) -> None:
        """Cases that come and go."""
        kept = transaction.savepoint()
        for case in self.some(Case.objects.filter(closed_at=None), most=3):
            case.pk, case.number, case.client_id = None, f"再 {self.die.random()}"[:20], _uuid(self.die)
            case.save()
        if self.die.random() < 0.3:
            transaction.savepoint_rollback(kept)
        elif self.die.random() < 0.5:
            Case.objects.filter(number__startswith="再").delete()

    def demand(self) -> None:
        asked = self.some(Assignment.objects.exclude(letter=None))
        came = NOW + dt.timedelta(hours=self.die.randint(0, 99))
        asked.update(
            **self.die.choice(
                [
                    {"withdrawn_at": self.die.choice([None, NOW])},
                    {"arrived_at": came, "arrival_minutes": self.die.choice([0, 60, 61, 480, 2400, 2401])},
                    {"arrive_by": self.die.choice([came, came + dt.timedelta(days=99)])},
                    {"due_at": F("due_at") + dt.timedelta(days=self.die.randint(1, 99))},
                ]
            )
        )

    def hear(self) -> None:
        """Reporters say something, once more or no more."""
        if self.die.random() < 0.2:
            self.some(SurveyAnswer.objects.all()).delete()
            return
        said = {"solved": self.die.choice(["yes", "partly", "no"]), "satisfaction": self.die.randint(1, 5), "at": NOW}
        if self.die.random() < 0.3:
            self.some(SurveyAnswer.objects.all()).update(**said)
        else:
            SurveyAnswer.objects.bulk_create(SurveyAnswer(case=it, **said) for it in self.some(Case.objects.all()))

    def score(self) -> None:
        results = self.some(Result.objects.all())
        if self.die.random() < 0.3:
            results.delete()
        else:
            results.update(total=self.die.randint(0, 100))


def _uuid(die: random.Random) -> str:
    return f"{die.getrandbits(128):032x}"
