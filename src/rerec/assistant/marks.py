"""Which of the names found in a request are meant: marked by quotes, capitals, a year or a cue.

"It" is a title in `"It"` and in "the director of It", and a pronoun in "I like it". Names of kinds
("horror") and of several words need no mark; the longest name counts, so that "Western Union" is a
title and no western.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rerec.assistant.cues import Cues
from rerec.assistant.everyday import ASKING, COMMON, OWNERS, SMALL, word_set
from rerec.assistant.hints import Hints
from rerec.assistant.names import DECADE, PROPER, Kind, Lexicon, Name
from rerec.assistant.opinions import VERDICTS
from rerec.assistant.parts import ITEM, MARKS, QUOTES, STOP, VALUE, Line, Meaning, Part
from rerec.catalogue.items import Catalogue
from rerec.catalogue.mentions import rows_of_year
from rerec.graph.attributes import AttributeGraph

REFUSERS = frozenset({"no", "not", "without", "except", "nor", "like", "forget", "drop"})
ITEM_CUES = word_set(
    """
    like than loved liked enjoyed enjoy adored hated disliked seen watched saw read love
    hate after resembles recommend
    """
)
ASKING_ABOUT = frozenset({"what", "how", "care", "forget", "mind"})
WAS = frozenset({"was", "were", "is", "are"})
ITEM_CUE_PAIRS = frozenset({("similar", "to"), ("close", "to"), ("such", "as"), ("akin", "to")})
_END_MARKS = re.compile(r"[.!?]+$")
_YEAR = re.compile(r"(?:18|19|20)\d\d")
LEAST_BARE = 2
"""Words with a meaning of their own that a title in small letters has at least."""


@dataclass(frozen=True)
class Marks:
    """Decides which names count."""

    catalogue: Catalogue
    graph: AttributeGraph
    lexicon: Lexicon
    cues: Cues
    hints: Hints
    n_holders: NDArray[np.intp]
    """(n_pairs,) how many items have each value."""
    nouns: frozenset[str]
    """What items are called."""

    def recognised(self, text: str, line: Line) -> Line:
        """The line with one part for each name that counts.

        Args:
            text: the request.
            line: its words and marks.
        """
        places = [place for place, part in enumerate(line.parts) if part.is_word]
        names = self.lexicon.find([line.parts[place].text for place in places])
        shouted = _is_shouted(text, line)
        found = []
        for name in names:
            seen = _Seen(text, line, range(places[name.first], places[name.last] + 1), shouted)
            found += self._meant(name, seen)
        chosen = line.replaced(_leftmost_longest(found))
        return Line(tuple(_beside_items(chosen)))

    def _meant(self, name: Name, seen: "_Seen") -> Iterable[tuple[range, Part]]:
        """What a name means where it stands; nothing where it is not marked enough."""
        titles = [at for kind, at in name.meanings if kind <= Kind.ALIAS]
        own = {at for kind, at in name.meanings if kind == Kind.TITLE}
        is_title = bool(titles) and self._is_title(seen)
        values = self._values(name, seen)
        if is_title and not (values and not self._leads_to_item(seen)):
            return [self._item(tuple(self._ranked(titles, own)), seen)]
        if values:
            values = replace(values, rows=tuple(self._ranked(titles, own)) if is_title else ())
            return [(seen.places, seen.line.one(seen.places, VALUE, values))]
        return []

    def _ranked(self, rows: Iterable[int], own: set[int]) -> list[int]:
        """Bearers of a name: those whose title it is first, and the more popular ones."""
        key = {row: (row not in own, -self.catalogue.items[row].popularity) for row in rows}
        return sorted(key, key=key.__getitem__)

    def _item(self, rows: tuple[int, ...], seen: "_Seen") -> tuple[range, Part]:
        year = seen.year_behind
        places = seen.places
        if year is not None:
            years = {row: self.catalogue.items[row].year for row in rows}
            rows = tuple(rows_of_year(rows, year, years)) or rows
            places = range(places.start, seen.stop_of_marks + 3)
        else:
            places = seen.with_marks_of(self.catalogue.items[rows[0]].title)
        return places, seen.line.one(places, ITEM, Meaning(rows=rows))

    def _is_title(self, seen: "_Seen") -> bool:
        """Whether a name is marked as a title, or cannot well be anything else."""
        if seen.is_quoted or seen.year_behind is not None:
            return True
        if self.hints.leads_to(seen.line, seen.places.start):
            return seen.is_capital or not seen.is_common
        if seen.is_capital:
            return not seen.is_in_a_longer_name and not seen.is_calendar
        if seen.is_common:
            return False
        bare = [word for word in seen.words if word not in COMMON | ASKING | SMALL]
        if seen.is_item_cued or seen.is_capital_at_the_beginning:
            return bool(bare) and not seen.is_in_a_longer_name
        return len(bare) >= LEAST_BARE and not self._holds_kind(bare)

    def _holds_kind(self, words: Sequence[str]) -> bool:
        """Whether a name in small letters holds a kind: "love story" is first of all a romance."""
        names = self.lexicon.find(words)
        return any(
            kind == Kind.VALUE and self.graph.pairs[at].relation in self.lexicon.kinds
            for name in names
            for kind, at in name.meanings
        )

    def _leads_to_item(self, seen: "_Seen") -> bool:
        """Whether a name that is both is the title: by the words before it."""
        if self.hints.leads_to(seen.line, seen.places.start) or seen.year_behind is not None:
            return True
        return seen.is_capital and seen.is_item_cued

    def _values(self, name: Name, seen: "_Seen") -> Meaning | None:
        values = [at for kind, at in name.meanings if kind == Kind.VALUE]
        counted = [at for at in values if self._counts(at, seen)]
        if counted:
            return Meaning(columns=tuple(sorted(counted, key=self._rank)))
        surnames = [at for kind, at in name.meanings if kind == Kind.SURNAME]
        if surnames and self._is_surname(surnames, seen):
            return Meaning(columns=tuple(sorted(surnames, key=self._rank)), is_surname=True)
        return None

    def _counts(self, column: int, seen: "_Seen") -> bool:
        relation = self.graph.pairs[column].relation
        if relation in self.lexicon.kinds:
            if relation in PROPER and relation != DECADE and seen.is_a_topic:
                return False
            if seen.is_common:
                return seen.is_spelled_in_capitals if len(seen.words[0]) < 4 else seen.is_capital
            return seen.word_before not in OWNERS
        bare = [word for word in seen.words if word not in COMMON | ASKING | SMALL]
        if len(seen.words) > 1 and bare:
            return True
        if seen.is_quoted or (seen.is_capital and not seen.is_common):
            return not seen.is_in_a_longer_name
        return bool(bare) and self._is_cued(seen, {relation})

    def _is_surname(self, columns: Sequence[int], seen: "_Seen") -> bool:
        is_capital = seen.is_capital or seen.is_capital_at_the_beginning
        if seen.has_capitals and not is_capital:
            return False
        if seen.is_common or seen.is_in_a_longer_name:
            return False
        relations = {self.graph.pairs[column].relation for column in columns}
        is_owner = seen.word_behind == "'s" or seen.word_behind in self.nouns
        if is_owner or seen.stands_alone:
            return True
        return seen.word_before in REFUSERS or self._is_cued(seen, relations)

    def _is_cued(self, seen: "_Seen", relations: set[str]) -> bool:
        around = self.cues.around(seen.line, seen.places)
        return any(relations.intersection(cue.relations) for cue in around)

    def _rank(self, column: int) -> tuple[int, int]:
        return -int(self.n_holders[column]), column


@dataclass(frozen=True)
class _Seen:
    """A name where it stands, and how it is marked there."""

    text: str
    line: Line
    places: range
    is_shouted: bool

    @property
    def parts(self) -> Sequence[Part]:
        return self.line.parts[self.places.start : self.places.stop]

    @property
    def words(self) -> list[str]:
        return [part.text for part in self.parts if part.is_word]

    @property
    def word_before(self) -> str:
        return "".join(self.line.words_before(self.places.start, 1))

    @property
    def word_behind(self) -> str:
        return "".join(self.line.words_behind(self.places.stop, 1))

    @property
    def is_common(self) -> bool:
        """Whether all of its words are everyday words."""
        return all(word in COMMON for word in self.words)

    @property
    def is_calendar(self) -> bool:
        return (
            len(self.parts) == 1
            and self.word_before in {"on", "in", "last", "next", "this", "by"}
            and self.is_common
        )

    @property
    def begins(self) -> bool:
        """Whether a sentence begins with it, so that its first capital says nothing."""
        return _begins(self.line, self.places.start)

    @property
    def is_capital_at_the_beginning(self) -> bool:
        """Whether it is one word with a capital that may be there for the sentence alone."""
        return len(self.words) == 1 and self.begins and self.parts[0].is_capital

    @property
    def is_a_topic(self) -> bool:
        """Whether "about" stands before it, and not in "what about"."""
        before = self.line.words_before(self.places.start, 4)
        return "about" in before[1:] and not ASKING_ABOUT & set(before)

    @property
    def stands_alone(self) -> bool:
        """Whether it has marks, or nothing, on both sides."""
        sides = self.line.parts[max(self.places.start - 1, 0) : self.places.stop + 1]
        return all(part.text in MARKS for part in sides if part not in self.parts)

    @property
    def is_quoted(self) -> bool:
        start, end = self.parts[0].start, self.parts[-1].end
        behind = self.text[end : end + 2].lstrip(",.!?")[:1]
        return start > 0 and self.text[start - 1] in QUOTES and behind in QUOTES and behind != ""

    @property
    def stop_of_marks(self) -> int:
        """The place behind the marks that touch its end ("When Harry Met Sally...")."""
        stop = self.places.stop
        while stop < len(self.line.parts) and self.line.parts[stop].text == STOP:
            if self.line.parts[stop].start > self.line.parts[stop - 1].end:
                break
            stop += 1
        return stop

    @property
    def year_behind(self) -> int | None:
        """The year in brackets right behind it."""
        stop = self.stop_of_marks
        behind = [part.text for part in self.line.parts[stop : stop + 3]]
        is_year = len(behind) == 3 and behind[0] == "(" and behind[2] == ")"
        return int(behind[1]) if is_year and _YEAR.fullmatch(behind[1]) else None

    def with_marks_of(self, title: str) -> range:
        """Its places, with the marks at its end that a title has too."""
        marks = _END_MARKS.search(title)
        if marks is None or not self.text.startswith(marks[0], self.parts[-1].end):
            return self.places
        stop = min(self.stop_of_marks, self.places.stop + len(marks[0]))
        return range(self.places.start, stop)

    @property
    def is_capital(self) -> bool:
        """Whether its words have capitals as a name's do, and not only for beginning a sentence."""
        bare = [part for part in self.parts if part.is_word and part.text not in SMALL]
        named = [part for part in bare if not part.text[0].isdigit() and part.text != "'s"]
        if self.is_caseless:
            return self.stands_apart or len(self.spelling) > 2
        if self.is_shouted or not named or not all(part.is_capital for part in named):
            return False
        return len(named) > 1 or not self.begins or named[0] is not self.parts[0]

    @property
    def spelling(self) -> str:
        return self.text[self.parts[0].start : self.parts[-1].end]

    @property
    def is_caseless(self) -> bool:
        """Whether it is in a script without capitals."""
        return self.spelling.lower() == self.spelling.upper() and not self.spelling.isascii()

    @property
    def stands_apart(self) -> bool:
        """Whether no letter touches it, as letters do in scripts without spaces."""
        start, end = self.parts[0].start, self.parts[-1].end
        return not (self.text[max(start - 1, 0) : start] + self.text[end : end + 1]).isalnum()

    @property
    def is_spelled_in_capitals(self) -> bool:
        return self.spelling.isupper() and not self.is_shouted

    @property
    def has_capitals(self) -> bool:
        return any(part.is_capital for part in self.line.parts) and not self.is_shouted

    @property
    def is_item_cued(self) -> bool:
        was, *verdict = (*self.line.words_behind(self.places.stop, 4), "")
        if was in WAS and not VERDICTS.isdisjoint(verdict):
            return True
        if self.word_before in ITEM_CUES:
            return True
        return self.line.words_before(self.places.start, 2) in ITEM_CUE_PAIRS

    @property
    def is_in_a_longer_name(self) -> bool:
        """Whether it is one word beside another with a capital: "Emma" in "Emma Smith"."""
        if len(self.parts) > 1 or self.is_shouted:
            return False
        return any(self._is_named(place) for place in (self.places.start - 1, self.places.stop))

    def _is_named(self, place: int) -> bool:
        if not 0 <= place < len(self.line.parts):
            return False
        part = self.line.parts[place]
        own = self.parts[0]
        gap = self.text[min(part.end, own.end) : max(part.start, own.start)]
        is_name = part.is_word and part.is_capital and part.text not in COMMON | ASKING
        return is_name and gap.isspace() and not _begins(self.line, place)


def _begins(line: Line, place: int) -> bool:
    return place == 0 or line.parts[place - 1].text == STOP


def _is_shouted(text: str, line: Line) -> bool:
    """Whether a text has so many capitals that they say nothing."""
    words = [part for part in line.parts if part.is_word and not part.text[0].isdigit()]
    if text.isupper():
        return True
    everyday = [part for part in words if part.text in COMMON | ASKING and part.text not in SMALL]
    return len(words) > 5 and len(everyday) > 2 and all(part.is_capital for part in words)


def _leftmost_longest(found: Iterable[tuple[range, Part]]) -> list[tuple[range, Part]]:
    chosen: list[tuple[range, Part]] = []
    reached = 0
    for places, part in sorted(found, key=lambda one: (one[0].start, -one[0].stop)):
        if places.start >= reached:
            chosen.append((places, part))
            reached = places.stop
    return chosen


def _beside_items(line: Line) -> Iterator[Part]:
    """The parts of a line; what may be a title is one in a list of titles: "Brazil and Heat"."""
    for place, part in enumerate(line.parts):
        if part.text == VALUE and part.meaning is not None and part.meaning.rows:
            before = [p.text for p in line.parts[max(place - 2, 0) : place]]
            behind = [p.text for p in line.parts[place + 1 : place + 3]]
            if _joins(before[::-1]) or _joins(behind):
                part = replace(part, text=ITEM, meaning=Meaning(rows=part.meaning.rows))
        yield part


def _joins(texts: Sequence[str]) -> bool:
    return len(texts) == 2 and texts[0] in {"and", ","} and texts[1] == ITEM
