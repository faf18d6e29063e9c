"""What a request asks for in words that are no value of the catalogue: "a heist in the snow".

Sentences that only tell a story ("my sister is coming over") ask for nothing, where another one asks.
"""

from collections.abc import Collection, Iterator

from rerec.assistant.everyday import ASKING, COMMON, NAMELESS, OWNERS, SMALL
from rerec.assistant.parts import STOP, Line

TOPICAL = frozenset({"about", "something", "anything", "involving", "theme", "topic", "set"})
"""Words by which a sentence asks."""


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
    asking = [sentence for sentence in sentences if _asks(line, sentence, nouns)]
    kept = (place for sentence in asking or sentences for place in sentence)
    taken = {*taken, *_owned(line)}
    words = (
        line.parts[place].text for place in kept if place not in taken and line.parts[place].is_word
    )
    return " ".join(dict.fromkeys(word for word in words if _tells(word, nouns)))


def _sentences(line: Line) -> Iterator[range]:
    start = 0
    for place, part in enumerate(line.parts):
        if part.text == STOP:
            yield range(start, place)
            start = place + 1
    yield range(start, len(line.parts))


def _asks(line: Line, sentence: Collection[int], nouns: Collection[str]) -> bool:
    parts = [line.parts[place] for place in sentence]
    return any(
        part.meaning is not None or part.text in TOPICAL or part.text in nouns for part in parts
    )


def _tells(word: str, nouns: Collection[str]) -> bool:
    everyday = word in COMMON or word in ASKING or word in SMALL or word in NAMELESS
    return (
        not everyday
        and word not in nouns
        and word != "'s"
        and (len(word) > 1 or not word.isascii())
    )


def _owned(line: Line) -> Iterator[int]:
    """Places of what somebody has: "my family" is nothing that an item should have."""
    for place in range(1, len(line.parts)):
        if line.parts[place - 1].text in OWNERS:
            yield place
