"""A roster: the columns of one spreadsheet, and what each of its rows means for the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db.models import Model, QuerySet, TextChoices

from gridmap.rosters.columns import Column
from gridmap.rosters.library import Resource
from gridmap.rosters.reading import Fault, Line, Sheet, Unreadable
from gridmap.rosters.register import Terms


class Outcome(TextChoices):
    """What a row of a roster means for the registry."""

    FAULT = "fault", "有误"
    NEW = "new", "新增"
    CHANGED = "changed", "变更"
    ENDED = "ended", "结束"
    UNCHANGED = "unchanged", "不变"


class Verb(TextChoices):
    """How a row is written; in this order, so that what ends makes room for what begins."""

    END = "end", "结束"
    UPDATE = "update", "改写"
    INSERT = "insert", "写入"


@dataclass(frozen=True)
class Change:
    """One field of one row, before and after, as people read it."""

    column: str
    before: str
    after: str


@dataclass
class Write:
    """One row to be written, with the fields that differ."""

    verb: Verb
    row: Model
    fields: tuple[str, ...]
    entry: Entry


@dataclass
class Entry:
    """A line of the file with what has been made of it."""

    line: Line
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    outcome: Outcome = Outcome.UNCHANGED
    changes: list[Change] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    title: str = ""

    def fault(self, sentence: str, column: str = "") -> None:
        """Say what is wrong."""
        self.faults.append(Fault(column, sentence))

    def refuse(self) -> None:
        """Nothing comes of it; nor does it show what is registered, which may be another's ground."""
        self.outcome, self.changes, self.writes = Outcome.FAULT, [], []

    def write(self, verb: Verb, row: Model, *fields: str) -> None:
        """Have a row written, unless something is wrong with the file."""
        self.writes.append(Write(verb, row, fields, self))


class Roster(Resource):
    """A kind of roster; a subclass says its columns, and how rows are matched and written."""

    kind: ClassVar[str]
    title: ClassVar[str]
    # For the page: what it holds, who keeps it.
    summary: ClassVar[str]
    # Templates show kinds; they do not make rosters.
    do_not_call_in_templates: ClassVar[bool] = True
    # Kept by the district's centre alone, whatever the ground.
    district_only: ClassVar[bool] = False
    # Whether rows hold from a day on, so that the form asks for it.
    dated: ClassVar[bool] = False

    def __init__(self, terms: Terms) -> None:
        super().__init__()
        self.terms = terms
        self.columns: list[Column] = list(self.fields.values())
        self.by_attr = {column.attr: column for column in self.columns if not column.readonly}

    # ---- what a subclass says ----------------------------------------------------------------------------------

    def registered(self) -> QuerySet[Any]:
        """The rows as they are now: what a filled roster holds."""
        raise NotImplementedError

    def plan(self, entries: list[Entry]) -> None:
        """Decide what each sound entry means; faults and writes are put into the entries."""
        raise NotImplementedError

    def settle(self, entry: Entry) -> None:
        """Rules between the columns of one row."""

    def grounds(self, row: Any) -> Iterable[str]:
        """The area codes a row belongs to: whoever keeps them all may write it."""
        raise NotImplementedError

    def name(self, row: Any) -> str:
        """The row in few words, for people."""
        raise NotImplementedError

    # ---- what every roster does --------------------------------------------------------------------------------

    def entries(self, sheet: Sheet) -> list[Entry]:
        """What every line of the sheet means; raises :class:`Unreadable` if its columns are not this roster's."""
        self.check_headings(sheet.headings)
        entries = [self._entry(line, sheet.headings) for line in sheet.lines]
        self.plan(entries)
        for entry in entries:
            if entry.faults:
                entry.refuse()
        return entries

    def check_headings(self, headings: list[str]) -> None:
        """Name the columns that are missing or unknown."""
        known = {column.column_name for column in self.columns}
        if unknown := [heading for heading in headings if heading not in known]:
            raise Unreadable(f"不认识的列：{'、'.join(unknown[:8])}；请用本页的模板 (unknown columns)")
        if missing := [heading for heading in self.needed() if heading not in headings]:
            raise Unreadable(f"缺少列：{'、'.join(missing)}；请用本页的模板 (missing columns)")

    def needed(self) -> list[str]:
        """The headings no file can do without."""
        return [column.column_name for column in self.columns if column.required]

    def _entry(self, line: Line, headings: list[str]) -> Entry:
        entry = Entry(line, faults=list(line.faults), title=" ".join(_first_words(line)))
        unread = {fault.column for fault in line.faults}
        for column in self.by_attr.values():
            if not self._spoken_of(column, headings) or column.column_name in unread:
                continue
            cells = {column.column_name: "", **line.cells}
            try:
                entry.values[column.attr] = column.read(cells, self.terms.register)
            except ValueError as error:
                entry.fault(str(error), column.column_name)
        if not entry.faults:
            self.settle(entry)
        return entry

    def _spoken_of(self, column: Column, headings: list[str]) -> bool:
        """A column that is not in the file leaves the registry as it is; a reference may stand by its name alone."""
        return column.column_name in headings or getattr(column.widget, "name_heading", "") in headings

    def check_ground(self, entry: Entry, *rows: Any) -> None:
        """Whether the sender keeps the ground of these rows, before and after."""
        for code in dict.fromkeys(code for row in rows if row is not None for code in self.grounds(row)):
            if not self.terms.keeps(code):
                entry.fault(f"{self.terms.register.areas.said(code)} 不归您登记 (not your ground)")
                return

    def check_standing(self, entry: Entry, row: Any) -> None:
        """Nothing is put on ground that a later edition has taken apart."""
        for code in self.grounds(row):
            if code not in self.terms.standing:
                said = self.terms.register.areas.said(code)
                entry.fault(f"{said} 已没有生效的边界，请改用现在的区域 (no boundary in force)")

    def change(self, attr: str, before: Any, after: Any) -> Change:
        """A field's change for people, codes with their names."""
        column = self.by_attr[attr]
        book = getattr(column.widget, "book", None)
        if book is not None:
            said = self.terms.register.book(book).said
            return Change(column.column_name, said(before), said(after))
        return Change(column.column_name, column.say(before), column.say(after))

    def held_by_sender(self) -> list[Any]:
        """The registered rows whose ground the sender keeps."""
        return [row for row in self.registered() if self.sees(row)]

    def sees(self, row: Any) -> bool:
        """Whether a registered row goes into the sender's filled roster."""
        return all(self.terms.keeps(code) for code in self.grounds(row))


def still(day: dt.date | None, today: dt.date) -> bool:
    """Whether what ends that day has not ended yet."""
    return day is None or day > today


def _first_words(line: Line) -> list[str]:
    return [str(cell) for cell in line.cells.values() if cell != ""][:2]
