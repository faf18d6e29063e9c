"""A request cut into words and marks, with what was recognised in it standing for its words.

Everything is searched in words, evened out as names are (`rerec.catalogue.mentions.fold`), and
every word keeps its place in the request. What was recognised becomes one part: `T` stands for an
item, `V` for values, so that patterns can speak of them ("like T", "directed by V").
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from rerec.catalogue.mentions import fold

ITEM, VALUE = "T", "V"
"""What stands for an item and for values; no folded word has a Latin capital."""
STOP = "."
MARKS = frozenset({",", STOP, "(", ")"})
QUOTES = frozenset("\"'\u201c\u201d\u201e\u00ab\u00bb\u300c\u300d\u300e\u300f")
# Scripts that put no spaces between words: each character is a word.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_LETTER = rf"[^\W_{UNSPACED}]"
_PIECE = re.compile(
    rf"'s(?!\w)|[{UNSPACED}]|{_LETTER}+(?:'(?!s(?!\w)){_LETTER}+)*|[,.!?;()]|(?<=\s)-(?=\s)"
)
_NO_WORDS = frozenset(",.!?;()-")
_MARK = {"!": STOP, "?": STOP, ";": STOP, "-": ","}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a part stands for."""

    rows: tuple[int, ...] = ()
    """Items that may be meant, the likeliest first."""
    columns: tuple[int, ...] = ()
    """Pairs of the attribute graph that may be meant: one value, in each of its relations."""
    is_surname: bool = False
    """Whether the columns are those of several people, told by a surname only."""
    through: int | None = None
    """The row of the item through which the values were told."""
    relation: str = ""
    """The relation that the words leave no choice about; empty where they do."""
    is_reference: bool = False
    """Whether a word stands there that points at an item or a person ("that", "him")."""


@dataclass(frozen=True, slots=True)
class Part:
    """A word, a mark, or what was recognised."""

    text: str
    """The word, evened out; or one of `MARKS`, `ITEM` and `VALUE`."""
    start: int
    end: int
    """Character offsets in the request."""
    is_capital: bool = False
    meaning: Meaning | None = None

    @property
    def is_word(self) -> bool:
        """Whether it is a plain word."""
        return self.meaning is None and self.text not in MARKS


def cut(text: str) -> list[Part]:
    """The words and marks of a text.

    >>> [part.text for part in cut("Isn't Heat, Mann's best, sci-fi? No.")]
    ['isnt', 'heat', ',', 'mann', "'s", 'best', ',', 'sci', 'fi', '.', 'no', '.']
    """
    parts = []
    for found in _PIECE.finditer(fold(text)):
        piece, start = found.group(), found.start()
        piece = _MARK.get(piece) or (piece if piece == "'s" else piece.replace("'", ""))
        parts.append(Part(piece, start, found.end(), text[start].isupper()))
    return parts


def pattern(*pieces: str) -> re.Pattern[str]:
    """A pattern for whole words in the text of a `Line`; it takes no space around them.

    Args:
        pieces: of one regular expression, joined; words in it have single spaces between them.

    >>> pattern("older|", "newer").findall(" older and newest ")
    ['older']
    """
    return re.compile(rf"(?<= )(?:{''.join(pieces)})(?= )")


def words_of_name(name: str) -> tuple[str, ...]:
    """The words of a name, without its marks.

    >>> words_of_name("Tie Me Up! Tie Me Down!")
    ('tie', 'me', 'up', 'tie', 'me', 'down')
    """
    pieces = _PIECE.findall(fold(name))
    return tuple(p if p == "'s" else p.replace("'", "") for p in pieces if p not in _NO_WORDS)


@dataclass(frozen=True)
class Line:
    """The parts of a request as one text with single spaces, for patterns to search."""

    parts: tuple[Part, ...]

    @cached_property
    def text(self) -> str:
        """The parts with a space around each.

        >>> Line(tuple(cut("No. Heat"))).text
        ' no . heat '
        """
        return "".join([" ", *(f"{part.text} " for part in self.parts)])

    @cached_property
    def is_shouted(self) -> bool:
        """Whether every word has a capital, so that capitals say nothing."""
        words = [part for part in self.parts if part.is_word and part.text[0].isalpha()]
        return len(words) > 1 and all(part.is_capital for part in words)

    def span(self, found: re.Match[str], group: int | str = 0) -> range:
        """The places of the parts that a match of a pattern in `text` covers."""
        start, end = found.span(group)
        return range(bisect_right(self._ends, start), bisect_right(self._ends, end - 1) + 1)

    def replaced(self, spans: Iterable[tuple[range, Part]]) -> "Line":
        """The line with one part in the place of each of some spans, which do not overlap."""
        parts: list[Part] = []
        reached = 0
        for places, part in sorted(spans, key=lambda span: span[0].start):
            parts += [*self.parts[reached : places.start], part]
            reached = places.stop
        return Line((*parts, *self.parts[reached:]))

    def words_before(self, place: int, most: int) -> tuple[str, ...]:
        """Up to so many plain words right before a place, in reading order."""
        first = place
        while first > 0 and place - first < most and self.parts[first - 1].is_word:
            first -= 1
        return tuple(part.text for part in self.parts[first:place])

    def words_behind(self, place: int, most: int) -> tuple[str, ...]:
        """Up to so many plain words from a place on."""
        last = place
        while last < len(self.parts) and last - place < most and self.parts[last].is_word:
            last += 1
        return tuple(part.text for part in self.parts[place:last])

    def one(self, places: range, text: str, meaning: Meaning) -> Part:
        """One part that stands for those at some places."""
        first, last = self.parts[places.start], self.parts[places.stop - 1]
        return Part(text, first.start, last.end, first.is_capital, meaning)

    @cached_property
    def _ends(self) -> Sequence[int]:
        """Offset behind the space that follows each part."""
        return list(accumulate((len(part.text) + 1 for part in self.parts), initial=1))[1:]
