"""Requests understood: from words to the state of a conversation, without any language model.

Names are found (`names`), those that count are marked (`marks`), words that point are followed
(`references`), values told through items are looked up (`hints`), and what is said of items is
checked (`corrections`). What is left says what is wanted (`wanted`), from when (`times`), what is
thought of items (`opinions`) and what goes (`followups`); `taking` puts it into the state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rerec.assistant.askers import Askers
from rerec.assistant.corrections import Checker
from rerec.assistant.cues import Cues
from rerec.assistant.everyday import NOUNS
from rerec.assistant.exchange import Correction, State, Understood
from rerec.assistant.followups import Changes
from rerec.assistant.hints import Hints
from rerec.assistant.leftovers import words_left
from rerec.assistant.marks import Marks
from rerec.assistant.names import DECADE, Lexicon, single_valued
from rerec.assistant.opinions import spoken_of, with_opinion
from rerec.assistant.parts import VALUE, Line, Part, cut
from rerec.assistant.references import (
    pointed_items,
    pointed_people,
    points_at_people,
    same_as_shown,
)
from rerec.assistant.taking import Asked, Request, taken
from rerec.assistant.times import Spell, spells
from rerec.assistant.wanted import Told, Values
from rerec.catalogue.domain import Domain
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.queries.vocabulary import words_of
from rerec.records import Condition

__all__ = ["Reader", "with_opinion"]

MOST_CHARACTERS = 10_000
"""Of a longer request the beginning is read."""


@dataclass(frozen=True, eq=False)
class Reader:
    """Understands requests over one domain; it remembers nothing, and may serve many at once."""

    catalogue: Catalogue
    graph: AttributeGraph
    lexicon: Lexicon
    marks: Marks
    hints: Hints
    checker: Checker
    values: Values
    changes: Changes
    askers: Askers
    single: frozenset[str]
    """Relations of which an item has one value."""
    nouns: frozenset[str]
    """What items are called."""

    @classmethod
    def of(cls, domain: Domain, graph: AttributeGraph | None = None) -> "Reader":
        """A reader for a domain.

        Args:
            domain: whose names are understood.
            graph: its attributes, where they are at hand.

        Raises:
            DataError: the domain's manifest cannot be read.
        """
        catalogue = domain.catalogue
        graph = graph or AttributeGraph.from_table(catalogue, domain.attributes)
        relations = list(dict.fromkeys(pair.relation for pair in graph.pairs))
        lexicon = Lexicon(catalogue, graph)
        cues, hints = Cues(relations), Hints(catalogue, graph)
        n_holders = np.bincount(graph.indices, minlength=len(graph.pairs))
        words = words_of(domain.folder)
        nouns = {*NOUNS, *words.nouns, *(f"{noun}s" for noun in words.nouns)}
        return cls(
            catalogue,
            graph,
            lexicon,
            Marks(catalogue, graph, lexicon, cues, hints, n_holders, frozenset(nouns)),
            hints,
            Checker(catalogue, graph, cues, hints),
            Values(graph, cues, lexicon.kinds, n_holders),
            Changes(relations),
            Askers.of(domain),
            single_valued(graph),
            frozenset(nouns),
        )

    def read(self, state: State, text: str) -> Understood:
        """What a request comes to, after what was said before.

        Args:
            state: the conversation so far; ids that the catalogue does not have are passed over.
            text: the request; anything is understood as far as it can be.
        """
        text = text[:MOST_CHARACTERS]
        line, corrections, notes = self._recognised(state, text)
        spans = self._spells(line, self._focus(state))
        line = line.replaced(self._plain(line, spans))
        told = list(self.values.told(line))
        change, spoken = self.changes.told(line), spoken_of(line)
        # Values in a row share their places, however many they are.
        said = {one.places for one in told}
        known = {place for places in said for place in places} | change.places | spoken.places
        known.update(place for span in spans for place in span.places)
        item_ids = self.catalogue.item_ids
        request = Request(
            asked=tuple(asked for one in told for asked in self._asked(one)),
            years=tuple(span.years for span in spans),
            words=words_left(line, known, self.nouns.union(self.changes.nouns)),
            like=tuple(item_ids[row] for row in spoken.like),
            unlike=tuple(item_ids[row] for row in spoken.dropped),
            opinions=tuple((item_ids[row], opinion) for row, opinion in spoken.opinions),
            is_anew=change.is_anew,
            is_besides=change.is_besides,
            is_instead=change.is_instead,
            relations=change.relations,
        )
        after, withdrawn = taken(state, request, self.single)
        notes += [one.note for one in told if one.note]
        after = self.askers.heard(after, text)
        return Understood(after, corrections, tuple(dict.fromkeys((*withdrawn, *notes))))

    def _recognised(
        self, state: State, text: str
    ) -> tuple[Line, tuple[Correction, ...], list[str]]:
        """The line of a request with all that stands for items and values, and what was wrong."""
        focus, notes = self._focus(state), []
        line = self.marks.recognised(text, Line(tuple(cut(text))))
        line = pointed_items(line, focus)
        line = same_as_shown(line, self.changes.nouns, focus)
        hinted = list(self.hints.found(line))
        line = line.replaced((hint.places, hint.part) for hint in hinted)
        people = self._people(state)
        pointed = pointed_people(line, people, self._is_person)
        if points_at_people(pointed):
            notes.append("I do not know whom you mean; say the name.")
        claims = self.checker.checked(pointed, text)
        wrong = (c for hint in hinted for c in hint.corrections)
        return claims.line, tuple(dict.fromkeys((*wrong, *claims.corrections))), notes

    def _spells(self, line: Line, focus: Sequence[int]) -> list[Spell]:
        """The spans of time of a line, in which decades stand as they are written."""
        parts = (replace(p, text=decade) if (decade := self._decade(p)) else p for p in line.parts)
        return spells(
            Line(tuple(parts)),
            year_of=lambda part: self._years_of(_rows(part)),
            focus=self._years_of(focus[:1]),
            newest=self._newest,
            has_decade=lambda year: self.graph.column_of(Condition(DECADE, f"{year}s")) >= 0,
        )

    def _plain(self, line: Line, spans: Sequence[Spell]) -> list[tuple[range, Part]]:
        """Words in the place of what the spans of time have used up."""
        places = (place for span in spans for place in span.places)
        return [
            (range(place, place + 1), replace(line.parts[place], text="'s", meaning=None))
            for place in places
            if line.parts[place].meaning is not None
        ]

    def _decade(self, part: Part) -> str:
        """The decade that a part stands for; empty where it is none."""
        if part.text != VALUE or part.meaning is None or part.meaning.through is not None:
            return ""
        pairs = [self.graph.pairs[column] for column in part.meaning.columns]
        return next((pair.value for pair in pairs if pair.relation == DECADE), "")

    def _asked(self, told: Told) -> list[Asked]:
        through = None if told.through is None else self.catalogue.item_ids[told.through]
        return [Asked(condition, told.stance, through) for condition in told.conditions]

    def _focus(self, state: State) -> list[int]:
        known = (item_id for item_id in state.focus if item_id in self.catalogue)
        return self.catalogue.rows_of(known).tolist()

    def _people(self, state: State) -> list[int]:
        """Columns of the person that was last asked for or refused, in all relations."""
        people = [
            w.condition for w in state.wishes if w.condition.relation not in self.lexicon.kinds
        ]
        if not people:
            return []
        last = people[-1]
        others = (Condition(relation, last.value) for relation in self._relations)
        columns = map(self.graph.column_of, dict.fromkeys((last, *others)))
        return [column for column in columns if column >= 0]

    def _is_person(self, column: int) -> bool:
        return self.graph.pairs[column].relation not in self.lexicon.kinds

    def _years_of(self, rows: Sequence[int]) -> tuple[int, int] | None:
        years = [year for row in rows if (year := self.catalogue.items[row].year) is not None]
        return (min(years), max(years)) if years else None

    @cached_property
    def _relations(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(pair.relation for pair in self.graph.pairs))

    @cached_property
    def _newest(self) -> int | None:
        return max((i.year for i in self.catalogue.items if i.year is not None), default=None)


def _rows(part: Part) -> Sequence[int]:
    if part.meaning is None:
        return ()
    return part.meaning.rows if part.meaning.is_reference else part.meaning.rows[:1]
