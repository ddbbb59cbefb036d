"""The list of editions, and the two ways to begin one: from a file, or from the boundaries in force."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from geodata.areas import Areas
from gridmap.editions import differences, drafts, keepers, lineage, staffing
from gridmap.editions.keepers import Act
from gridmap.models import Area, Edition
from gridmap.models.ground import Level
from gridmap.problems import Forbidden, Problem
from gridmap.registry.access import KeeperRequest, keepers_only
from gridmap.registry.forms import CopyForm, ImportForm
from gridmap.registry.shown import difference_rows, findings_of, scope_names
from gridmap.registry.uploads import areas_in

AT_ONCE = 200
HOW_TO_READ = ("coord", "code_field", "name_field", "layer")


@keepers_only
@require_safe
def editions(request: KeeperRequest) -> HttpResponse:
    """Every edition, the last begun first, and the forms to begin another."""
    return _page(request)


@keepers_only
@require_POST
def import_file(request: KeeperRequest) -> HttpResponse:
    """Begin a draft from a file; for ``check`` only show what it would be, and keep nothing."""
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, import_form=form, status=422)
    keep, given = request.POST.get("do") == "keep", form.cleaned_data
    try:
        areas = areas_in(given["file"], **{name: given[name] for name in HOW_TO_READ})
        with transaction.atomic():
            edition = _begun_from_file(request, areas, name=given["name"], scope=given["scope"])
            tried = None if keep else _tried(edition)
            transaction.set_rollback(not keep)
    except Problem as problem:
        form.refuse(problem)
        return _page(request, import_form=form, status=problem.status)
    if keep:
        messages.success(request, "已存为草稿；现行边界没有变。")
        return redirect("registry-edition", edition.pk)
    return _page(request, import_form=form, tried=tried)


@keepers_only
@require_POST
def copy(request: KeeperRequest) -> HttpResponse:
    """Begin a draft as the boundaries in force below an area."""
    form = CopyForm(request.POST, scopes=_scopes(request))
    if not form.is_valid():
        return _page(request, copy_form=form, status=422)
    try:
        with transaction.atomic():
            edition = drafts.begin(
                form.cleaned_data["name"],
                None,
                on=timezone.localdate(),
                by=request.user,
                at=timezone.now(),
                scope=form.cleaned_data["scope"],
            )
            _must_prepare(request, edition)
    except Problem as problem:
        form.refuse(problem)
        return _page(request, copy_form=form, status=problem.status)
    messages.success(request, "已建立草稿；现行边界没有变。")
    return redirect("registry-edition", edition.pk)


def _begun_from_file(request: KeeperRequest, areas: Areas, *, name: str, scope: str) -> Edition:
    edition = drafts.begin(name, areas, on=timezone.localdate(), by=request.user, at=timezone.now(), scope=scope)
    _must_prepare(request, edition)
    propose(edition)
    return edition


def propose(edition: Edition) -> None:
    """Propose lineage and staffing for a draft as it stands now; what was set by hand stays."""
    today = timezone.localdate()
    with transaction.atomic():
        ground = lineage.propose(edition, on=today)
        staffing.propose(edition, ground, on=today)


def _must_prepare(request: KeeperRequest, edition: Edition) -> None:
    """The scope is known only once the file was read."""
    reason = keepers.refusal(Act.PREPARE, request.standing, request.user, edition)
    if reason is not None:
        raise Forbidden(reason, parameter="scope")


def _tried(edition: Edition) -> dict[str, Any]:
    """What the draft would be, in words, before it is taken back."""
    found = findings_of(edition)
    changed = differences.differences(edition, on=timezone.localdate())
    return {
        "source": edition.source,
        "scope_name": scope_names([edition.scope])[edition.scope],
        "begun": edition.steps.all()[0].sentence,
        "found": found,
        "differences": difference_rows(edition, changed),
        "changed": len(changed),
    }


def _page(
    request: KeeperRequest,
    *,
    import_form: ImportForm | None = None,
    copy_form: CopyForm | None = None,
    tried: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    listed = list(
        Edition.objects.select_related("created_by__person")
        .annotate(
            errors=Count("findings", filter=Q(findings__severity="error")),
            others=Count("findings", filter=~Q(findings__severity="error")),
        )
        .order_by("-created_at")[:AT_ONCE]
    )
    names = scope_names(edition.scope for edition in listed)
    context = {
        "editions": [
            {
                "edition": edition,
                "scope_name": names[edition.scope],
                "errors": edition.errors,
                "others": edition.others,
            }
            for edition in listed
        ],
        "import_form": import_form or ImportForm(prefix=None),
        "copy_form": copy_form or CopyForm(scopes=_scopes(request), auto_id="copy_%s"),
        "tried": tried,
        "limit": settings.MAX_AREA_FILE,
    }
    return render(request, "gridmap/registry/editions.html", context, status=status)


def _scopes(request: KeeperRequest) -> QuerySet[Area]:
    """The district and the towns this user may redraw."""
    areas = Area.objects.filter(level__in=[Level.DISTRICT, Level.TOWN], boundaries__valid_until=None)
    areas = areas.filter(boundaries__valid_from__lte=timezone.localdate()).distinct().order_by("code")
    mine = [
        code
        for code in areas.values_list("code", flat=True)
        if keepers.may_prepare(request.standing, request.user, scope=code)
    ]
    return areas.filter(code__in=mine)
