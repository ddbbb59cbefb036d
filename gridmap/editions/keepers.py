"""Who may prepare an edition, approve it and publish it: one table, and two pairs of eyes always."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import TextChoices

from gridmap.duties import Standing
from gridmap.models import DraftLineage, DraftStaffing, DraftStep, Edition
from gridmap.roles import Role


class Act(TextChoices):
    """What is done with an edition."""

    PREPARE = "prepare", "编制"
    APPROVE = "approve", "批准"
    PUBLISH = "publish", "发布"


# The district centre answers for every map; a town's centre draws its own ground and nobody else's.
ANYWHERE: dict[Act, frozenset[Role]] = {
    Act.PREPARE: frozenset({Role.DISTRICT_CENTRE_STAFF}),
    Act.APPROVE: frozenset({Role.DISTRICT_CENTRE_STAFF}),
    Act.PUBLISH: frozenset({Role.DISTRICT_CENTRE_STAFF}),
}
ON_OWN_GROUND: dict[Act, frozenset[Role]] = {
    Act.PREPARE: frozenset({Role.CENTRE_CLERK}),
    Act.APPROVE: frozenset(),
    Act.PUBLISH: frozenset(),
}
SET_BY_HAND = (DraftLineage, DraftStaffing)
User = AbstractBaseUser | AnonymousUser


def has_role_for(act: Act, standing: Standing, user: User, *, scope: str) -> bool:
    """Whether who the user is allows this for an area code; ``scope`` is "" for ground nobody has registered yet."""
    if getattr(user, "is_superuser", False) or standing.roles & ANYWHERE[act]:
        return True
    return scope != "" and any(standing.holds(role, scope) for role in ON_OWN_GROUND[act])


def may_prepare(standing: Standing, user: User, *, scope: str) -> bool:
    """Whether this user may begin or change a draft of what lies below ``scope``."""
    return has_role_for(Act.PREPARE, standing, user, scope=scope)


def may_approve(standing: Standing, user: User, edition: Edition) -> bool:
    """Whether this user may approve this draft: by role, and having had no hand in it."""
    return refusal(Act.APPROVE, standing, user, edition) is None


def may_publish(standing: Standing, user: User, edition: Edition) -> bool:
    """Whether this user may publish this edition: by role, and having had no hand in it."""
    return refusal(Act.PUBLISH, standing, user, edition) is None


def keeps_any(standing: Standing, user: User) -> bool:
    """Whether the user has anything to do with editions: who may look at drafts."""
    own = frozenset().union(*ON_OWN_GROUND.values())
    anywhere = frozenset().union(*ANYWHERE.values())
    return bool(getattr(user, "is_superuser", False) or standing.roles & (own | anywhere))


def refusal(act: Act, standing: Standing, user: User, edition: Edition) -> str | None:
    """Why this user may not do this with this edition, as a sentence; None where nothing stands in the way."""
    if not has_role_for(act, standing, user, scope=edition.scope):
        return f"您的岗位不能{act.label}这个边界版本 (your post does not allow it)"
    if act is not Act.PREPARE and had_a_hand(edition, user):
        return f"{act.label}须由未参与编制的人进行 (whoever prepared it cannot {act.value} it)"
    return None


def had_a_hand(edition: Edition, user: User) -> bool:
    """Whether the user created this edition, took or took back a step of it, or set its lineage or staffing by hand."""
    if user.pk is None:
        return False
    if edition.created_by_id == user.pk or any(user.pk in hands(step) for step in edition.steps.all()):
        return True
    return any(rows.objects.filter(edition=edition, by=user.pk).exists() for rows in SET_BY_HAND)


def hands(step: DraftStep) -> set[int | None]:
    """Who took a step, and those later ones that were taken back to it, and who took them back; accounts by number."""
    undone = [it for it in step.details if isinstance(it, dict) and "undone" in it]
    return {step.by_id, *(it.get(who) for it in undone for who in ("by", "undone_by"))}
