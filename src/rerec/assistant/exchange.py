"""What a person and the assistant say to each other, and what is remembered of it.

Everything here is frozen and can be written as JSON: a conversation is its `State`, nothing else is
kept anywhere. Item ids, not rows, since a state outlives the process that made it.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

from rerec.records import Condition

Opinion = Literal["like", "dislike", "seen"]


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that the person wants an item to have, or not to have."""

    condition: Condition
    wanted: bool = True
    """False: an item that has it is not recommended ("no horror", "not him")."""
    through: str | None = None
    """The item through which it was told ("by the director of Heat"), by id."""


@dataclass(frozen=True, slots=True)
class Years:
    """The first and last year that an item may be of; None where there is no limit."""

    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """All that is remembered of a conversation."""

    wishes: tuple[Wish, ...] = ()
    """In the order in which they were first said; a condition stands here once."""
    years: Years = Years()
    words: tuple[str, ...] = ()
    """What was asked for in words that are no value of the catalogue, one entry for each turn that
    had any; full-text search looks for them."""
    like_items: tuple[str, ...] = ()
    """Ids of the items that what is asked for should be like ("something like Heat")."""
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    """Ids; an item stands in one of `liked` and `disliked` at most. What is in any of the three is
    not recommended again."""
    shown: tuple[str, ...] = ()
    """Ids of what was recommended since the request last changed: "another one" leaves them out."""
    focus: tuple[str, ...] = ()
    """Ids of what was recommended last, best first: what "that", "it" and "the second" mean."""
    user_id: str | None = None
    """A user of the domain whose log counts as history."""
    turns: int = 0
    """How many requests were understood so far."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Something that the request has wrong about an item."""

    item_id: str
    relation: str
    said: str
    """The value that the request gives the item."""
    true: tuple[str, ...]
    """The values that it has, the most prominent first."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What one request came to."""

    state: State
    """With the request taken in."""
    corrections: tuple[Correction, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences for the person: what was withdrawn, what could not be understood."""


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate of a request."""

    row: int
    score: float
    """Higher is better; comparable within one request alone."""
    n_met: int
    """How many of the wanted conditions it has."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item that is shown, and why."""

    item_id: str
    label: str
    """Title and year as the catalogue has them."""
    matches: tuple[Condition, ...]
    """Of what was asked, what it has."""
    misses: tuple[Condition, ...]
    """Of what was asked, what it has not."""
    facts: tuple[Condition, ...]
    """What else is known of it, the most prominent first."""
    reasoning: str = ""
    """The model's own paragraph about it; empty where it wrote none."""
    chosen: bool = False
    """Whether the model named it as its answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant says to one request."""

    text: str
    """What is said to the person, in sentences made from facts; plain text, never markup."""
    recommendations: tuple[Recommendation, ...]
    """Best first; every one is in the catalogue."""
    state: State
    """To be handed back with the next request."""
    corrections: tuple[Correction, ...] = ()
    notes: tuple[str, ...] = ()
    reasoning: str = ""
    """Everything that the model wrote, as it wrote it; empty without a model."""
    dropped: tuple[str, ...] = ()
    """Titles that the model named and the catalogue does not have."""
    fits: bool = True
    """Whether the first recommendation meets all that was asked; else it is the nearest one."""
    model: str = "none"
    """Who reasoned: `none`, or the model's name."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Time by stage: `understand`, `retrieve`, `first_token`, `reason`, `total`."""


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of the model's reasoning, as it is written."""

    text: str


Event = Thought | Reply
"""What an answer consists of while it is made: any number of thoughts, then one reply."""


_ADAPTERS: dict[type, TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in (State, Reply)}
"""Made once: making one takes a hundred times as long as writing a reply."""


def to_json(value: State | Reply) -> dict[str, Any]:
    """A state or reply as JSON values; `state_from` reads a state back.

    >>> to_json(State(liked=("7",)))["liked"]
    ['7']
    """
    return _ADAPTERS[type(value)].dump_python(value, mode="json")


def state_from(record: object) -> State:
    """A state read from JSON values.

    Raises:
        ValueError: it is not one (pydantic's ValidationError).

    >>> state_from({"liked": ["7"]}) == State(liked=("7",))
    True
    """
    return _ADAPTERS[State].validate_python(record)
