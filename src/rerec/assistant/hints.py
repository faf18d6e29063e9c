"""Conditions told through an item: "directed by whoever directed Heat", "the same genre as Heat".

Every wording that requests are made with is known (`rerec.queries.hint_wordings`), and those that
people use: "Heat's director", "the same director as that". A hint becomes one part that stands for
the values it means; a value that is told along with it ("(it must be Ann Lee)") goes into it, and
where the item does not have that value, it is a correction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rerec.assistant.cues import LABELS
from rerec.assistant.exchange import Correction
from rerec.assistant.parts import ITEM, VALUE, Line, Meaning, Part, words_of_name
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.queries.hint_wordings import ROLES, ROLES_HELD_BACK, same_as
from rerec.records import Condition

Words = tuple[str, ...]
MOST_BEFORE, MOST_BEHIND = 10, 6
NOUNS = {"starring": ("star", "lead", "actor", "actress"), "writer": ("writer", "screenwriter")}
"""What people are called by their relation, where it is not the relation's own name."""
WAYS_TO_SAME = ("the", "with the", "by the", "of the", "from the", "in the", "")
MOST_SAME = 2
"""Of several values that an item has in a relation, so many of the first are "the same"."""
MOST_TOLD = 7
"""Words and marks in the brackets behind a hint, at most."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to tell a value through an item."""

    relation: str
    is_role: bool
    """Whether it names somebody ("the director of T"): the relation that is asked for stands before
    it, and may be another one."""


@dataclass(frozen=True, slots=True)
class Hinted:
    """A hint that was found."""

    places: range
    part: Part
    corrections: tuple[Correction, ...]


class Hints:
    """The wordings of hints for a domain's relations."""

    def __init__(self, catalogue: Catalogue, graph: AttributeGraph) -> None:
        """Gather the wordings for the relations of a domain."""
        self._catalogue, self._graph = catalogue, graph
        self._table: dict[Words, dict[Words, list[Wording]]] = {}
        for relation in dict.fromkeys(pair.relation for pair in graph.pairs):
            for template, is_role in hint_templates(relation):
                before, _, behind = template.partition("{t}")
                tails = self._table.setdefault(words_of_name(before), {})
                wordings = tails.setdefault(words_of_name(behind), [])
                wordings.append(Wording(relation, is_role))

    def leads_to(self, line: Line, place: int) -> bool:
        """Whether the words before a place are those before the item of a hint."""
        words = line.words_before(place, MOST_BEFORE)
        return any(words[-n:] in self._table for n in range(2, len(words) + 1))

    def found(self, line: Line) -> Iterator[Hinted]:
        """The hints of a line."""
        for place, part in enumerate(line.parts):
            if part.text == ITEM and part.meaning is not None:
                hinted = self._at(line, place, part.meaning.rows)
                if hinted is not None:
                    yield hinted

    def _at(self, line: Line, place: int, rows: Sequence[int]) -> Hinted | None:
        before = line.words_before(place, MOST_BEFORE)
        behind = line.words_behind(place + 1, MOST_BEHIND)
        ways = [
            (n + len(tail), n, len(tail), wording)
            for n in range(len(before) + 1)
            for tail, wordings in self._table.get(before[len(before) - n :], {}).items()
            if behind[: len(tail)] == tail
            for wording in wordings
        ]
        for _, n_before, n_behind, wording in sorted(ways, key=lambda way: -way[0]):
            for row in rows:
                columns = self._columns(row, wording.relation)
                if columns:
                    places = range(place - n_before, place + 1 + n_behind)
                    return self._hinted(line, places, row, wording, columns)
        return None

    def _hinted(
        self, line: Line, places: range, row: int, wording: Wording, columns: list[int]
    ) -> Hinted:
        told, reached = _told(line, places.stop, wording)
        said = [c for c in told if self._graph.pairs[c].relation == wording.relation] or told
        is_true = any(self._graph.pairs[c].value == self._value(t) for c in columns for t in said)
        most = 1 if wording.is_role else MOST_SAME
        if is_true:
            columns = [
                c
                for c in columns
                if any(self._graph.pairs[c].value == self._value(t) for t in said)
            ]
        meaning = Meaning(
            columns=tuple(columns[:most]),
            through=row,
            relation="" if wording.is_role else wording.relation,
        )
        corrections = ()
        if said and not is_true:
            corrections = (self.correction(row, wording.relation, self._value(said[0])),)
        places = range(places.start, reached)
        return Hinted(places, line.one(places, VALUE, meaning), corrections)

    def correction(self, row: int, relation: str, said: str) -> Correction:
        """That an item has other values than the one that was said."""
        true = (fact.value for fact in self._graph.facts_of(row) if fact.relation == relation)
        return Correction(self._catalogue.item_ids[row], relation, said, tuple(true))

    def _columns(self, row: int, relation: str) -> list[int]:
        columns = self._graph.columns_of(row).tolist()
        return [column for column in columns if self._graph.pairs[column].relation == relation]

    def _value(self, column: int) -> str:
        return self._graph.pairs[column].value


def hint_templates(relation: str) -> Iterator[tuple[str, bool]]:
    """Every way to tell a value of a relation through an item `{t}`, and whether it names a role."""
    for roles in (ROLES, ROLES_HELD_BACK):
        yield from ((template, True) for template in roles.get(relation, ()))
    name = relation.replace("_", " ").lower()
    is_role = relation in ROLES
    for noun in NOUNS.get(relation, (name,)):
        yield from (
            (f"{way} {{t}}", is_role)
            for way in (f"the {noun} of", f"{noun} of", f"the {noun} behind")
        )
        yield f"{{t}}'s {noun}", is_role
        yield from ((f"{way} same {noun} as {{t}}", False) for way in WAYS_TO_SAME)
    for held_back in (False, True):
        ways = same_as(Condition(relation, ""), "{t}", held_back=held_back)
        for kind in (ways.phrases, ways.clauses, ways.predicates):
            yield from ((way, False) for way in kind)
    for label in (name, *LABELS.get(relation, ())):
        yield f"{label} as in {{t}}", False


def _told(line: Line, place: int, wording: Wording) -> tuple[tuple[int, ...], int]:
    """The columns of the value told behind a hint, and the place behind it all."""
    parts = line.parts
    if place >= len(parts) or parts[place].text != "(":
        return (), place
    for end in range(place + 1, min(place + 1 + MOST_TOLD, len(parts))):
        if parts[end].text == ")":
            inside = (part.meaning for part in parts[place:end] if part.text == VALUE)
            told = next((m for m in inside if m is not None), None)
            return (told.columns, end + 1) if told else ((), place)
    return (), place
