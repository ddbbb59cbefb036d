"""Who may prepare, approve and publish: every role crossed with every act, and nobody approves their own."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User

from gridmap.duties import NOBODY, Standing, standing_of
from gridmap.editions import drafts, keepers
from gridmap.editions.differences import Ground
from gridmap.editions.keepers import Act
from gridmap.models import DraftStep, Edition
from gridmap.roles import Role
from tests.conftest import Cast
from tests.gridmap import redrawn
from tests.gridmap.editing import AT, TODAY, drafted
from tests.gridmap.editing import keepers as two

pytestmark = pytest.mark.django_db

TOWN, OTHER_TOWN, DISTRICT = "360702003", "360702101", "360702"
NOT_AT_ALL: dict[Act, tuple[str, ...]] = {}
# role → for each act the scopes it is allowed for, the post being held for TOWN (or, for the centre, the district).
ALLOWED: dict[Role, dict[Act, tuple[str, ...]]] = {
    Role.GRID_WORKER: NOT_AT_ALL,
    Role.GRID_CHIEF: NOT_AT_ALL,
    Role.BUILDING_HEAD: NOT_AT_ALL,
    Role.GROUP_LEADER: NOT_AT_ALL,
    Role.PARTY_SECRETARY: NOT_AT_ALL,
    Role.LEADER_IN_CHARGE: NOT_AT_ALL,
    Role.PRINCIPAL_LEADER: NOT_AT_ALL,
    Role.CENTRE_CLERK: {Act.PREPARE: (TOWN, f"{TOWN}005")},
    Role.OFFICE_STAFF: NOT_AT_ALL,
    Role.DEPARTMENT_STAFF: NOT_AT_ALL,
    Role.DISTRICT_CENTRE_STAFF: dict.fromkeys(Act, (TOWN, f"{TOWN}005", OTHER_TOWN, DISTRICT, "")),
}
SCOPES = (TOWN, f"{TOWN}005", OTHER_TOWN, DISTRICT, "")


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("act", list(Act))
def test_each_role_may_do_what_the_table_says(role: Role, act: Act) -> None:
    seat = DISTRICT if role is Role.DISTRICT_CENTRE_STAFF else TOWN
    standing = Standing({role: frozenset({seat})}, {}, role is Role.DISTRICT_CENTRE_STAFF)
    allowed = tuple(scope for scope in SCOPES if keepers.has_role_for(act, standing, User(pk=-1), scope=scope))
    assert allowed == ALLOWED[role].get(act, ())


@pytest.mark.parametrize("act", list(Act))
def test_strangers_may_nothing_and_the_superuser_everything(act: Act) -> None:
    for scope in SCOPES:
        assert not keepers.has_role_for(act, NOBODY, AnonymousUser(), scope=scope)
        assert not keepers.has_role_for(act, NOBODY, User(pk=-1, is_staff=True), scope=scope)
        assert keepers.has_role_for(act, NOBODY, User(pk=-1, is_superuser=True), scope=scope)


@pytest.fixture(scope="module")
def begun(kept_for_module: None) -> tuple[int, Ground]:
    """A draft of the whole district."""
    edition, ground = drafted()
    return edition.pk, ground


@pytest.fixture
def edition(begun: tuple[int, Ground], db: None) -> Edition:
    return Edition.objects.get(pk=begun[0])


def may(user: User, edition: Edition) -> tuple[bool, bool, bool]:
    standing = standing_of(user, on=TODAY)
    return (
        keepers.may_prepare(standing, user, scope=edition.scope),
        keepers.may_approve(standing, user, edition),
        keepers.may_publish(standing, user, edition),
    )


def test_the_cast_and_a_draft_of_the_district(cast: Cast, edition: Edition) -> None:
    assert may(two().preparer, edition) == (True, False, False)
    assert may(two().approver, edition) == (True, True, True)
    assert may(cast.admin, edition) == (True, True, True)
    for user in (cast.worker, cast.chief, cast.clerk, cast.leader, cast.department, cast.stranger):
        assert may(user, edition) == (False, False, False)
        assert keepers.keeps_any(standing_of(user, on=TODAY), user) == (user == cast.clerk)


def test_a_towns_clerk_prepares_the_towns_own_ground_and_approves_nothing(cast: Cast) -> None:
    own = drafts.begin("本镇", None, on=TODAY, by=cast.clerk, at=AT, scope=TOWN)
    other = drafts.begin("他镇", None, on=TODAY, by=cast.admin, at=AT, scope=OTHER_TOWN)
    assert may(cast.clerk, own) == (True, False, False)
    assert may(cast.clerk, other) == (False, False, False)


def test_whoever_took_one_step_cannot_approve_not_even_the_superuser(cast: Cast, edition: Edition) -> None:
    assert may(cast.admin, edition)[1:] == (True, True)
    row = edition.draft_areas.filter(code=redrawn.RENAMED).standing().get()
    drafts.describe(edition, row.pk, {"name": "又一名"}, by=cast.admin, at=AT)
    assert DraftStep.objects.filter(edition=edition, by=cast.admin).exists()
    assert may(cast.admin, edition) == (True, False, False)
    refusal = keepers.refusal(Act.APPROVE, standing_of(cast.admin, on=TODAY), cast.admin, edition)
    assert refusal is not None
    assert "未参与编制" in refusal


def test_a_step_taken_back_is_a_hand_in_it_all_the_same(cast: Cast, edition: Edition) -> None:
    """Also when the step it was noted in is taken back in its turn."""
    third = User.objects.create(username="third", is_superuser=True)
    code = redrawn.RENAMED
    for user, name in ((two().preparer, "一名"), (cast.admin, "二名")):
        row = edition.draft_areas.filter(code=code).standing().get()
        drafts.describe(edition, row.pk, {"name": name}, by=user, at=AT)
    assert may(third, edition) == (True, True, True)
    for user in (third, two().preparer):
        drafts.undo(edition, step_id=edition.steps.latest("pk").pk, by=user, at=AT)
    assert edition.steps.count() == 1
    for user in (cast.admin, third):
        assert may(user, edition) == (True, False, False)
    assert may(two().approver, edition) == (True, True, True)


def test_lineage_and_staffing_set_by_hand_are_preparing_too(
    cast: Cast, edition: Edition, begun: tuple[int, Ground]
) -> None:
    from gridmap.editions import lineage, staffing

    lineage.set_by_hand(
        edition,
        predecessor=redrawn.MERGED_AWAY,
        successor=redrawn.MERGED_INTO,
        kind="merge",
        on=TODAY,
        by=cast.admin,
    )
    assert may(cast.admin, edition) == (True, False, False)
    third = User.objects.create(username="third", is_superuser=True)
    assert may(third, edition) == (True, True, True)
    staffing.set_by_hand(edition, redrawn.SPLIT_NEW, staffing.Staff(exemption="试"), ground=begun[1], by=third)
    assert may(third, edition) == (True, False, False)
