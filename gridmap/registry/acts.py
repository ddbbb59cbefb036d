"""What is done with an edition from its page: each a form, one action, and back to the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.http import require_POST

from gridmap.editions import differences, drafts, keepers, lineage, publishing, repairs, staffing
from gridmap.editions.keepers import Act
from gridmap.editions.staffing import Staff
from gridmap.models import Edition
from gridmap.problems import Conflict, Forbidden, Problem, answer
from gridmap.registry.access import KeeperRequest, View, edition_of, for_act, keepers_only
from gridmap.registry.edition import Tried, edition_page
from gridmap.registry.forms import DescribeForm, ExcuseForm, LineageForm, PublishForm, StyledForm
from gridmap.registry.staffs import parties_of, staffing_form


class Unfilled(Exception):
    """A form that cannot be carried out as it was filled in, or that an action refused."""

    def __init__(self, form: StyledForm, problem: Problem | None = None) -> None:
        super().__init__()
        self.form = form
        self.problem = problem


def acting(section: str, act: Act | None) -> Callable[[Callable[..., str]], View]:
    """Let those who may ``act`` do it, say what was done and go back to the section; a refusal is shown there.

    With None the action asks for itself who may.
    """

    def decorate(do: Callable[..., str]) -> View:
        @keepers_only
        @require_POST
        def view(request: KeeperRequest, pk: int, **kwargs: Any) -> HttpResponse:
            edition = for_act(request, pk, act) if act is not None else edition_of(pk)
            try:
                with transaction.atomic():
                    said = do(request, edition, **kwargs)
            except Unfilled as unfilled:
                return edition_page(request, edition_of(pk), Tried(section, unfilled.problem, unfilled.form))
            except Problem as problem:
                return edition_page(request, edition_of(pk), Tried(section, problem))
            messages.success(request, said)
            return _back(pk, section)

        return view

    return decorate


def _back(pk: int, section: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('registry-edition', args=[pk])}#{section}")


def _filled(form: StyledForm) -> dict[str, Any]:
    if not form.is_valid():
        raise Unfilled(form)
    return form.cleaned_data


def _carried_out(form: StyledForm, do: Callable[[dict[str, Any]], object]) -> None:
    """Do it with what the form says; a refusal is shown at its field."""
    given = _filled(form)
    try:
        do(given)
    except Problem as problem:
        form.refuse(problem)
        raise Unfilled(form, problem) from None


# ---- the draft ---------------------------------------------------------------------------------------------------


@acting("check", Act.PREPARE)
def describe(request: KeeperRequest, edition: Edition) -> str:
    """Change what the draft says of one area."""
    form = DescribeForm(request.POST)
    _carried_out(
        form,
        lambda given: drafts.describe(edition, given["row"], form.changes(), by=request.user, at=timezone.now()),
    )
    publishing.propose(edition, on=timezone.localdate())
    return "已修改。"


@acting("check", Act.PREPARE)
def repair(request: KeeperRequest, edition: Edition) -> str:
    """Make the safe repairs."""
    step = repairs.repair(edition, by=request.user, at=timezone.now())
    publishing.propose(edition, on=timezone.localdate())
    return f"{step.sentence}。每处列在下面的“编制步骤”里，可以撤销。"


@acting("history", Act.PREPARE)
def undo(request: KeeperRequest, edition: Edition) -> str:
    """Take the last step back."""
    step = request.POST.get("step", "")
    if not (step.isascii() and step.isdigit() and len(step) <= 18):
        raise Conflict("没有说明撤销哪一步，请刷新后再做 (which step)")
    drafts.undo(edition, step_id=int(step), by=request.user, at=timezone.now())
    publishing.propose(edition, on=timezone.localdate())
    return "已撤销这一步。"


@acting("history", Act.PREPARE)
def abandon(request: KeeperRequest, edition: Edition) -> str:
    """Give the draft up."""
    drafts.abandon(edition, by=request.user, at=timezone.now())
    return "已放弃这份草稿；现行边界不变。"


# ---- lineage and staffing ----------------------------------------------------------------------------------------


@acting("lineage", Act.PREPARE)
def propose(request: KeeperRequest, edition: Edition) -> str:
    """Propose lineage and staffing anew for the draft as it stands."""
    if edition.state not in (Edition.State.DRAFT, Edition.State.APPROVED):
        raise Conflict(f"“{edition.name}”{edition.get_state_display()}，不能再修改 (no longer a draft)")
    publishing.propose(edition, on=timezone.localdate())
    return "已按草稿现状重新提出。"


@acting("lineage", Act.PREPARE)
def set_lineage(request: KeeperRequest, edition: Edition) -> str:
    """Say which area came of which."""
    today = timezone.localdate()
    _carried_out(
        LineageForm(request.POST), lambda given: lineage.set_by_hand(edition, **given, on=today, by=request.user)
    )
    publishing.propose(edition, on=today)
    return "沿革已记下。"


@acting("lineage", Act.PREPARE)
def remove_lineage(request: KeeperRequest, edition: Edition, row: int) -> str:
    """Take one line of the lineage back."""
    lineage.remove(edition, row, by=request.user)
    return "这条沿革已删去。"


@acting("staffing", Act.PREPARE)
def set_staffing(request: KeeperRequest, edition: Edition) -> str:
    """Say who is to answer for one new area."""
    today = timezone.localdate()
    ground = differences.ground(edition, on=today)
    code = request.POST.get("code", "")[:15]

    def do(given: dict[str, Any]) -> None:
        staff = Staff(**{name: value for name, value in given.items() if name != "code"})
        staffing.set_by_hand(edition, given["code"], staff, ground=ground, by=request.user)

    _carried_out(staffing_form(code, parties_of(ground, today=today), data=request.POST), do)
    return "已配好。"


@acting("staffing", Act.PREPARE)
def excuse(request: KeeperRequest, edition: Edition) -> str:
    """Give one reason for whatever is still open."""
    ground = differences.ground(edition, on=timezone.localdate())
    _carried_out(
        ExcuseForm(request.POST),
        lambda given: staffing.excuse_all(edition, ground, reason=given["reason"], by=request.user),
    )
    return "理由已写明。"


# ---- approval and publication ------------------------------------------------------------------------------------


@acting("approval", Act.APPROVE)
def approve(request: KeeperRequest, edition: Edition) -> str:
    """Approve the draft as it stands."""
    publishing.approve(edition, by=request.user, at=timezone.now())
    return "已批准；现在可以发布。"


@acting("approval", None)
def withdraw(request: KeeperRequest, edition: Edition) -> str:
    """Take the approval back; whoever has the post for it may, whether they had a hand in the draft or not."""
    if not keepers.has_role_for(Act.APPROVE, request.standing, request.user, scope=edition.scope):
        raise Forbidden("您的岗位不能撤回批准 (your post does not allow it)")
    publishing.withdraw(edition, by=request.user)
    return "批准已撤回。"


@acting("publication", Act.PUBLISH)
def publish(request: KeeperRequest, edition: Edition) -> str:
    """Put the edition in force from a day on."""
    _carried_out(
        PublishForm(request.POST),
        lambda given: publishing.publish(edition, valid_from=given["valid_from"], by=request.user, at=timezone.now()),
    )
    return f"已发布，{edition.valid_from} 起施行。"


@keepers_only
@require_POST
def reroute(request: KeeperRequest, pk: int) -> HttpResponse:
    """Give the next chunk of cases their present area; JSON for whoever asks for it, else the page again."""
    as_json = "application/json" in request.headers.get("Accept", "")
    try:
        edition = edition_of(pk)
        if not keepers.has_role_for(Act.PUBLISH, request.standing, request.user, scope=edition.scope):
            raise Forbidden("您的岗位不能办理事项归入 (your post does not allow it)")
        progress = import_string(settings.REROUTE)(edition, at=timezone.now())
    except Problem as problem:
        if as_json:
            return answer(problem)
        return edition_page(request, edition_of(pk), Tried("reroute", problem))
    if as_json:
        words = {name: getattr(progress, name) for name in ("done", "total", "moved", "finished")}
        return JsonResponse(words)
    said = f"已看过 {progress.done} 件，共 {progress.total} 件；{progress.moved} 件换了网格。"
    messages.success(request, said + ("全部完成。" if progress.finished else "还没有做完，请继续。"))
    return _back(pk, "reroute")
