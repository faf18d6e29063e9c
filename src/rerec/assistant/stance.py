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
    {("other", "than"), ("apart", "from"), ("stay", "away"), ("keep", "away"), ("free", "of")}
)
ALL = frozenset({"any", "anything", "everything", "all", "every", "anyone"})
"""Up to three words before "but" or "except": what follows is unwanted."""
AUXILIARIES = frozenset({"do", "does", "did", "is", "can", "could", "am", "im"})
"""They belong to the refusal behind them: "do not"."""
PASSED_OVER = word_set(
    """
    stand bear fancy
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
    for at in range(len(words) - 1, -1, -1):
        said = _said_at(words, at)
        if said == "wanted":
            break
        if said is not None:
            first = at - (at > 0 and words[at - 1] in AUXILIARIES)
            return said, range(place - len(words) + first, place)
        is_alternative = words[at + 1 : at + 2] in (("or",), ("nor",))
        if words[at] not in PASSED_OVER and not is_alternative:
            break
    return "wanted", range(place, place)


def _said_at(words: Sequence[str], at: int) -> Stance | None:
    """What the words around one of some words say; None where they say nothing."""
    word, behind, three = words[at], words[at : at + 2], words[at : at + 3]
    before = (words[at - 1], word) if at else ("", word)
    if before in WANTED_PAIRS:
        return "wanted"
    if three in WITHDRAWN_THREES or {before, behind} & WITHDRAWN_PAIRS or word in WITHDRAWN:
        return "withdrawn"
    if before in UNWANTED_PAIRS or (before[0] in WEARY and word in {"of", "with"}):
        return "wanted" if "get" in words[:at] else "unwanted"
    if word in {"but", "except"} and not ALL.isdisjoint(words[max(at - 3, 0) : at]):
        return "unwanted"
    return "unwanted" if word in UNWANTED else None
