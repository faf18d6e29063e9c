"""A request taken into the state of a conversation.

What is asked comes to what was asked before. It takes the place of the old where both cannot hold
(another decade, other years), where the request says so ("make it a comedy"), and where it is the
same thing the other way round ("no comedy").
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rerec.assistant.exchange import Opinion, State, Wish, Years
from rerec.assistant.followups import YEARS
from rerec.assistant.opinions import with_opinion
from rerec.assistant.stance import Stance
from rerec.assistant.times import decade_of
from rerec.records import Condition

MOST_WISHES = 50
MOST_TURNS_OF_WORDS = 20
"""A state stays small whatever is said; the newest is kept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish of a request, or one that it withdraws."""

    condition: Condition
    stance: Stance
    through: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """All that a request says."""

    asked: tuple[Asked, ...] = ()
    years: tuple[Years, ...] = ()
    words: str = ""
    like: tuple[str, ...] = ()
    """Ids of what the items should be like."""
    unlike: tuple[str, ...] = ()
    """Ids of what they need no longer be like."""
    opinions: tuple[tuple[str, Opinion], ...] = ()
    is_anew: bool = False
    is_besides: bool = False
    is_instead: bool = False
    relations: tuple[str, ...] = ()
    """Of which nothing is asked any longer."""


def taken(state: State, request: Request, single: frozenset[str]) -> tuple[State, tuple[str, ...]]:
    """The state after a request, and sentences on what was withdrawn.

    Args:
        state: as it was before.
        request: what was said.
        single: relations of which an item has one value.
    """
    before = _emptied(state) if request.is_anew else state
    wishes, notes = _withdrawn(before.wishes, request)
    wishes = _wished(wishes, request, single)
    years = Years() if YEARS in request.relations else before.years
    wishes, years = _in_time(wishes, years, request)
    after = replace(
        before,
        wishes=wishes,
        years=years,
        words=_words(before.words, request),
        like_items=_like(before.like_items, request),
        turns=state.turns + 1,
    )
    if not _is_same_request(state, after):
        after = replace(after, shown=())
    for item_id, opinion in request.opinions:
        after = with_opinion(after, item_id, opinion)
    return after, notes


def _emptied(state: State) -> State:
    """What outlasts a new start: who it is, and what they think of items."""
    return State(
        liked=state.liked,
        disliked=state.disliked,
        seen=state.seen,
        user_id=state.user_id,
        turns=state.turns,
    )


def _is_same_request(one: State, other: State) -> bool:
    return (one.wishes, one.years, one.words, one.like_items) == (
        other.wishes, other.years, other.words, other.like_items,
    )  # fmt: skip


def _withdrawn(
    wishes: Sequence[Wish], request: Request
) -> tuple[tuple[Wish, ...], tuple[str, ...]]:
    """What is left of the wishes, and a sentence on each that went."""
    gone = {one.condition for one in request.asked if one.stance == "withdrawn"}
    left, notes = [], []
    for wish in wishes:
        if wish.condition in gone or wish.condition.relation in request.relations:
            name = wish.condition.relation.replace("_", " ")
            notes.append(f"The {name} {wish.condition.value} is no longer asked for.")
        else:
            left.append(wish)
    return tuple(left), tuple(notes)


def _wished(wishes: Sequence[Wish], request: Request, single: frozenset[str]) -> tuple[Wish, ...]:
    new = [
        Wish(one.condition, one.stance == "wanted", one.through)
        for one in request.asked
        if one.stance != "withdrawn"
    ]
    anew = {wish.condition.relation for wish in new if wish.wanted}
    replaced = anew if request.is_instead else anew & single
    if request.is_besides:
        replaced = frozenset()
    kept = (w for w in wishes if not (w.wanted and w.condition.relation in replaced))
    by_condition = {wish.condition: wish for wish in kept}
    # A condition that stands there already keeps its place.
    by_condition.update((wish.condition, wish) for wish in new)
    return tuple(by_condition.values())[-MOST_WISHES:]


def _in_time(
    wishes: tuple[Wish, ...], years: Years, request: Request
) -> tuple[tuple[Wish, ...], Years]:
    """Wishes and years without those that the newest words on time rule out."""
    for span in request.years:
        years = _narrowed(years, span)
    if request.years:
        return tuple(w for w in wishes if not _is_outside(w, years)), years
    new = {one.condition for one in request.asked if one.stance == "wanted"}
    if any(_is_outside(wish, years) for wish in wishes if wish.condition in new):
        years = Years()
    return wishes, years


def _narrowed(years: Years, span: Years) -> Years:
    """The years within a span; the span alone where both cannot hold.

    >>> _narrowed(Years(1970, None), Years(None, 1979))
    Years(first=1970, last=1979)
    >>> _narrowed(Years(1990, None), Years(None, 1979))
    Years(first=None, last=1979)
    """
    if span.first is not None and span.last is not None:
        return span
    first = years.first if span.first is None else span.first
    last = years.last if span.last is None else span.last
    if first is not None and last is not None and first > last:
        return span
    return Years(first, last)


def _is_outside(wish: Wish, years: Years) -> bool:
    """Whether a wish is for a decade none of whose years may be."""
    value = wish.condition.value
    if not wish.wanted or not (len(value) == 5 and value[:4].isdigit() and value.endswith("0s")):
        return False
    first = decade_of(value)
    is_after = years.last is not None and first > years.last
    return is_after or (years.first is not None and first + 9 < years.first)


def _words(words: tuple[str, ...], request: Request) -> tuple[str, ...]:
    if not request.words:
        return words
    kept = () if request.is_instead else tuple(one for one in words if one != request.words)
    return (*kept, request.words)[-MOST_TURNS_OF_WORDS:]


def _like(item_ids: tuple[str, ...], request: Request) -> tuple[str, ...]:
    before = () if request.is_instead and request.like else item_ids
    disliked = {item_id for item_id, opinion in request.opinions if opinion == "dislike"}
    gone = disliked.union(request.unlike)
    return tuple(i for i in dict.fromkeys((*before, *request.like)) if i not in gone)
