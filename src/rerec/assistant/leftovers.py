"""What a request asks for in words that are no value of the catalogue: "a heist in the snow".

Sentences that only tell a story ("my sister is coming over") ask for nothing where another
one does.
"""

from collections.abc import Collection, Iterator

from rerec.assistant.everyday import ASKING, CALENDAR, COMMON, NAMELESS, OWNERS, SMALL
from rerec.assistant.parts import STOP, Line
from rerec.assistant.stance import stance_of

MOST_WORDS, LONGEST = 30, 40
"""Words of a request, and characters of a word."""
TOPICAL = frozenset({"about", "involving", "theme", "topic"})
"""Words by which a sentence says what is asked for."""
WISHING = frozenset({"something", "anything", "want", "like"})
"""Words by which a sentence asks."""
SAID_OF_ONESELF = frozenset({"i", "im", "id", "ill", "ive", "'s"})


def words_left(line: Line, taken: Collection[int], nouns: Collection[str]) -> str:
    """The words of a line that may tell items apart, with spaces between; empty where none does.

    Args:
        line: a request.
        taken: places of the words that were understood.
        nouns: what items are called.

    >>> from rerec.assistant.parts import cut
    >>> words_left(Line(tuple(cut("My dog is ill. I want a film about a heist."))), (), {"film"})
    'heist'
    """
    sentences = [list(sentence) for sentence in _sentences(line)]
    asking = [one for one in sentences if _names(line, one) or _tells_topic(line, one)]
    asking = asking or [one for one in sentences if _asks(line, one, nouns)] or sentences
    gone = {*taken, *_owned(line)}
    kept = [place for one in asking for place in one if place not in gone]
    words = [place for place in kept if line.parts[place].is_word and _tells(line, place, nouns)]
    wanted = (line.parts[place].text for place in words if stance_of(line, place)[0] == "wanted")
    return " ".join(list(dict.fromkeys(wanted))[:MOST_WORDS])


def _sentences(line: Line) -> Iterator[range]:
    start = 0
    for place, part in enumerate(line.parts):
        if part.text == STOP:
            yield range(start, place)
            start = place + 1
    yield range(start, len(line.parts))


def _names(line: Line, sentence: Collection[int]) -> bool:
    return any(line.parts[place].meaning is not None for place in sentence)


def _tells_topic(line: Line, sentence: Collection[int]) -> bool:
    return any(line.parts[place].text in TOPICAL for place in sentence)


def _asks(line: Line, sentence: Collection[int], nouns: Collection[str]) -> bool:
    texts = [line.parts[place].text for place in sentence]
    return any(text in WISHING or text in nouns for text in texts)


def _tells(line: Line, place: int, nouns: Collection[str]) -> bool:
    """Whether a word may tell items apart; an everyday one does as part of a name ("New York")."""
    word = line.parts[place].text
    if word in SAID_OF_ONESELF or len(word) > LONGEST or (word.isdigit() and len(word) < 3):
        return False
    if _is_named(line, place):
        return True
    everyday = word in COMMON or word in ASKING or word in SMALL or word in NAMELESS
    return not everyday and word not in nouns and (len(word) > 1 or not word.isascii())


def _is_named(line: Line, place: int) -> bool:
    """Whether a capital makes a word a name: within a sentence, or before another one."""
    if not line.parts[place].is_capital or line.parts[place].text in CALENDAR or line.is_shouted:
        return False
    begins = place == 0 or line.parts[place - 1].text == STOP
    behind = line.parts[place + 1 : place + 2]
    is_small = line.parts[place].text in SMALL
    return not begins or (not is_small and any(p.is_word and p.is_capital for p in behind))


def _owned(line: Line) -> Iterator[int]:
    """Places of what somebody has: "my family" is nothing that an item should have."""
    for place in range(1, len(line.parts)):
        if line.parts[place - 1].text in OWNERS:
            yield place
