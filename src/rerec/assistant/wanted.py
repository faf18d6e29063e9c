"""What a request says of values: which conditions they are, and whether they are wanted.

Values in a row share the words around them ("with V and V in it", "no V or V"). A name that is in
several relations is told apart by those words. Where they say nothing, a wanted name is taken in
the relation in which it has most items, and an unwanted one in all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerec.assistant.cues import Cue, Cues
from rerec.assistant.parts import VALUE, Line, Meaning
from rerec.assistant.stance import Stance, stance_of
from rerec.graph.attributes import AttributeGraph
from rerec.records import Condition

CONNECTORS = frozenset({"and", "or", "nor", "the", ",", "plus"})
LEAST_LEAD = 2
"""A surname is the most prominent bearer's where that one has so many times the items of the next;
else the others are mentioned."""


@dataclass(frozen=True, slots=True)
class Told:
    """One value of a request."""

    conditions: tuple[Condition, ...]
    """Several where an unwanted name is in several relations."""
    stance: Stance
    through: int | None = None
    """Row of the item through which it was told."""
    places: range = range(0)
    note: str = ""
    """What the person should know of how it was taken."""


@dataclass(frozen=True, eq=False)
class Values:
    """Tells what conditions the values of a line are."""

    graph: AttributeGraph
    cues: Cues
    kinds: frozenset[str]
    n_holders: NDArray[np.intp]
    """(n_pairs,) how many items have each value."""

    def told(self, line: Line) -> Iterator[Told]:
        """The values of a line, in reading order."""
        for places in self._lists(line):
            cues = list(self.cues.around(line, places))
            before = max((cue.before for cue in cues), default=0)
            stance, said = stance_of(line, places.start)
            behind = max((cue.behind for cue in cues), default=0)
            whole = range(min(said.start, places.start - before), places.stop + behind)
            for place in places:
                meaning = line.parts[place].meaning
                if meaning is not None and meaning.columns:
                    own = list(self.cues.around(line, range(place, place + 1)))
                    yield self._one(meaning, stance, [*cues, *own], whole)

    def _lists(self, line: Line) -> Iterator[range]:
        """The values of a line in rows; some words may stand between them."""
        first = last = -1
        for place, part in enumerate(line.parts):
            if part.text != VALUE:
                continue
            if first >= 0 and self._are_one(line, last, place):
                last = place
                continue
            if first >= 0:
                yield range(first, last + 1)
            first = last = place
        if first >= 0:
            yield range(first, last + 1)

    def _are_one(self, line: Line, last: int, place: int) -> bool:
        between = [part.text for part in line.parts[last + 1 : place]]
        if not all(text in CONNECTORS for text in between) or between in (["the"], [",", "the"]):
            return False
        if between == [","]:
            return bool(self._relations(line, last) & self._relations(line, place))
        return True

    def _relations(self, line: Line, place: int) -> set[str]:
        meaning = line.parts[place].meaning
        columns = meaning.columns if meaning else ()
        return {self.graph.pairs[column].relation for column in columns}

    def _one(self, meaning: Meaning, stance: Stance, cues: Sequence[Cue], whole: range) -> Told:
        if meaning.through is not None:
            return Told(self._hinted(meaning, cues), stance, meaning.through, whole)
        relations = self._relations_told(meaning, cues)
        columns = [c for c in meaning.columns if self.graph.pairs[c].relation in relations]
        is_told = bool(columns)
        columns = sorted(
            columns or meaning.columns, key=lambda column: (-int(self.n_holders[column]), column)
        )
        note = ""
        if meaning.is_surname:
            columns, note = self._bearer(columns)
        if len(relations) < 2 and (is_told or stance == "wanted"):
            columns = columns[:1]
        note = note or self._role_note(columns[0], cues)
        return Told(tuple(self.graph.pairs[c] for c in columns), stance, None, whole, note)

    def _relations_told(self, meaning: Meaning, cues: Sequence[Cue]) -> set[str]:
        """The relation that the words around a value speak of, among those that it is in.

        Several where somebody is given two roles; none where the words say nothing.
        """
        own = {self.graph.pairs[column].relation for column in meaning.columns}
        for cue in cues:
            told = [relation for relation in cue.relations if relation in own]
            if told:
                return set(told if cue.is_all else told[:1])
        return set()

    def _hinted(self, meaning: Meaning, cues: Sequence[Cue]) -> tuple[Condition, ...]:
        """The conditions that a hint stands for: of the relation that the words before it name."""
        told = [self.graph.pairs[column] for column in meaning.columns]
        own = told[0].relation
        if meaning.relation or not cues or own in cues[0].relations:
            return tuple(told)
        people = [r for r in cues[0].relations if r not in self.kinds]
        return tuple(Condition(people[0] if people else own, one.value) for one in told)

    def _bearer(self, columns: Sequence[int]) -> tuple[list[int], str]:
        """The columns of a surname's most prominent bearer, and who else bears it as well."""
        n_of: dict[str, int] = {}
        for column in columns:
            value = self.graph.pairs[column].value
            n_of[value] = n_of.get(value, 0) + int(self.n_holders[column])
        first, *others = sorted(n_of, key=lambda value: (-n_of[value], value))
        note = ""
        if others and n_of[first] < LEAST_LEAD * n_of[others[0]]:
            note = f"I took it for {first}; {others[0]} has the same name."
        return [c for c in columns if self.graph.pairs[c].value == first], note

    def _role_note(self, column: int, cues: Sequence[Cue]) -> str:
        """That somebody is not known in the role that a request gives them."""
        pair = self.graph.pairs[column]
        if pair.relation in self.kinds or not cues or cues[0].is_loose:
            return ""
        if pair.relation in cues[0].relations:
            return ""
        asked, taken = (name.replace("_", " ") for name in (cues[0].relations[0], pair.relation))
        return f"{pair.value} is in the catalogue, but not as {asked}; I looked under {taken}."
