"""Whether what a request names is wanted, unwanted, or no longer asked for.

Told by the words before it, as far back as they belong to it: "no horror", "not a film with V",
"anything but V", "never mind V". "Nothing but V" and "not only V" want it.
"""

from collections.abc import Sequence
from typing import Literal

from rerec.assistant.everyday import word_set
from rerec.assistant.parts import Line

Stance = Literal["wanted", "unwanted", "withdrawn"]
MOST_BACK = 10
UNWANTED = word_set(
    """
    not no without avoid avoiding except excluding exclude excludes minus sans neither nor
    nobody never nothing dont doesnt didnt isnt arent wasnt wont shouldnt cant cannot hate
    hates hated dislike dislikes skip besides aint wouldnt
    """
)
WEARY = frozenset({"tired", "sick", "enough", "bored", "weary", "fed"})
"""With "of" or "up with": unwanted."""
WITHDRAWN = word_set(
    """
    forget nevermind drop ignore scrap remove disregard regardless lose lift
    """
)
WITHDRAWN_PAIRS = frozenset(
    {("never", "mind"), ("instead", "of"), ("rather", "than"), ("no", "matter"), ("no", "need"),
     ("dont", "need"), ("not", "necessarily"), ("doesnt", "need"), ("dont", "care"), ("let", "go")}
)  # fmt: skip
WITHDRAWN_THREES = frozenset(
    {("doesnt", "have", "to"), ("not", "have", "to"), ("not", "need", "to"), ("dont", "have", "to"),
     ("doesnt", "need", "to"), ("neednt", "be", "a")}
)  # fmt: skip
WANTED_PAIRS = frozenset(
    {("nothing", "but"), ("none", "but"), ("not", "only"), ("not", "just"), ("no", "doubt"),
     ("why", "not"), ("cant", "stop"), ("cant", "resist"), ("dont", "mind"), ("cant", "wait"),
     ("nothing", "except"), ("not", "mind"), ("never", "tire"), ("no", "problem"), ("no", "idea"),
     ("nothing", "beats"), ("not", "without"), ("get", "enough")}
)  # fmt: skip
UNWANTED_PAIRS = frozenset(
    {
        (word, but)
        for word in ("anything", "everything", "all", "anyone")
        for but in ("but", "except")
    }
    | {("other", "than"), ("apart", "from"), ("stay", "away"), ("keep", "away"), ("free", "of")}
)
PASSED_OVER = word_set(
    """
    a an the any more of to with by from in on for that which is are was were be being it
    its this these those film films movie movies picture pictures book books item items
    product products one ones something anything thing things starring featuring directed
    written made produced who whom whose too very so really much please another again want
    wants wanted like likes need see watch read kind kinds type types genre genres sort mood
    big fan into have has having at all about particularly especially exactly quite just
    also set ever today tonight now interested feel feeling feels watching seeing reading
    director actor actress writer author some such got us me give show play plays appear
    appears him her or and another
    """
)
"""Words between a refusal and what it refuses."""


def stance_of(line: Line, place: int) -> tuple[Stance, range]:
    """What a request makes of what stands at a place, and the words that say so.

    >>> from rerec.assistant.parts import cut
    >>> line = Line(tuple(cut("Nothing scary, and I do not want a film from France")))
    >>> stance_of(line, 1)[0], stance_of(line, 11)[0], stance_of(line, 5)[0]
    ('unwanted', 'unwanted', 'wanted')
    """
    words = line.words_before(place, MOST_BACK)
    for back in range(1, len(words) + 1):
        at = len(words) - back
        word, pair, three = words[at], tuple(words[at - 1 : at + 1]), tuple(words[at : at + 3])
        where = range(place - back, place)
        if at and pair in WANTED_PAIRS:
            break
        if three in WITHDRAWN_THREES or words[at : at + 2] in WITHDRAWN_PAIRS:
            return "withdrawn", where
        if at and pair in WITHDRAWN_PAIRS:
            return "withdrawn", range(place - back - 1, place)
        if at and (pair in UNWANTED_PAIRS or (pair[0] in WEARY and word in {"of", "with"})):
            if pair == ("enough", "of") and "get" in words[:at]:
                break
            return "unwanted", range(place - back - 1, place)
        if word in WITHDRAWN:
            return "withdrawn", where
        if word in UNWANTED:
            return "unwanted", _whole(words, at, place, where)
        if word not in PASSED_OVER:
            break
    return "wanted", range(place, place)


def _whole(words: Sequence[str], at: int, place: int, where: range) -> range:
    """With the verb before a refusal: "do not"."""
    is_verb = at > 0 and words[at - 1] in {"do", "does", "did", "is", "can", "could", "am", "im"}
    return range(where.start - 1, place) if is_verb else where
