"""What a request has wrong about an item that it names: "the Heat directed by Ann Lee".

A value counts as said of an item, and not as asked for, where the words leave no other reading:
"the T directed by V", "T was directed by V", "V's T", "I loved T with V". What is true of one of
several items of a name tells which of them is meant.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rerec.assistant.cues import Cues
from rerec.assistant.everyday import word_set
from rerec.assistant.exchange import Correction
from rerec.assistant.hints import Hints
from rerec.assistant.parts import ITEM, Line, Part, pattern
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph

YEAR = "year"
"""Stands for a relation where the year of an item is wrong."""
_WORDS = "(?: [^TV.,() ][^ ]*)"
_CLAIM = pattern(
    "(?P<item>T)(?: ,)?(?: (?:film|movie|book|one))?",
    "(?P<link> (?:was|is|are|that was|which was|which is|wasnt))?",
    rf"(?P<cue>{_WORDS}{{1,6}}?) (?P<value>V)",
)
_OWNED = pattern("(?P<value>V) 's (?P<item>T)")
_IN_BRACKETS = pattern(rf"(?P<item>T) \({_WORDS}{{0,5}} (?P<value>V)(?: ,)?{_WORDS}{{0,4}} \)")
KNOWN = word_set(
    """
    the loved liked enjoyed seen watched saw adored hated disliked isnt wasnt is was read love hate
    """
)
"""Before an item: it is known to whoever speaks, so that what follows is said of it."""
_YEAR_SAID = re.compile(r"\((?:\s*)((?:18|19|20)\d\d)\s*\)\s*$")


@dataclass(frozen=True, slots=True)
class Claims:
    """What is left of a line without what was said of items."""

    line: Line
    corrections: tuple[Correction, ...]


@dataclass(frozen=True)
class Checker:
    """Compares what is said of items with what the catalogue has."""

    catalogue: Catalogue
    graph: AttributeGraph
    cues: Cues
    hints: Hints

    def checked(self, line: Line, text: str) -> Claims:
        """The line without what is said of its items, and what of that is wrong.

        Args:
            line: items and values recognised.
            text: the request as it was written.
        """
        spans: list[tuple[range, Part]] = []
        wrong: list[Correction] = []
        taken: set[int] = set()
        for said in (_CLAIM, _OWNED, _IN_BRACKETS):
            for found in said.finditer(line.text):
                places = line.span(found)
                judged = self._judged(line, found) if taken.isdisjoint(places) else None
                if judged is not None:
                    taken.update(places)
                    spans.append((places, judged[0]))
                    wrong += judged[1]
        wrong += self._years(line, text)
        return Claims(line.replaced(spans), tuple(dict.fromkeys(wrong)))

    def _judged(
        self, line: Line, found: re.Match[str]
    ) -> tuple[Part, tuple[Correction, ...]] | None:
        """The item that a claim is about, and what is wrong in it; None where it is no claim."""
        item_at, value_at = (line.span(found, name).start for name in ("item", "value"))
        item, value = line.parts[item_at].meaning, line.parts[value_at].meaning
        if item is None or value is None or value.through is not None or value.is_reference:
            return None
        relations = self._relations(line, found, item_at, value_at)
        if relations is None:
            return None
        pairs = [self.graph.pairs[column] for column in value.columns]
        pairs = [p for p in pairs if not relations or p.relation in relations] or pairs
        values = {pair.value for pair in pairs}
        rows = tuple(row for row in item.rows if self._has(row, values))
        part = replace(line.parts[item_at], meaning=replace(item, rows=rows or item.rows))
        spoken = (*relations, *(pair.relation for pair in pairs))
        return part, () if rows else self._wrong(item.rows[0], spoken, pairs[0].value)

    def _relations(
        self, line: Line, found: re.Match[str], item_at: int, value_at: int
    ) -> tuple[str, ...] | None:
        """The relations that a claim is of, () where it could be any; None where it is no claim."""
        if found.re is not _CLAIM:
            return ()
        before = line.words_before(item_at, 1)
        if not found["link"] and not KNOWN.intersection(before):
            return None
        n_words = len(found["cue"].split())
        around = self.cues.around(line, range(value_at, value_at + 1))
        return next((cue.relations for cue in around if cue.before >= n_words), None)

    def _has(self, row: int, values: Collection[str]) -> bool:
        return any(fact.value in values for fact in self.graph.facts_of(row))

    def _wrong(self, row: int, relations: Sequence[str], said: str) -> tuple[Correction, ...]:
        """What the item has instead, in the first of some relations in which it has anything."""
        held = {fact.relation for fact in self.graph.facts_of(row)}
        relation = next((one for one in relations if one in held), None)
        return (self.hints.correction(row, relation, said),) if relation else ()

    def _years(self, line: Line, text: str) -> list[Correction]:
        """Items with another year behind their title than theirs."""
        wrong = []
        for part in line.parts:
            if part.text != ITEM or part.meaning is None or part.meaning.is_reference:
                continue
            said = _YEAR_SAID.search(text[part.start : part.end])
            item = self.catalogue.items[part.meaning.rows[0]]
            if said and item.year is not None and abs(item.year - int(said[1])) > 1:
                wrong.append(Correction(item.item_id, YEAR, said[1], (str(item.year),)))
        return wrong
