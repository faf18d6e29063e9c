"""What "that", "the second one", "him" and "the same director" point at.

A word that points at an item counts only where the words before it say so ("seen that", "older than
it"); one that points at a person goes by the last person that was spoken of.
"""

import re
from collections.abc import Callable, Sequence

from rerec.assistant.opinions import BAD, GOOD
from rerec.assistant.parts import ITEM, VALUE, Line, Meaning, Part, pattern

ORDINALS = {
    "first": 0, "1st": 0, "top": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3,
    "4th": 3, "fifth": 4, "5th": 4, "sixth": 5, "seventh": 6, "eighth": 7, "ninth": 8, "tenth": 9,
    "last": -1,
}  # fmt: skip
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5} | {str(n): n for n in range(1, 11)}
_POINTED_AT = (
    "like|liked|loved|love|enjoyed|enjoy|adored|adore|hated|hate|disliked|dislike|seen|watched|saw"
    "|read|finished|know|than|to|not|of|behind|directed|wrote|made|scripted|as(?! it )|in|stand"
    "|used|tried"
)
_NOUN = "(?:ones?|films?|movies?|pictures?|books?|items?|products?|titles?)"
_NTH = rf"(?:the )?(?P<nth>{'|'.join(ORDINALS)})(?: (?P<many>{'|'.join(NUMBERS)}))?(?: {_NOUN})?"
_NUMBER = rf"(?:number|no|nr) (?P<number>{'|'.join(NUMBERS)})"
_THAT = rf"(?P<that>(?:that|this)(?: {_NOUN})?|it)"
_SEVERAL = (
    rf"(?P<several>(?:all )?(?:of )?(?:them|those|these)(?: (?:all|two|three))?(?: {_NOUN})?"
    "|both(?: of (?:them|those))?)"
)
_ITEM = pattern(
    rf"(?:{_POINTED_AT}) (?:(?:really|just|already|both|even) )?",
    rf"(?P<all>{_NTH}|{_NUMBER}|{_SEVERAL}|{_THAT})",
)
_ITEM_FIRST = pattern(
    rf"(?P<all>{_THAT}|{_NTH})",
    "(?= (?:(?:ive|i have|we have|weve) (?:already )?(?:seen|watched|read)",
    rf"|(?:was|is|looks|sounds) (?:\w+ ){{0,2}}(?:{GOOD}|{BAD})) )",
)
_PERSON = pattern(
    "(?:with|by|starring|featuring|not|without|from|no|except|of) (?:more )?(?P<who>him|her|he|she",
    "|them|that (?:actor|actress|director|writer|author|guy|person|man|woman))",
)


def pointed_items(line: Line, focus: Sequence[int]) -> Line:
    """The line with an item in the place of every word that points at one.

    Args:
        line: a request.
        focus: rows of what was recommended last, best first.
    """
    named: list[tuple[int, Sequence[int]]] = [
        (place, part.meaning.rows[:1])
        for place, part in enumerate(line.parts)
        if part.text == ITEM and part.meaning is not None
    ]
    spans: dict[int, tuple[range, Part]] = {}
    matches = (*_ITEM.finditer(line.text), *_ITEM_FIRST.finditer(line.text))
    for found in sorted(matches, key=lambda match: match.start("all")):
        places = line.span(found, "all")
        before = [rows for place, rows in named if place < places.start]
        rows = _rows(found.groupdict(), before, focus)
        if rows and places.start not in spans:
            named.append((places.start, rows))
            meaning = Meaning(rows=tuple(rows), is_reference=True)
            spans[places.start] = (places, line.one(places, ITEM, meaning))
    return line.replaced(spans.values())


def same_as_shown(line: Line, nouns: Sequence[str], focus: Sequence[int]) -> Line:
    """The line with "the same director" said in full: the same director as what was shown first.

    Args:
        line: a request.
        nouns: names of relations.
        focus: rows of what was recommended last, best first.
    """
    if not focus:
        return line
    same = pattern(rf"same (?:{'|'.join(map(re.escape, nouns))})(?! as )")
    spans = []
    for found in same.finditer(line.text):
        last = line.parts[line.span(found).stop - 1]
        place = line.span(found).stop
        item = Part(ITEM, last.end, last.end, meaning=Meaning(rows=(focus[0],), is_reference=True))
        as_ = Part("as", last.end, last.end)
        spans.append((range(place, place), as_))
        spans.append((range(place, place), item))
    return line.replaced(spans)


def pointed_people(line: Line, people: Sequence[int], is_person: Callable[[int], bool]) -> Line:
    """The line with a value in the place of every word that points at a person.

    Args:
        line: a request whose values are recognised.
        people: columns of the person of whom was spoken last; none where there was nobody.
        is_person: whether a column names somebody.
    """
    spans = []
    for found in _PERSON.finditer(line.text):
        places = line.span(found, "who")
        columns = _people_before(line, places.start, is_person) or tuple(people)
        if columns:
            meaning = Meaning(columns=columns, is_reference=True)
            spans.append((places, line.one(places, VALUE, meaning)))
    return line.replaced(spans)


def points_at_people(line: Line) -> bool:
    """Whether a word points at a person."""
    return _PERSON.search(line.text) is not None


def _rows(
    said: dict[str, str | None], before: Sequence[Sequence[int]], focus: Sequence[int]
) -> Sequence[int]:
    """The rows that a reference points at: what was named before it, else what was shown."""
    if said.get("several"):
        return [row for rows in before for row in rows] or focus
    if said["that"]:
        return before[-1] if before else focus[:1]
    if said.get("number"):
        at = NUMBERS[said["number"] or ""] - 1
        return focus[at : at + 1]
    at, many = ORDINALS[said["nth"] or ""], NUMBERS.get(said["many"] or "", 1)
    return focus[-many:] if at < 0 else focus[at : at + many]


def _people_before(line: Line, place: int, is_person: Callable[[int], bool]) -> tuple[int, ...]:
    named = (part.meaning.columns for part in line.parts[:place] if part.meaning is not None)
    people = [columns for columns in named if columns and is_person(columns[0])]
    return people[-1] if people else ()
