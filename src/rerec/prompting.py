"""Words to the model and back: messages, reasoning segments, the boxed answer.

Pure text: which facts are shown and what an answer is worth is decided elsewhere.
"""

import re
from dataclasses import dataclass

from rerec.records import Segment

BOX = "\\boxed{"
_BRACES = re.compile(r"\\boxed\{|\{|\}")  # three literals: a third of the time of `[{}]`
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n\s*")


@dataclass(frozen=True, slots=True)
class Boxed:
    """The last box of a response: its text, and where it stands."""

    text: str
    start: int
    end: int
    """Character offsets of the whole box, `\\boxed{` and its brace included."""


def find_box(response: str) -> Boxed | None:
    r"""The last complete `\boxed{...}` of a response, braces balanced; None where there is none.

    Only what follows the last `</think>` counts: an answer rehearsed inside a thought is not paid.

    >>> find_box("so \\boxed{Heat} or \\boxed{Se{v}en (1995)}").text
    'Se{v}en (1995)'
    >>> find_box("\\boxed{never closed") is None
    True
    """
    floor = response.rfind("</think>") + 1
    last: tuple[int, int] | None = None
    open_at: list[int] = []  # -1 for a brace that opens no box
    for match in _BRACES.finditer(response, floor):
        if match.group() != "}":
            open_at.append(match.start() if match.group() == BOX else -1)
        elif open_at:
            start = open_at.pop()
            if start >= 0 and (last is None or start > last[0]):
                last = (start, match.end())
    if last is None:
        return None
    return Boxed(response[last[0] + len(BOX) : last[1] - 1].strip(), *last)


def boxed_titles(text: str) -> list[str]:
    """The titles in a box, best first: separated by `;`.

    >>> boxed_titles(" Heat (1995); Ronin (1998) ;")
    ['Heat (1995)', 'Ronin (1998)']
    """
    return [title.strip() for title in text.split(";") if title.strip()]


def write_answer(titles: list[str]) -> str:
    r"""The answer line that `find_box` and `boxed_titles` read back.

    >>> write_answer(["Heat (1995)"])
    '\\boxed{Heat (1995)}'
    """
    return BOX + "; ".join(titles) + "}"


def segments(response: str) -> list[Segment]:
    r"""Paragraphs of a response (blank-line separated), the line of the answer apart.

    Source: section 3.3 of arXiv 2604.07851 (reasoning segments). Ours: where the answer line stands
    inside a paragraph, what is before and after it are segments of their own. Offsets exclude the
    white space between segments; every other character is in exactly one segment.

    >>> text = "Heat fits.\n\nRonin lacks crime.\n\\boxed{Heat}"
    >>> [(text[s.start:s.end], s.is_answer) for s in segments(text)]
    [('Heat fits.', False), ('Ronin lacks crime.', False), ('\\boxed{Heat}', True)]
    """
    box = find_box(response)
    if box is None:
        return _paragraphs(response, 0, len(response))
    start = response.rfind("\n", 0, box.start) + 1
    end = response.find("\n", box.end)
    end = len(response) if end < 0 else end
    answer = [Segment(s.start, s.end, is_answer=True) for s in _trimmed(response, start, end)]
    return [*_paragraphs(response, 0, start), *answer, *_paragraphs(response, end, len(response))]


def _paragraphs(text: str, start: int, end: int) -> list[Segment]:
    found: list[Segment] = []
    for gap in _BLANK_LINE.finditer(text, start, end):
        found += _trimmed(text, start, gap.start())
        start = gap.end()
    return found + _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> list[Segment]:
    piece = text[start:end]
    body = piece.strip()
    if not body:
        return []
    start += len(piece) - len(piece.lstrip())
    return [Segment(start, start + len(body))]
