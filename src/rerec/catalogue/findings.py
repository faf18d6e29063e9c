"""What is wrong with a file of a domain, collected: a few faults of each kind, the others counted.

A file with a million bad rows has one mistake in it, not a million: some rows are shown, with what
stands there, and the rest is a number.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rerec.errors import DataError

LIMIT = 20
"""Faults of one kind that are listed for one file."""
SHOWN_CHARACTERS = 60
"""What is longer is cut: a broken value can be a megabyte."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One promise of a domain that a file does not keep."""

    file: str
    """Relative to the domain folder, as the manifest names it."""
    row: int | None
    """Of the table, counted from 0; None where it is not one row's fault."""
    what: str
    remedy: str
    is_note: bool = False
    """Worth knowing, but nothing is broken."""

    def line(self, folder: Path) -> str:
        """The fault in one line, as a fault of that domain.

        >>> Fault("items.parquet", 3, "the title is empty", "fill it").line(Path("shop"))
        'shop/items.parquet, row 3: the title is empty; fill it'
        """
        place = "" if self.row is None else f", row {self.row}"
        return f"{folder / self.file}{place}: {self.what}; {self.remedy}"


@dataclass
class Findings:
    """The faults of one file, in the order in which their kinds were met first."""

    file: str
    _faults: dict[str, list[Fault]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, what: str, remedy: str, *, row: int | None = None) -> None:
        """Count a fault, and keep it if it is one of the first of its kind.

        Args:
            kind: what such faults have in common, as it is said of those that are only counted.
            what: is wrong.
            remedy: what to do about it.
            row: where.
        """
        self._counts[kind] = self._counts.get(kind, 0) + 1
        kept = self._faults.setdefault(kind, [])
        if len(kept) < LIMIT:
            kept.append(Fault(self.file, row, what, remedy))

    def add_rows(
        self, kind: str, rows: NDArray[np.intp], what: Callable[[int], str], remedy: str
    ) -> None:
        """Count the faults of many rows; `what` is told the place of a row among them."""
        room = max(0, LIMIT - self._counts.get(kind, 0))
        for place, row in enumerate(rows[:room].tolist()):
            self.add(kind, what(place), remedy, row=row)
        if len(rows) > room:
            self._counts[kind] = self._counts.get(kind, 0) + len(rows) - room

    def add_error(self, error: DataError) -> None:
        """Take over a refusal of a reader, which says "path: what; remedy"."""
        _, _, sentence = str(error).partition(": ")
        what, _, remedy = sentence.rpartition("; ")
        self.add(what, what, remedy)

    def note(self, what: str, remedy: str) -> None:
        """Keep something that is worth knowing."""
        self._counts[what] = 1
        self._faults[what] = [Fault(self.file, None, what, remedy, is_note=True)]

    def faults(self) -> list[Fault]:
        """The faults, and for each kind that has more a line with how many."""
        found: list[Fault] = []
        for kind, kept in self._faults.items():
            found += kept
            more = self._counts[kind] - len(kept)
            if more:
                found.append(Fault(self.file, None, f"and {more} more: {kind}", kept[0].remedy))
        return found


def shown(value: object) -> str:
    r"""A value as it stands in a sentence: quoted, without line ends, and not too long.

    >>> shown("a\n"), shown("x" * 100)[-6:]
    ("'a\\n'", 'xxx...')
    """
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
