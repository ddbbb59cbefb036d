"""Rows that hold during some days: a change closes one and opens the next, an end date ends one, nothing goes.

Three rounds over the file, so that the order of its rows does not matter: first what is registered just as the row
says (kept, or ended), then what is registered otherwise (closed on the day), last whatever begins.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from gridmap.models.dated import ENDS_TOO_EARLY
from gridmap.rosters.roster import Change, Entry, Outcome, Roster, Verb

Facts = tuple[Any, ...]


@dataclass
class Held:
    """A row of the registry, or of this file, with the days it holds as this file would have them."""

    row: Any
    identity: Facts
    facts: Facts
    begins: dt.date
    ends: dt.date | None
    line: int = 0  # of the file, if one speaks of it

    def on(self, day: dt.date) -> bool:
        """Whether it holds that day."""
        return self.begins <= day and (self.ends is None or self.ends > day)

    def overlaps(self, begins: dt.date, ends: dt.date | None) -> bool:
        """Whether it shares a day with that range."""
        return (self.ends is None or begins < self.ends) and (ends is None or self.begins < ends)


@dataclass
class _Opening:
    """A row still to be opened, in the last round."""

    entry: Entry
    begins: dt.date
    ends: dt.date | None
    after: Held | None = None  # what it takes the place of


class SpansRoster(Roster):
    """A roster of dated rows."""

    model: ClassVar[Any]
    dated = True
    # What makes it the same post or grant through the years, and what may be said of it otherwise.
    identity: ClassVar[tuple[str, ...]]
    facts: ClassVar[tuple[str, ...]]

    def plan(self, entries: list[Entry]) -> None:
        """Match the entries with the rows held, round by round."""
        self.by_number: dict[Any, Held] = {}
        self.by_identity: defaultdict[Facts, list[Held]] = defaultdict(list)
        for row in self.model.objects.all():
            held = Held(row, self._of(row, self.identity), self._of(row, self.facts), row.valid_from, row.valid_until)
            self.by_number[row.pk] = held
            self.by_identity[held.identity].append(held)
        waiting = [entry for entry in entries if not entry.faults and not self._kept(entry)]
        openings = [opening for entry in waiting if (opening := self._closed(entry)) is not None]
        for opening in openings:
            self._open(opening)

    def number_of(self, entry: Entry) -> Any:
        """The key of the very row the entry speaks of, if its file has one."""
        return None

    def _of(self, row: Any, attrs: tuple[str, ...]) -> Facts:
        return tuple(getattr(row, attr) for attr in attrs)

    def _identity(self, entry: Entry) -> Facts:
        return tuple(entry.values.get(attr) for attr in self.identity)

    def _facts(self, entry: Entry, held: Held) -> Facts:
        """What the entry says; a column its file does not have says what is registered."""
        return tuple(entry.values.get(attr, held.facts[at]) for at, attr in enumerate(self.facts))

    # ---- first round: registered as the row says -----------------------------------------------------------------

    def _kept(self, entry: Entry) -> bool:
        held = self._same(entry)
        if held is not None:
            self._keep_or_end(entry, held)
        return held is not None

    def _same(self, entry: Entry) -> Held | None:
        identity = self._identity(entry)
        alike = [held for held in self.by_identity[identity] if held.facts == self._facts(entry, held)]
        numbered = self.by_number.get(self.number_of(entry))
        if numbered is not None:
            # The file may have been taken in already: then what it asked for stands where the old row ended.
            return next((held for held in alike if held is numbered), None) or next(
                (held for held in alike if numbered.ends is not None and held.begins == numbered.ends), None
            )
        begins, ends, day = entry.values.get("valid_from"), entry.values.get("valid_until"), self.terms.day
        ways: list[Callable[[Held], bool]] = [
            lambda held: held.begins == begins,
            lambda held: ends is not None and held.ends == ends and begins is None,
            lambda held: held.on(day) and not (begins is not None and self._after(held, begins)),
            lambda held: begins is None and held.begins > day,
        ]
        return next((held for way in ways for held in alike if way(held)), None)

    def _after(self, held: Held, begins: dt.date) -> bool:
        return held.ends is not None and held.ends <= begins

    def _keep_or_end(self, entry: Entry, held: Held) -> None:
        entry.title = self.name(held.row)
        self.check_ground(entry, held.row)
        if not self._claim(entry, held) or not self._begins_alike(entry, held):
            return
        ends = entry.values.get("valid_until", held.ends)
        if ends == held.ends:
            return
        if held.ends is not None and held.ends <= self.terms.today:
            entry.fault(f"已于 {held.ends} 结束，不能再改；名册可能是旧的，请重新下载 (ended already)")
        elif ends is not None and ends <= held.begins:
            entry.fault(f"自 {held.begins} 起，{ENDS_TOO_EARLY}", self._heading("valid_until"))
        else:
            self._end(entry, held, ends)

    def _end(self, entry: Entry, held: Held, ends: dt.date | None) -> None:
        sooner = ends is not None and (held.ends is None or ends < held.ends)
        entry.outcome = Outcome.ENDED if sooner else Outcome.CHANGED
        entry.changes.append(self.change("valid_until", held.ends, ends))
        held.ends = held.row.valid_until = ends
        entry.write(Verb.END if sooner else Verb.UPDATE, held.row, "valid_until")

    def _claim(self, entry: Entry, held: Held) -> bool:
        if held.line:
            entry.fault(f"与第 {held.line} 行说的是同一行登记，请只留一行 (the same row twice)")
            return False
        held.line = entry.line.number
        return True

    def _begins_alike(self, entry: Entry, held: Held) -> bool:
        """The first day is history: an entry may leave it out, or say it as it is, or as it was before a change."""
        begins = entry.values.get("valid_from")
        if begins is None or begins == held.begins:
            return True
        number = self.by_number.get(self.number_of(entry))
        earlier = [number] if number is not None else self.by_identity[held.identity]
        if any(it.begins == begins < held.begins for it in earlier):
            return True
        entry.fault(
            f"登记的是 {held.begins} 起，这里写的是 {begins}；名册不改写已往的日期，请照登记填写或留空 (another first day)",
            self._heading("valid_from"),
        )
        return False

    def _heading(self, attr: str) -> str:
        return self.by_attr[attr].column_name

    # ---- second round: registered otherwise ----------------------------------------------------------------------

    def _closed(self, entry: Entry) -> _Opening | None:
        held = self._other(entry)
        begins, ends = entry.values.get("valid_from"), entry.values.get("valid_until")
        if held is None:
            return _Opening(entry, begins or self.terms.day, ends)
        entry.title = self.name(held.row)
        if not self._claim(entry, held):
            return None
        on = begins if begins is not None and begins > held.begins else self.terms.day
        if begins is not None and begins < held.begins:
            self._begins_alike(entry, held)
            return None
        if held.ends is not None and held.ends <= on:
            entry.fault(f"已于 {held.ends} 结束，不能再改；名册可能是旧的，请重新下载 (ended already)")
            return None
        if "valid_until" not in entry.values:
            ends = held.ends
        if held.begins >= on:
            self._correct(entry, held, ends)
            return None
        self.check_ground(entry, held.row)
        if not entry.faults:
            held.ends = held.row.valid_until = on
            entry.write(Verb.END, held.row, "valid_until")
        return _Opening(entry, on, ends, held)

    def _other(self, entry: Entry) -> Held | None:
        numbered = self.by_number.get(self.number_of(entry))
        if numbered is not None:
            return numbered
        begins, day = entry.values.get("valid_from"), self.terms.day
        present = [
            held for held in self.by_identity[self._identity(entry)] if not (begins and self._after(held, begins))
        ]
        ways: list[Callable[[Held], bool]] = [
            lambda held: held.begins == begins,
            lambda held: held.on(day),
            lambda held: begins is not None and held.on(begins),
        ]
        return next((held for way in ways for held in present if way(held)), None)

    def _correct(self, entry: Entry, held: Held, ends: dt.date | None) -> None:
        """What has not held for a whole day yet can be put right where it stands."""
        if held.begins < self.terms.today:
            entry.fault(f"自 {held.begins} 起已如此登记，变更须从更晚的一天起 (a change must be later)")
            return
        before = self._identity_and_facts(held)
        for attr, value in self._said(entry, held).items():
            setattr(held.row, attr, value)
        held.row.valid_until = held.ends = ends
        entry.outcome = Outcome.CHANGED
        entry.changes += self._differences(before, held.row)
        self.check_ground(entry, held.row)
        entry.write(Verb.UPDATE, held.row, *self.identity, *self.facts, "valid_until")

    # ---- third round: whatever begins ----------------------------------------------------------------------------

    def _open(self, opening: _Opening) -> None:
        entry, begins, ends, after = opening.entry, opening.begins, opening.ends, opening.after
        said = self._said(entry, after)
        # What nobody says has the model's own default.
        stated = {attr: value for attr, value in said.items() if value is not None}
        row = self.model(**stated, valid_from=begins, valid_until=ends)
        entry.title = self.name(row)
        self.check_ground(entry, row)
        self.check_standing(entry, row)
        self._check_range(entry, begins, ends, self._of(row, self.identity))
        if entry.faults:
            return
        if after is None:
            entry.outcome = Outcome.NEW
            told = said | {"valid_from": begins, "valid_until": ends}
            shown = {attr: value for attr, value in told.items() if value not in (None, "", False)}
            entry.changes = [Change(self._heading(a), "", self.change(a, None, v).after) for a, v in shown.items()]
        else:
            entry.outcome = Outcome.CHANGED
            entry.changes = self._differences(self._identity_and_facts(after), row)
            since = f"{begins}（原登记到此日为止）"
            entry.changes.append(Change(self._heading("valid_from"), str(after.begins), since))
        entry.write(Verb.INSERT, row)
        held = Held(row, self._of(row, self.identity), self._of(row, self.facts), begins, ends, entry.line.number)
        self.by_identity[held.identity].append(held)

    def _check_range(self, entry: Entry, begins: dt.date, ends: dt.date | None, identity: Facts) -> None:
        if ends is not None and ends <= begins:
            entry.fault(f"自 {begins} 起，{ENDS_TOO_EARLY}", self._heading("valid_until"))
            return
        for held in self.by_identity[identity]:
            if held.overlaps(begins, ends):
                where = f"第 {held.line} 行" if held.line else "登记"
                until = f"至 {held.ends}" if held.ends else "至今"
                entry.fault(f"与{where}重叠：自 {held.begins} {until}已有 (held already)", self._heading("valid_from"))
                return

    def _said(self, entry: Entry, held: Held | None) -> dict[str, Any]:
        """Identity and facts of the row the entry asks for."""
        before = self._identity_and_facts(held) if held is not None else {}
        return {attr: entry.values.get(attr, before.get(attr)) for attr in (*self.identity, *self.facts)}

    def _identity_and_facts(self, held: Held) -> dict[str, Any]:
        return dict(zip((*self.identity, *self.facts), (*held.identity, *held.facts), strict=True))

    def _differences(self, before: dict[str, Any], row: Any) -> list[Change]:
        return [
            self.change(attr, value, getattr(row, attr))
            for attr, value in before.items()
            if value != getattr(row, attr)
        ]
