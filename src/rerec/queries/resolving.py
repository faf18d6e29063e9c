"""Whether a rewritten request still asks for what the query is about, and for nothing else."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rerec.catalogue.domain import Domain
from rerec.catalogue.mentions import MentionScanner, fold
from rerec.queries.groups_told import Groups
from rerec.records import Condition, Query
from rerec.settings import PERSONAL

MOST_TIMES_LONGER = 3
CONDITION_MISSING = "a condition is not in the request itself"
EMPTY = "empty"
TOO_LONG = "too long"
LOST = "a condition, name or group was lost"
SLIPPED_IN = "another value slipped in"
UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Resolver:
    """Finds what a text says of a catalogue, by the values and names of the catalogue."""

    domain: Domain
    _scanner: MentionScanner
    _groups: Groups

    @classmethod
    def of(cls, domain: Domain) -> "Resolver":
        """Set up for a domain."""
        columns = (domain.attributes[name].to_pylist() for name in ("relation", "value"))
        pairs = {Condition(*pair) for pair in zip(*columns, strict=True)}
        numbers: dict[str, int] = {}
        names = [
            (spelling, numbers.setdefault(fold(pair.value), len(numbers)))
            for pair in sorted(pairs)
            for spelling in spellings(pair)
        ]
        years = dict.fromkeys(numbers.values())
        return cls(domain, MentionScanner(names, years), Groups(domain))

    def told(self, query: Query) -> list[Sequence[str]] | None:
        """What a rewrite must say, each in one of some spellings; None where the text does not.

        That is the value of every condition that no hint stands for, what the hints say, the names
        of the items of an interest, and the words for a group of users.
        """
        asked = [spellings(condition) for condition in query.conditions]
        found = [some for some in asked if is_said(query.text, some)]
        hints = [self._names(hop.item_id) for hop in query.hops]
        if len(asked) - len(found) > len(hints) or not all(is_said(query.text, h) for h in hints):
            return None
        others = [spellings(Condition(hop.relation, hop.value)) for hop in query.hops]
        others += [self._names(item_id) for item_id in query.history]
        others += [[group] for group in self._group(query)]
        told = found + hints + [some for some in others if is_said(query.text, some)]
        return list({tuple(some): some for some in told}.values())

    def refusal(self, query: Query, told: Iterable[Sequence[str]], rewrite: str | None) -> str:
        """Why a rewrite is of no use; empty where it is."""
        if not rewrite or not rewrite.strip():
            return EMPTY
        if len(rewrite) > MOST_TIMES_LONGER * len(query.text):
            return TOO_LONG
        if rewrite == query.text:
            return UNCHANGED
        if not all(is_said(rewrite, some) for some in told):
            return LOST
        return SLIPPED_IN if self._values(rewrite) - self._values(query.text) else ""

    def _values(self, text: str) -> set[int]:
        return {mention.row for mention in self._scanner.mentions(text)}

    def _names(self, item_id: str) -> Sequence[str]:
        item = self.domain.catalogue.items[self.domain.catalogue.row_of(item_id)]
        return [item.label, item.title]

    def _group(self, query: Query) -> list[str]:
        """The words for who asks."""
        if query.category.removesuffix(PERSONAL) != "demographics":
            return []
        return [words for words in [self._groups.words_in(query.text)] if words]


def spellings(condition: Condition) -> Sequence[str]:
    """How a value may stand in a text: a genre in the plural too.

    >>> spellings(Condition("genre", "Comedy")), spellings(Condition("starring", "Cher"))
    (['Comedy', 'Comedies'], ['Cher'])
    """
    value = condition.value
    if condition.relation != "genre":
        return [value]
    return [value, f"{value[:-1]}ies" if value.endswith("y") else f"{value}s"]


def is_said(text: str, some: Iterable[str]) -> bool:
    """Whether one of some words stands in a text, whatever its case, accents and quotes.

    >>> is_said("A film by Robert Downey Jr, please", ["Robert Downey Jr."])
    True
    >>> is_said("A warm film", ["War"])
    False
    """
    folded = fold(text)
    # The full stop of "Jr." may have gone with the end of its sentence.
    patterns = (re.escape(fold(words).strip().rstrip(".")) for words in some)
    return any(re.search(rf"(?<!\w){pattern}(?!\w)", folded) for pattern in patterns)
