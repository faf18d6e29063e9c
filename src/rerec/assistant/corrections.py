"""What a request has wrong about an item that it names: "the Heat directed by Ann Lee".

A value counts as said of an item, and not as asked for, where the words leave no other reading:
"the T directed by V", "T was directed by V", "V's T", "I loved T with V". What is true of one of
several items of a name tells which of them is meant.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rerec.assistant.cues import Cues
from rerec.assistant.everyday import word_set
from rerec.assistant.exchange import Correction
from rerec.assistant.hints import Hints
from rerec.assistant.parts import ITEM, Line, Part
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph

YEAR = "year"
"""Stands for a relation where the year of an item is wrong."""
_CLAIM = re.compile(
    r"(?P<item>T)(?: ,)?(?: (?:film|movie|book|one))?(?P<link> (?:was|is|are|that was|which was|which is|wasnt))?"
    r"(?P<cue>(?: [^TV.,() ][^ ]*){1,6}?) (?P<value>V)(?= )"
)
_OWNED = re.compile(r"(?<= )(?P<value>V) 's (?P<item>T)(?= )")
_IN_BRACKETS = re.compile(
    r"(?P<item>T) \((?: [^TV.() ][^ ]*){0,3} (?P<value>V)(?: ,)?(?: [^TV.() ][^ ]*){0,4} \)"
)
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
        for found in (
            *_CLAIM.finditer(line.text),
            *_OWNED.finditer(line.text),
            *_IN_BRACKETS.finditer(line.text),
        ):
            places = line.span(found)
            if any(set(places) & set(taken) for taken, _ in spans):
                continue
            judged = self._judged(line, found)
            if judged is not None:
                part, correction = judged
                spans.append((places, part))
                wrong += [correction] if correction else []
        wrong += self._years(line, text)
        return Claims(line.replaced(spans), tuple(dict.fromkeys(wrong)))

    def _judged(self, line: Line, found: re.Match[str]) -> tuple[Part, Correction | None] | None:
        item_at, value_at = (line.span(found, name).start for name in ("item", "value"))
        item, value = line.parts[item_at].meaning, line.parts[value_at].meaning
        if item is None or value is None or value.through is not None or value.is_reference:
            return None
        relations = self._relations(line, found, item_at, value_at)
        if relations is None:
            return None
        columns = [
            c for c in value.columns if not relations or self.graph.pairs[c].relation in relations
        ]
        columns = columns or list(value.columns)
        rows = [row for row in item.rows if self._has(row, columns, value.columns)]
        part = replace(line.parts[item_at], meaning=replace(item, rows=tuple(rows) or item.rows))
        if rows:
            return part, None
        return part, self._correction(item.rows[0], columns, relations)

    def _relations(
        self, line: Line, found: re.Match[str], item_at: int, value_at: int
    ) -> tuple[str, ...] | None:
        """The relations that a claim is of, () where it could be any; None where it is no claim."""
        if found.re is _OWNED:
            return ()
        if found.re is _IN_BRACKETS:
            return ()
        before = line.words_before(item_at, 1)
        if not found["link"] and not (before and before[0] in KNOWN):
            return None
        around = self.cues.around(line, range(value_at, value_at + 1))
        n_words = len(found["cue"].split())
        for cue in around:
            if cue.before >= n_words:
                return cue.relations
        return None

    def _has(self, row: int, columns: Sequence[int], same: Sequence[int]) -> bool:
        own = {self.graph.pairs[column].value for column in self.graph.columns_of(row).tolist()}
        del same
        return any(self.graph.pairs[column].value in own for column in columns)

    def _correction(
        self, row: int, columns: Sequence[int], relations: Sequence[str]
    ) -> Correction | None:
        """What the item has instead, in the relation that was spoken of."""
        said = self.graph.pairs[columns[0]]
        held = [fact.relation for fact in self.graph.facts_of(row)]
        relation = next((r for r in (*relations, said.relation) if r in held), None)
        return self.hints.correction(row, relation, said.value) if relation else None

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
