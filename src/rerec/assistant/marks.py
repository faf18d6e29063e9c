"""Which of the names found in a request are meant: marked by quotes, capitals, a year or a cue.

"It" is a title in `"It"` and in "the director of It", and a pronoun in "I like it". Names of kinds
("horror") and of several words need no mark; the longest name counts, so that "Western Union" is a
title and no western.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rerec.assistant.cues import Cues
from rerec.assistant.everyday import ASKING, COMMON, OWNERS, SMALL
from rerec.assistant.hints import Hints
from rerec.assistant.names import DECADE, PROPER, Kind, Lexicon, Name
from rerec.assistant.parts import ITEM, VALUE, Line, Meaning, Part
from rerec.assistant.seen import Seen, is_shouted
from rerec.catalogue.items import Catalogue
from rerec.catalogue.mentions import rows_of_year
from rerec.graph.attributes import AttributeGraph

REFUSERS = frozenset({"no", "not", "without", "except", "nor", "like", "more", "forget", "drop"})
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
        shouted = is_shouted(text, line)
        found = []
        for name in names:
            seen = Seen(text, line, range(places[name.first], places[name.last] + 1), shouted)
            found += self._meant(name, seen)
        chosen = line.replaced(_leftmost_longest(found))
        return Line(tuple(_beside_items(chosen)))

    def _meant(self, name: Name, seen: Seen) -> Iterable[tuple[range, Part]]:
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

    def _item(self, rows: tuple[int, ...], seen: Seen) -> tuple[range, Part]:
        year = seen.year_behind
        places = seen.places
        if year is not None:
            years = {row: self.catalogue.items[row].year for row in rows}
            rows = tuple(rows_of_year(rows, year, years)) or rows
            places = range(places.start, seen.stop_of_marks + 3)
        else:
            places = seen.with_marks_of(self.catalogue.items[rows[0]].title)
        return places, seen.line.one(places, ITEM, Meaning(rows=rows))

    def _is_title(self, seen: Seen) -> bool:
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

    def _leads_to_item(self, seen: Seen) -> bool:
        """Whether a name that is both is the title: by the words before it."""
        if self.hints.leads_to(seen.line, seen.places.start) or seen.year_behind is not None:
            return True
        return seen.is_capital and seen.is_item_cued

    def _values(self, name: Name, seen: Seen) -> Meaning | None:
        values = [at for kind, at in name.meanings if kind == Kind.VALUE]
        counted = [at for at in values if self._counts(at, seen)]
        if counted:
            return Meaning(columns=tuple(sorted(counted, key=self._rank)))
        surnames = [at for kind, at in name.meanings if kind == Kind.SURNAME]
        if surnames and self._is_surname(surnames, seen):
            return Meaning(columns=tuple(sorted(surnames, key=self._rank)), is_surname=True)
        return None

    def _counts(self, column: int, seen: Seen) -> bool:
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

    def _is_surname(self, columns: Sequence[int], seen: Seen) -> bool:
        is_capital = seen.is_capital or seen.is_capital_at_the_beginning
        if seen.has_capitals and not is_capital:
            return False
        is_everyday = seen.is_common or (not is_capital and seen.words[0] in ASKING)
        if is_everyday or seen.is_in_a_longer_name:
            return False
        relations = {self.graph.pairs[column].relation for column in columns}
        is_owner = seen.word_behind == "'s" or seen.word_behind in self.nouns
        if is_owner or seen.stands_alone:
            return True
        return seen.word_before in REFUSERS or self._is_cued(seen, relations)

    def _is_cued(self, seen: Seen, relations: set[str]) -> bool:
        around = self.cues.around(seen.line, seen.places)
        return any(relations.intersection(cue.relations) for cue in around)

    def _rank(self, column: int) -> tuple[int, int]:
        return -int(self.n_holders[column]), column


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
