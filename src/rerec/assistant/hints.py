"""Conditions told through an item: "directed by whoever directed Heat", "the same genre as Heat".

Every wording that requests are made with is known (`rerec.queries.hint_wordings`), and those that
people use: "Heat's director", "the same director as that". A hint becomes one part that stands for
the values it means; a value that is told along with it ("(it must be Ann Lee)") goes into it, and
where the item does not have that value, it is a correction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from rerec.assistant.cues import LABELS
from rerec.assistant.exchange import Correction
from rerec.assistant.parts import ITEM, STOP, VALUE, Line, Meaning, Part, words_of_name
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.queries.hint_wordings import ROLES, ROLES_HELD_BACK, same_as
from rerec.records import Condition

Words = tuple[str, ...]
MOST_BEFORE, MOST_BEHIND = 10, 6
NOUNS = {"starring": ("star", "lead", "actor", "actress"), "writer": ("writer", "screenwriter")}
"""What people are called by their relation, where it is not the relation's own name."""
WAYS_TO_SAME = ("the", "with the", "by the", "of the", "from the", "in the", "")
SOMEBODY = (
    "the guy who", "the guy that", "the man who", "the woman who", "the person who",
    "the people who", "the one who", "the ones who", "the same guy who", "someone who", "whoever",
)  # fmt: skip
DEEDS = {
    "director": ("directed", "made", "did"),
    "writer": ("wrote", "scripted"),
    "starring": (
        "plays in", "played in", "stars in", "starred in", "acted in", "acts in", "was in"
    ),
    "author": ("wrote",),
    "maker": ("made",),
}  # fmt: skip
"""What people did, behind somebody that is not named."""
MOST_SAME = 2
"""Of several values that an item has in a relation, so many of the first are "the same"."""
MOST_TOLD = 10
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
        told, reached = self._told(line, places.stop, wording)
        values = {self._value(column) for column in told}
        true = [column for column in columns if self._value(column) in values]
        most = 1 if wording.relation in ROLES else MOST_SAME
        meaning = Meaning(
            columns=tuple((true or columns)[:most]),
            through=row,
            relation="" if wording.is_role else wording.relation,
        )
        wrong = () if true else told[:1]
        return Hinted(
            range(places.start, reached),
            line.one(range(places.start, reached), VALUE, meaning),
            tuple(self.correction(row, wording.relation, self._value(c)) for c in wrong),
        )

    def _told(self, line: Line, place: int, wording: Wording) -> tuple[tuple[int, ...], int]:
        """Columns of the value told behind a hint, and the place behind it; the hint's own end
        where none is told."""
        value, reached = _value_in_brackets(line, place)
        if value is None and wording.is_role:
            value, reached = _value_behind_comma(line, place)
            if value is not None and wording.relation not in map(self._relation, value.columns):
                value, reached = None, place
        if value is None:
            return (), place
        own = tuple(c for c in value.columns if self._relation(c) == wording.relation)
        return own or value.columns, reached

    def correction(self, row: int, relation: str, said: str) -> Correction:
        """That an item has other values than the one that was said."""
        true = (fact.value for fact in self._graph.facts_of(row) if fact.relation == relation)
        return Correction(self._catalogue.item_ids[row], relation, said, tuple(true))

    def _columns(self, row: int, relation: str) -> list[int]:
        columns = self._graph.columns_of(row).tolist()
        return [column for column in columns if self._graph.pairs[column].relation == relation]

    def _relation(self, column: int) -> str:
        return self._graph.pairs[column].relation

    def _value(self, column: int) -> str:
        return self._graph.pairs[column].value


def hint_templates(relation: str) -> Iterator[tuple[str, bool]]:
    """Every way to tell a value through an item `{t}`, and whether it names a role."""
    for roles in (ROLES, ROLES_HELD_BACK):
        yield from ((template, True) for template in roles.get(relation, ()))
    is_role = relation in ROLES
    name = relation.replace("_", " ").lower()
    for noun in NOUNS.get(relation, (name,)):
        ways = (f"the {noun} of {{t}}", f"{noun} of {{t}}", f"the {noun} behind {{t}}")
        yield from ((way, is_role) for way in (*ways, f"{{t}}'s {noun}"))
        for as_, way in product(("as", "as in"), WAYS_TO_SAME):
            yield f"{way} same {noun} {as_} {{t}}", False
    for somebody, verb in product(SOMEBODY, DEEDS.get(relation, ())):
        yield f"{somebody} {verb} {{t}}", True
    for held_back in (False, True):
        ways = same_as(Condition(relation, ""), "{t}", held_back=held_back)
        for kind in (ways.phrases, ways.clauses, ways.predicates):
            yield from ((way, False) for way in kind)
    for label in (name, *LABELS.get(relation, ())):
        yield f"{label} as in {{t}}", False


def _value_in_brackets(line: Line, place: int) -> tuple[Meaning | None, int]:
    """The value of "(it must be V)" at a place, and the place behind it."""
    parts = line.parts
    if place >= len(parts) or parts[place].text != "(":
        return None, place
    for end in range(place + 1, min(place + 1 + MOST_TOLD, len(parts))):
        if parts[end].text == ")":
            inside = [part.meaning for part in parts[place:end] if part.text == VALUE]
            return (inside[0], end + 1) if inside else (None, place)
    return None, place


def _value_behind_comma(line: Line, place: int) -> tuple[Meaning | None, int]:
    """The value of ", V" at a place, where no list goes on behind it, and the place behind it."""
    texts = [part.text for part in line.parts[place : place + 4]]
    if texts[:2] != [",", VALUE] or texts[2:3] not in ([], [STOP], [","]) or VALUE in texts[2:]:
        return None, place
    return line.parts[place + 1].meaning, place + 2
