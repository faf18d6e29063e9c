"""What a model's answer changes: which candidate it names, and what it wrote about each.

The catalogue and the graph have the last word. A title that is no item is dropped, one that was
ruled out stays out, and a choice that meets less than another candidate stands behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rerec.assistant.exchange import Found
from rerec.catalogue.grounding import TitleIndex
from rerec.credit.segments import discussed
from rerec.prompting import boxed_titles, find_box, segments


@dataclass(frozen=True, slots=True)
class Weighed:
    """Candidates in the order in which they are shown."""

    found: tuple[Found, ...]
    chosen: frozenset[int]
    """Rows that the model named as its answer."""
    dropped: tuple[str, ...]
    """Titles in its answer that the catalogue does not have."""
    refused: tuple[int, ...]
    """Rows that it named and that are no candidates."""


def weigh(candidates: Sequence[Found], response: str, index: TitleIndex) -> Weighed:
    """Put what a model chose before what meets no more than it.

    Args:
        candidates: best first, as retrieval found them.
        response: all that the model wrote; empty where none was asked.
        index: the names of the catalogue's items.
    """
    box = find_box(response)
    if box is None:
        return Weighed(tuple(candidates), frozenset(), (), ())
    place = {found.row: n for n, found in enumerate(candidates)}
    rows = index.resolve_answer(box.text, list(place))
    chosen = [row for row in dict.fromkeys(rows) if row in place]
    rank = {row: n for n, row in enumerate(chosen)}
    order = sorted(candidates, key=lambda f: (-f.n_met, rank.get(f.row, len(rank)), place[f.row]))
    titles = [box.text] if len(rows) == 1 else boxed_titles(box.text)
    dropped = tuple(title for title, row in zip(titles, rows, strict=False) if row < 0)
    refused = tuple(row for row in dict.fromkeys(rows) if row >= 0 and row not in place)
    return Weighed(tuple(order), frozenset(chosen), dropped, refused)


def paragraphs_about(response: str, rows: Sequence[int], index: TitleIndex) -> dict[int, str]:
    """The paragraphs of a response that name an item, by row; the line of the answer left out."""
    if not response:
        return {}
    parts = segments(response)
    about: dict[int, str] = {}
    for row in rows:
        named = discussed(response, parts, index, row).tolist()
        own = [p for p, yes in zip(parts, named, strict=True) if yes and not p.is_answer]
        about[row] = "\n\n".join(response[part.start : part.end] for part in own)
    return about
