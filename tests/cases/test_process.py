"""The process as data and as a page: both say what the tables of the workflow say."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from cases.process import described, diagram
from cases.workflow import OPEN, STEP_OF, VERBS, State, Step
from gridmap.roles import Role

PAGE = Path(__file__).resolve().parents[2] / "docs" / "process.md"


@pytest.mark.django_db
def test_a_program_reads_the_whole_process(client: Client) -> None:
    told = client.get("/api/v1/process").json()
    assert [(it["number"], it["name"]) for it in told["steps"]] == [(step.value, step.label) for step in Step]
    assert {it["state"]: (it["step"], it["open"]) for it in told["states"]} == {
        state.value: (STEP_OF[state].value, state in OPEN) for state in State
    }
    assert [it["role"] for it in told["roles"]] == Role.values
    verbs = {it["verb"]: it for it in told["verbs"]}
    assert set(verbs) == set(VERBS)
    for name, verb in VERBS.items():
        assert set(verbs[name]["from"]) == set(verb.comes_from)
        assert verbs[name]["to"] == verb.goes_to
        assert set(verbs[name]["roles"]) == set(verb.roles)
    assert (verbs["file"]["beside"], verbs["close"]["beside"]) == ("send", None)
    assert (verbs["settle"]["only"], verbs["close"]["only"]) == ("sent", None)
    assert (verbs["close"]["other_than"], verbs["claim"]["lead"]) == (["resolve"], True)
    assert {need for it in told["verbs"] for need in it["needs"]} <= {it["need"] for it in told["needs"]}


def test_the_page_says_what_the_tables_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert described(page) == page, "run: manage.py describe_process"
    assert all(verb.label in page for verb in VERBS.values())


def test_every_way_is_in_the_picture() -> None:
    drawn = {line.strip() for line in diagram().splitlines() if "-->" in line and "[*]" not in line}
    assert drawn == {
        f"{state.value} --> {to.value}: {verb.label}"
        for verb in VERBS.values()
        for state in verb.comes_from
        for to in ({verb.goes_to} if verb.goes_to else verb.one_of) - {state}
    }


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("没有标记", encoding="utf-8")
    with pytest.raises(CommandError, match="标记"):
        call_command("describe_process", str(file))
    with pytest.raises(CommandError, match=r"nothing\.md"):
        call_command("describe_process", str(tmp_path / "nothing.md"))
    assert file.read_text(encoding="utf-8") == "没有标记"
