"""Frozen records that cross floors: what one part of the house hands to another.

Ids are text from outside; rows (0 to n_items - 1) are positions in a catalogue, and only
`rerec.catalogue` converts between the two.
"""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["right", "wrong", "unknown_title", "not_a_candidate", "no_answer"]
SPLITS = ("train", "valid", "test")
RELATIONS = ("genre", "director", "writer", "starring", "country", "language", "decade")


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """One (relation, value) pair: what a query asks for, and what an item has."""

    relation: str
    value: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be recommended."""

    item_id: str
    title: str
    """As shown to the model and boxed by it, without the year."""
    year: int | None
    aliases: tuple[str, ...]
    """Other names under which the item is known; the title itself is not repeated."""
    popularity: int
    """Number of interactions."""

    @property
    def label(self) -> str:
        """Title with year, the name that the model reads and boxes.

        >>> Item("1", "Heat", 1995, (), 3).label
        'Heat (1995)'
        """
        return self.title if self.year is None else f"{self.title} ({self.year})"


@dataclass(frozen=True, slots=True)
class Hop:
    """A condition hinted at through another item: `relation` of `item_id` is `value`."""

    item_id: str
    relation: str
    value: str


@dataclass(frozen=True, slots=True)
class Query:
    """One request, what it asks, what would be right, and what may be chosen from."""

    query_id: str
    category: str
    text: str
    conditions: tuple[Condition, ...]
    hops: tuple[Hop, ...]
    ground_truth: tuple[str, ...]
    """Item ids; the best first where there is an order."""
    candidates: tuple[str, ...]
    """Item ids in the order in which they are shown; empty for an open request."""
    user_id: str | None
    history: tuple[str, ...]
    """Item ids that the user liked before, oldest first; never a ground-truth item."""
    seed: int

    def __post_init__(self) -> None:
        if not self.ground_truth:
            raise ValueError(f"query {self.query_id}: the ground truth is empty")
        if self.candidates and not set(self.ground_truth) & set(self.candidates):
            raise ValueError(f"query {self.query_id}: no ground-truth item is a candidate")


def list_of(query_id: str) -> str:
    """The query whose list of candidates a query is about: a companion's id ends with "+n".

    >>> list_of("explicit-test-00123-d07+2"), list_of("explicit-test-00123-d07")
    ('explicit-test-00123-d07', 'explicit-test-00123-d07')
    """
    own, plus, number = query_id.rpartition("+")
    return own if plus and own and number.isdecimal() else query_id


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of characters of a response: a reasoning paragraph, or the answer line."""

    start: int
    end: int
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A run of characters of a response that the graph confirms, or where it first goes wrong."""

    start: int
    end: int
    is_true: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """What a response to a query was worth, and which of its paragraphs are to blame."""

    query_id: str
    answer: tuple[str, ...]
    """Item ids of the boxed titles that are in the catalogue, best first."""
    outcome: Outcome
    ndcg: float
    qas: float
    pas: float
    format: float
    reward: float
    segments: tuple[Segment, ...]
    blamed: tuple[bool, ...]
    """One for each segment: the answer is wrong and this paragraph argues for it."""
