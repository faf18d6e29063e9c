"""From when an item may be: "before 1980", "the nineties", "between 1970 and 1985", "older than T".

A decade that the catalogue has as a value is left to be found as one ("from the 1990s"), unless
words make a span of it ("early 90s", "before the 90s", "the 70s or 80s").
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from rerec.assistant.exchange import Years
from rerec.assistant.parts import ITEM, Line, Part, pattern
from rerec.assistant.synonyms import DECADES

_Y = r"(?:1[5-9]\d\d|20\d\d)"
_D = rf"(?:(?:(?:1[5-9]|20)\d0|[2-9]0)(?:s| 's)|{'|'.join(DECADES.values())})"
_AT = rf"(?:year )?(?P<at>{_D}|{_Y})"
_FROM = "(?:(?:from|in|of|made in|released in|published in) )?(?:the )?"
_NOT = (
    "(?P<not>(?:(?:not|nothing|no|none|dont|never|isnt)(?: (?:made|anything|film|films|movie|movies"
    "|book|books|that|is|was|want|from|a|one|ones|any|released|published))* )?)"
)
_EARLIER = "before|older than|earlier than|pre|prior to|up to|until|till|no later than"
_LATER = (
    "after|newer than|later than|more recent than|younger than|post|since|from|starting in"
    "|no earlier than|past"
)
_INCLUDING = frozenset(
    {"since", "starting in", "up to", "until", "till", "no later than", "no earlier than"}
)
"""What a limit follows that is itself within."""
_BETWEEN = pattern(
    rf"(?:between |from )?(?:the )?(?P<a>{_D}|{_Y}) (?:and|to|until|till|or|through) ",
    rf"(?:the )?(?P<b>{_D}|{_Y})",
)
_BOUND = pattern(
    rf"{_NOT}(?:made |released |published |from )?(?P<word>{_EARLIER}|{_LATER}) ",
    "(?:the )?(?:year )?",
    rf"(?:(?P<part>early|mid|late) )?(?P<at>{_D}|{_Y}|T)",
    "(?P<on> on| onwards?| and up| (?:and|or) (?:later|after|newer|earlier|before|older))?",
)
_BEHIND = pattern(
    rf"{_FROM}{_AT} (?:or|and) (?P<word>later|newer|after|onwards?|earlier|before|older)"
)
_PART = pattern(rf"{_FROM}(?P<part>early|mid|late) (?P<at>{_D})")
_ONE = pattern(rf"{_FROM}{_AT}")
_RELATIVE = pattern(
    "(?<!or )(?<!my )(?<!our )(?<!an )(?<!his )(?<!her )",
    "(?P<word>older|newer|earlier|later|more recent|more modern|younger)",
    "(?= (?:ones?|films?|movies?|pictures?|books?|items?|please|though|instead|and|but|[.,]) | $)",
)
_RECENT = pattern("recent|brand new|from recent years|modern|contemporary")
FEW_YEARS = 10
"""So many years up to the newest item are recent."""
_SPANS = {None: (0, 9), "early": (0, 3), "mid": (4, 6), "late": (7, 9)}
"""The years of a decade that are meant."""


Ends = tuple[int, int]
"""The first and last year of a span."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One span of time of a request."""

    years: Years
    places: range


def spells(
    line: Line,
    *,
    year_of: Callable[[Part], Ends | None],
    focus: Ends | None,
    newest: int | None,
    has_decade: Callable[[int], bool],
) -> list[Spell]:
    """The spans of time that a request speaks of.

    Args:
        line: the request, items recognised, decades as they are written.
        year_of: the first and last year of the items that a part stands for.
        focus: those of what was recommended last; None where nothing was, or without a year.
        newest: the year of the newest item.
        has_decade: whether a decade, by its first year, is a value of the catalogue.
    """
    known = _Known(line, year_of, focus, newest, has_decade)
    found: list[Spell] = []
    taken: set[int] = set()
    for sought, reading in _READINGS:
        for match in sought.finditer(line.text):
            places = line.span(match)
            years = reading(match, known) if taken.isdisjoint(places) else None
            if years is not None:
                found.append(Spell(years, places))
                taken.update(places)
    return sorted(found, key=lambda spell: spell.places.start)


@dataclass(frozen=True)
class _Known:
    """A line, and what is known beside it."""

    line: Line
    year_of: Callable[[Part], Ends | None]
    focus: Ends | None
    newest: int | None
    has_decade: Callable[[int], bool]

    def ends(self, match: re.Match[str], group: str, part: str | None = None) -> Ends | None:
        """The first and last year of what a group of a match says."""
        said = match[group]
        if said == ITEM:
            return self.year_of(self.line.parts[self.line.span(match, group).start])
        if said.isdigit():
            return int(said), int(said)
        first = decade_of(said)
        begin, end = _SPANS[part]
        return first + begin, first + end


def decade_of(said: str) -> int:
    """The first year of a decade in words.

    >>> decade_of("90s"), decade_of("nineties"), decade_of("1930 's"), decade_of("2010s")
    (1990, 1990, 1930, 2010)
    """
    for short, word in DECADES.items():
        if said == word:
            return 1900 + int(short)
    digits = int(re.sub(r"\D", "", said))
    return digits if digits > 100 else 1900 + digits


def _between(match: re.Match[str], known: _Known) -> Years | None:
    years = (*(known.ends(match, "a") or ()), *(known.ends(match, "b") or ()))
    return Years(min(years), max(years)) if years else None


def _bound(match: re.Match[str], known: _Known) -> Years | None:
    word, on = match["word"], match["on"] or ""
    ends = known.ends(match, "at", match["part"])
    # "After Heat I want more" tells no time, "newer than Heat" does.
    if ends is None or (match["at"] == ITEM and "than" not in word):
        return None
    if word != "from":
        return _limited(ends, word, is_not=bool(match["not"]))
    return _onwards(ends, on) if on else None


def _limited(ends: Ends, word: str, *, is_not: bool = False) -> Years:
    """Before or after some years, or with them where the word takes them in."""
    first, last = ends
    is_earlier = re.fullmatch(_EARLIER, word) is not None
    if word in _INCLUDING:
        return Years(None, last) if is_earlier else Years(first, None)
    if is_not:  # "nothing before 1980" leaves 1980 itself
        return Years(first, None) if is_earlier else Years(None, last)
    return Years(None, first - 1) if is_earlier else Years(last + 1, None)


def _onwards(ends: Ends, way: str) -> Years:
    """From some years on, or up to them: "1994 or later", "1994 and before"."""
    is_earlier = re.search("earlier|before|older", way) is not None
    return Years(None, ends[1]) if is_earlier else Years(ends[0], None)


def _behind(match: re.Match[str], known: _Known) -> Years | None:
    ends = known.ends(match, "at")
    return _onwards(ends, match["word"]) if ends else None


def _part(match: re.Match[str], known: _Known) -> Years | None:
    ends = known.ends(match, "at", match["part"])
    return Years(*ends) if ends else None


def _one(match: re.Match[str], known: _Known) -> Years | None:
    if not match["at"].isdigit() and known.has_decade(decade_of(match["at"])):
        return None
    ends = known.ends(match, "at")
    return Years(*ends) if ends else None


def _relative(match: re.Match[str], known: _Known) -> Years | None:
    is_earlier = match["word"] in {"older", "earlier"}
    return _limited(known.focus, "before" if is_earlier else "after") if known.focus else None


def _recent(match: re.Match[str], known: _Known) -> Years | None:
    del match  # one word is as good as another
    return None if known.newest is None else Years(known.newest - FEW_YEARS + 1, None)


_READINGS = (
    (_BETWEEN, _between),
    (_BOUND, _bound),
    (_BEHIND, _behind),
    (_PART, _part),
    (_ONE, _one),
    (_RELATIVE, _relative),
    (_RECENT, _recent),
)
