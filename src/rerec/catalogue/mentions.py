"""The titles that a text names, with their places in the text as it was given.

All names are searched at once (Aho and Corasick 1975). Case, accents and the kind of quote or dash
do not matter; each is evened out character by character, so that offsets stay those of the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

_YEAR_BEHIND = re.compile(r"\s*\(\s*((?:18|19|20)\d\d)\s*\)")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text that names an item."""

    row: int
    start: int
    end: int
    """Character offsets in the text as it was given; a year in brackets behind is included."""


class MentionScanner:
    """Finds names in texts; a name shared by several items is a mention of each of them."""

    def __init__(self, names: Iterable[tuple[str, int]], years: Mapping[int, int | None]) -> None:
        """Store the names to look for.

        Args:
            names: each name as people write it, with the row that bears it.
            years: the year of each row; None where it has none.
        """
        rows: dict[str, list[int]] = {}
        for name, row in names:
            for spelling in _spellings(fold(name)):
                if row not in rows.setdefault(spelling, []):
                    rows[spelling].append(row)
        self._rows = list(rows.values())
        self._years = years
        self._automaton = AhoCorasick(list(rows))

    def mentions(self, text: str) -> list[Mention]:
        """The items that a text names, in reading order.

        A name counts between word boundaries only, and not inside a longer name. A year in brackets
        behind a name must be the item's, or one beside it where no bearer of the name has that one.
        """
        found: list[Mention] = []
        for pattern, start, end in self._longest(fold(text)):
            behind = _YEAR_BEHIND.match(text, end)
            rows = self._rows[pattern]
            if behind is not None:
                rows = rows_of_year(rows, int(behind.group(1)), self._years)
                end = behind.end()
            found += [Mention(row, start, end) for row in rows]
        return found

    def _longest(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Matches at word boundaries, the leftmost first and of those the longest; none overlap."""
        # Asked for the longest only, the automaton would give "Heathers" and hide that it is none.
        spans = self._automaton.find_matches_as_indexes(text, overlapping=True)
        reached = 0
        for pattern, start, end in sorted(spans, key=lambda span: (span[1], -span[2])):
            if start >= reached and _stands_alone(text, start, end):
                reached = end
                yield pattern, start, end


def rows_of_year(rows: Iterable[int], year: int, years: Mapping[int, int | None]) -> list[int]:
    """The rows of a year; where there is none, those of a year beside it or of no year.

    >>> rows_of_year([0, 1, 2], 1996, {0: 1995, 1: 1996, 2: None})
    [1]
    >>> rows_of_year([0, 2], 1996, {0: 1995, 2: None}), rows_of_year([0], 1990, {0: 1995})
    ([0, 2], [])
    """
    exact = [row for row in rows if years[row] == year]
    if exact:
        return exact
    return [row for row in rows if abs((years[row] or year) - year) <= 1]


class _Folding(dict[int, int]):
    """Code point to the code point that it is searched as; filled as characters are met."""

    def __missing__(self, point: int) -> int:
        self[point] = folded = ord(_folded(chr(point)))
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """The text with case, accents, quotes, dashes and white space evened out, length unchanged.

    >>> fold("L\u2019\u00c9TOILE\\n1\u20132")
    "l'etoile 1-2"
    """
    return text.translate(_FOLDING)


def _folded(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) == "Cs":  # half a pair: no text that Rust would take
        return "\ufffd"
    if unicodedata.category(character) == "Pd":
        return "-"
    if character in "\u2018\u2019\u02bc\u00b4`":
        return "'"
    base, *marks = unicodedata.normalize("NFKD", character)
    if all(unicodedata.combining(mark) for mark in marks):
        character = base
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _spellings(name: str) -> Iterator[str]:
    name = " ".join(name.split())
    if name:
        yield name
        if " & " in name:
            yield name.replace(" & ", " and ")
        if " and " in name:
            yield name.replace(" and ", " & ")


def _stands_alone(text: str, start: int, end: int) -> bool:
    glued_before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    glued_behind = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    return not (glued_before or glued_behind)
