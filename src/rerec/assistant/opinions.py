"""What a request says of items: liked, disliked, seen, or what the others should be like.

"I loved Heat and have seen the second one": opinions stand before an item ("loved T") or behind it
("T was great"). An item that is only named is one that the others should be like.
"""

import re
from dataclasses import dataclass, replace

from rerec.assistant.exchange import Opinion, State
from rerec.assistant.parts import ITEM, Line, pattern

_ITEMS = "(?P<items>T(?:(?: (?:,|and|then|or|also|plus|both)){1,3} T){0,20})"
_HOW = (
    "(?:(?:really|very|so|much|all|already|quite|just|also|both|even|that|the|first|then|of|not)"
    " ){0,6}"
)
_NO = r"(?:not|didnt|dont|never|doesnt|havent|hasnt|wasnt)"
GOOD = (
    "great|good|wonderful|awesome|perfect|fantastic|excellent|amazing|brilliant|lovely|superb|fun"
    "|right|nice|terrific|marvellous|fabulous"
)
BAD = "bad|awful|terrible|boring|horrible|dull|poor|dreadful|rubbish|disappointing|overrated"
VERDICTS = frozenset(f"{GOOD}|{BAD}".split("|"))
"""What somebody says that something was."""
_WAS = "(?:was|were|is|are|'s)"
_SEEN = "(?:seen|watched|saw|read|finished|tried|used)"
_LOVED = "(?:like|liked|love|loved|enjoy|enjoyed|adore|adored)"
_ENDS = "(?= (?:[.,)]|and|but|or|please|again|one|either|though|anymore) | $)"
_OPINIONS: tuple[tuple[re.Pattern[str], Opinion | None], ...] = (
    (pattern(rf"{_NO} (?:yet )?{_SEEN} {_HOW}{_ITEMS}"), None),
    (pattern(rf"(?:less like|unlike|nothing like|not like) {_ITEMS}"), "dislike"),
    (pattern(rf"{_NO} {_HOW}{_LOVED} {_HOW}{_ITEMS}"), "dislike"),
    (
        pattern(
            "(?:hated|hate|disliked|dislike|loathed|loathe|cant stand|couldnt stand)",
            rf" {_HOW}{_ITEMS}",
        ),
        "dislike",
    ),
    (
        pattern(rf"(?:not|no|except|without|anything but|everything but) {_ITEMS}{_ENDS}"),
        "dislike",
    ),
    (
        pattern(rf"(?:loved|liked|enjoyed|adored|love|adore|enjoy|fan of|fond of) {_HOW}{_ITEMS}"),
        "like",
    ),
    (pattern(rf"(?:i|we|really|also|do|did|still) like {_HOW}{_ITEMS}"), "like"),
    (pattern(rf"{_ITEMS} {_WAS} not {_HOW}(?:{GOOD})"), "dislike"),
    (pattern(rf"{_ITEMS} {_WAS} (?:\w+ ){{0,2}}(?:{GOOD})"), "like"),
    (pattern(rf"{_ITEMS} {_WAS} (?:\w+ ){{0,2}}(?:{BAD})"), "dislike"),
    (pattern(rf"(?<!you )(?:{_SEEN}|know) {_HOW}{_ITEMS}"), "seen"),
    (pattern(rf"{_ITEMS} (?:ive|i have|we have|weve) (?:already )?{_SEEN}"), "seen"),
)
"""What is said around items; of two that fit, the first counts."""
_LIKE = pattern(
    "(?:like|similar to|resembles|resembling|as|close to|akin to|vein of|style of|spirit of",
    rf"|comparable to|reminds me of|remind me of|same as) {_HOW}{_ITEMS}",
)
_DROPPED = pattern(
    rf"(?:forget|forget about|never mind|drop|ignore|instead of|rather than) {_ITEMS}"
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said of items, by row."""

    opinions: tuple[tuple[int, Opinion], ...] = ()
    like: tuple[int, ...] = ()
    """What the others should be like."""
    dropped: tuple[int, ...] = ()
    """What they need no longer be like."""
    places: frozenset[int] = frozenset()
    """Places of the words that say it."""


def spoken_of(line: Line) -> Spoken:
    """What a line says of its items.

    Args:
        line: without the items of hints, comparisons and corrections.
    """
    opinions: list[tuple[int, Opinion]] = []
    taken: set[int] = set()
    words: set[int] = set()
    for said, opinion in _OPINIONS:
        for found in said.finditer(line.text):
            new = [place for place in _items(line, found) if place not in taken]
            taken.update(new)
            words.update(line.span(found))
            if opinion is not None:
                opinions += [(row, opinion) for place in new for row in _rows(line, place)]
    dropped = [place for found in _DROPPED.finditer(line.text) for place in _items(line, found)]
    taken.update(dropped)
    like = [place for found in _LIKE.finditer(line.text) for place in _items(line, found)]
    plain = [place for place in _all_items(line) if not _is_reference(line, place)]
    like = [place for place in dict.fromkeys(like + plain) if place not in taken]
    for said in (_LIKE, _DROPPED):
        words.update(place for found in said.finditer(line.text) for place in line.span(found))
    return Spoken(
        tuple(opinions),
        tuple(row for place in sorted(like) for row in _rows(line, place)),
        tuple(row for place in dropped for row in _rows(line, place)),
        frozenset(words),
    )


def with_opinion(state: State, item_id: str, opinion: Opinion | None) -> State:
    """The state once the person has said what they think of an item.

    Args:
        state: as it was.
        item_id: the item.
        opinion: replaces what was said of it before; "seen" leaves a like or dislike as it is,
            and None takes everything back.

    >>> state = with_opinion(State(disliked=("7",)), "7", "like")
    >>> state.liked, state.disliked
    (('7',), ())
    """
    if opinion == "seen":
        return replace(state, seen=_with(state.seen, item_id))
    liked, disliked = _without(state.liked, item_id), _without(state.disliked, item_id)
    if opinion is None:
        return replace(state, liked=liked, disliked=disliked, seen=_without(state.seen, item_id))
    if opinion == "like":
        return replace(state, liked=(*liked, item_id), disliked=disliked)
    return replace(state, liked=liked, disliked=(*disliked, item_id))


def _with(item_ids: tuple[str, ...], item_id: str) -> tuple[str, ...]:
    return item_ids if item_id in item_ids else (*item_ids, item_id)


def _without(item_ids: tuple[str, ...], item_id: str) -> tuple[str, ...]:
    return tuple(other for other in item_ids if other != item_id)


def _all_items(line: Line) -> list[int]:
    return [place for place, part in enumerate(line.parts) if part.text == ITEM]


def _items(line: Line, found: re.Match[str]) -> list[int]:
    return [place for place in line.span(found, "items") if line.parts[place].text == ITEM]


def _is_reference(line: Line, place: int) -> bool:
    meaning = line.parts[place].meaning
    return meaning is not None and meaning.is_reference


def _rows(line: Line, place: int) -> tuple[int, ...]:
    """The items of a part: all that a reference points at, the likeliest that a title means."""
    meaning = line.parts[place].meaning
    if meaning is None:
        return ()
    return meaning.rows if meaning.is_reference else meaning.rows[:1]
