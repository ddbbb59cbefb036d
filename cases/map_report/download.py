"""The address the report is downloaded from: what everybody may see, so it is everybody's."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from cases.map_report.contents import PARAMETERS, checked, gathered
from cases.map_report.page import written
from cases.map_report.spots import kept_only
from cases.review_pages import REVIEW
from gridmap.features import answering
from gridmap.features.kept import KeptAnswers
from gridmap.features.offered import Question

REPORT = replace(REVIEW, id="map-report", title="地图报告")
MEDIA_TYPE = "text/html; charset=utf-8"
KEPT = KeptAnswers(room=8 * 1024 * 1024)


def download(request: HttpRequest) -> HttpResponse:
    """The report as a file. Hot spots are in it where they were found already; else the report says that they are not."""

    def make(question: Question) -> bytes:
        filters, now = checked(question.filters), question.now
        return written(gathered(filters, now=now, ask=kept_only(now))).encode()

    response = answering.answer(request, REPORT, make, media_type=MEDIA_TYPE, kept=KEPT)
    asked = (request.GET.get(name, "") for name in ("since", "until", *sorted(PARAMETERS - {"since", "until"})))
    name = "-".join(["地图报告", *(word for word in asked if word)]) + ".html"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response
