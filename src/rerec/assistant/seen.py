"""How a name is marked where it stands: quotes, capitals, a year behind it, the words beside it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rerec.assistant.everyday import ASKING, COMMON, SMALL, word_set
from rerec.assistant.opinions import VERDICTS
from rerec.assistant.parts import MARKS, QUOTES, STOP, Line, Part

ITEM_CUES = word_set(
    """
    like than loved liked enjoyed enjoy adored hated disliked seen watched saw read love
    hate after resembles recommend
    """
)
"""Before an item, in whatever letters."""
ASKING_ABOUT = frozenset({"what", "how", "care", "forget", "mind"})
"""With "about" they name no topic: "what about"."""
WAS = frozenset({"was", "were", "is", "are"})
ITEM_CUE_PAIRS = frozenset({("similar", "to"), ("close", "to"), ("such", "as"), ("akin", "to")})
_END_MARKS = re.compile(r"[.!?]+$")
_YEAR = re.compile(r"(?:18|19|20)\d\d")


@dataclass(frozen=True)
class Seen:
    """A name where it stands, and how it is marked there."""

    text: str
    """The request as it was written."""
    line: Line
    places: range
    """Where it stands among the parts of the line."""
    is_shouted: bool
    """Whether capitals say nothing in this request."""

    @property
    def parts(self) -> Sequence[Part]:
        """Its words and the marks within."""
        return self.line.parts[self.places.start : self.places.stop]

    @property
    def words(self) -> list[str]:
        """Its words, evened out."""
        return [part.text for part in self.parts if part.is_word]

    @property
    def word_before(self) -> str:
        """The word right before it; empty where there is none."""
        return "".join(self.line.words_before(self.places.start, 1))

    @property
    def word_behind(self) -> str:
        """The word right behind it; empty where there is none."""
        return "".join(self.line.words_behind(self.places.stop, 1))

    @property
    def is_common(self) -> bool:
        """Whether all of its words are everyday words."""
        return all(word in COMMON for word in self.words)

    @property
    def is_calendar(self) -> bool:
        """Whether it tells a time: "on Friday", "in May"."""
        return (
            len(self.parts) == 1
            and self.word_before in {"on", "in", "last", "next", "this", "by"}
            and self.is_common
        )

    @property
    def begins(self) -> bool:
        """Whether a sentence begins with it, so that its first capital says nothing."""
        return _begins(self.line, self.places.start)

    @property
    def is_capital_at_the_beginning(self) -> bool:
        """Whether it is one word with a capital that may be there for the sentence alone."""
        return len(self.words) == 1 and self.begins and self.parts[0].is_capital

    @property
    def is_a_topic(self) -> bool:
        """Whether "about" stands before it, and not in "what about"."""
        before = self.line.words_before(self.places.start, 4)
        return "about" in before[1:] and not ASKING_ABOUT & set(before)

    @property
    def stands_alone(self) -> bool:
        """Whether it has marks, or nothing, on both sides."""
        sides = self.line.parts[max(self.places.start - 1, 0) : self.places.stop + 1]
        return all(part.text in MARKS for part in sides if part not in self.parts)

    @property
    def is_quoted(self) -> bool:
        """Whether quotes stand around it."""
        start, end = self.parts[0].start, self.parts[-1].end
        behind = self.text[end : end + 2].lstrip(",.!?")[:1]
        return start > 0 and self.text[start - 1] in QUOTES and behind in QUOTES and behind != ""

    @property
    def stop_of_marks(self) -> int:
        """The place behind the marks that touch its end ("When Harry Met Sally...")."""
        stop = self.places.stop
        while stop < len(self.line.parts) and self.line.parts[stop].text == STOP:
            if self.line.parts[stop].start > self.line.parts[stop - 1].end:
                break
            stop += 1
        return stop

    @property
    def year_behind(self) -> int | None:
        """The year in brackets right behind it."""
        stop = self.stop_of_marks
        behind = [part.text for part in self.line.parts[stop : stop + 3]]
        is_year = len(behind) == 3 and behind[0] == "(" and behind[2] == ")"
        return int(behind[1]) if is_year and _YEAR.fullmatch(behind[1]) else None

    def with_marks_of(self, title: str) -> range:
        """Its places, with the marks at its end that a title has too."""
        marks = _END_MARKS.search(title)
        if marks is None or not self.text.startswith(marks[0], self.parts[-1].end):
            return self.places
        stop = min(self.stop_of_marks, self.places.stop + len(marks[0]))
        return range(self.places.start, stop)

    @property
    def is_capital(self) -> bool:
        """Whether its words have capitals as a name's do, and not only for beginning a sentence."""
        bare = [part for part in self.parts if part.is_word and part.text not in SMALL]
        named = [part for part in bare if not part.text[0].isdigit() and part.text != "'s"]
        if self.is_caseless:
            return self.stands_apart or len(self.spelling) > 2
        if self.is_shouted or not named or not all(part.is_capital for part in named):
            return False
        return len(named) > 1 or not self.begins or named[0] is not self.parts[0]

    @property
    def spelling(self) -> str:
        """It as it is written."""
        return self.text[self.parts[0].start : self.parts[-1].end]

    @property
    def is_caseless(self) -> bool:
        """Whether it is in a script without capitals."""
        return self.spelling.lower() == self.spelling.upper() and not self.spelling.isascii()

    @property
    def stands_apart(self) -> bool:
        """Whether no letter touches it, as letters do in scripts without spaces."""
        start, end = self.parts[0].start, self.parts[-1].end
        return not (self.text[max(start - 1, 0) : start] + self.text[end : end + 1]).isalnum()

    @property
    def is_spelled_in_capitals(self) -> bool:
        """Whether all of its letters are capitals, as in "US"."""
        return self.spelling.isupper() and not self.is_shouted

    @property
    def has_capitals(self) -> bool:
        """Whether the request has capitals that say something."""
        return any(part.is_capital for part in self.line.parts) and not self.is_shouted

    @property
    def is_item_cued(self) -> bool:
        """Whether the words around it speak of an item."""
        was, *verdict = (*self.line.words_behind(self.places.stop, 4), "")
        if was in WAS and not VERDICTS.isdisjoint(verdict):
            return True
        if self.word_before in ITEM_CUES:
            return True
        return self.line.words_before(self.places.start, 2) in ITEM_CUE_PAIRS

    @property
    def is_in_a_longer_name(self) -> bool:
        """Whether it is one word beside another with a capital: "Emma" in "Emma Smith"."""
        if len(self.parts) > 1 or self.is_shouted:
            return False
        return any(self._is_named(place) for place in (self.places.start - 1, self.places.stop))

    def _is_named(self, place: int) -> bool:
        if not 0 <= place < len(self.line.parts):
            return False
        part = self.line.parts[place]
        own = self.parts[0]
        gap = self.text[min(part.end, own.end) : max(part.start, own.start)]
        is_name = part.is_word and part.is_capital and part.text not in COMMON | ASKING
        return is_name and gap.isspace() and not _begins(self.line, place)


def is_shouted(text: str, line: Line) -> bool:
    """Whether a text has so many capitals that they say nothing."""
    words = [part for part in line.parts if part.is_word and not part.text[0].isdigit()]
    if text.isupper():
        return True
    everyday = [part for part in words if part.text in COMMON | ASKING and part.text not in SMALL]
    return len(words) > 5 and len(everyday) > 2 and all(part.is_capital for part in words)


def _begins(line: Line, place: int) -> bool:
    return place == 0 or line.parts[place - 1].text == STOP
