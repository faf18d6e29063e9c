"""What a response claims on its way to the answer, and whether the graph bears it out.

Read is the reasoning that the warm start teaches (`rerec.train.reasoning`). Each of its parts
follows from what stands before it: what is asked, the lines that show each asked value, which
candidate comes next, its line, its checks, its verdict. A part is true as far as it agrees with
what is written from the graph, and false at the character where it first does not; what follows
from there up to the next part is not judged. Free text claims nothing here, and an answer that
names what was found to fit is left to its reward.
"""

import re
from collections.abc import Iterable
from itertools import takewhile

from rerec.prompting import segments, write_answer
from rerec.records import Claim, Query, Segment
from rerec.train.prompts import asked_values
from rerec.train.reasoning import ReasoningWriter

_TAG = re.compile(r"[A-Z]+(?= )")
_LOST = -1


class ClaimReader:
    """Reads the claims of responses."""

    def __init__(self, reasoning: ReasoningWriter) -> None:
        self._reasoning = reasoning

    def claims(self, query: Query, response: str) -> list[Claim]:
        """The claims of a response, in reading order, none overlapping.

        None where the request is of a kind that the warm start does not write out.
        """
        if query.hops or not query.candidates or not asked_values(query):
            return []
        return _Reading(self._reasoning, query, response).claims()


class _Reading:
    """One response, read from its first paragraph to its answer."""

    def __init__(self, reasoning: ReasoningWriter, query: Query, response: str) -> None:
        self._reasoning, self._query, self._text = reasoning, query, response
        self._values = asked_values(query)
        self._items = {
            tag if reasoning.reads else reasoning.prompts.label(item_id): item_id
            for item_id, tag in reasoning.tags(query).items()
        }
        self._found: list[Claim] = []
        self._weighed: set[str] = set()

    def claims(self) -> list[Claim]:
        first, *others = segments(self._text) or [Segment(0, 0)]
        if not self._text.startswith("Asked: ", first.start):
            return []
        asked = self._reasoning.search(self._query).partition("\n")[0]
        at = self._expect(first.start, asked)
        if at != _LOST:  # of a misread request nothing that follows can be judged
            self._candidates(others, self._due(first, at))
        return self._found

    def _candidates(self, parts: Iterable[Segment], due: list[str]) -> None:
        """Judge paragraphs up to the answer; `due`: the candidates to weigh, if that is known."""
        chosen, in_order = None, bool(due)
        for part in parts:
            next_one = due[0] if due else None
            if part.is_answer or chosen is not None:
                self._answer(part, next_one, chosen)
                return
            item_id = self._paragraph(part, next_one, in_order=in_order)
            if item_id in due:  # whoever left one out goes on behind
                due = due[due.index(item_id) + 1 :]
            if self._text.endswith("Fits.", part.start, part.end):
                chosen = item_id

    def _answer(self, part: Segment, due: str | None, chosen: str | None) -> None:
        """Judge an answer that comes too early, or is not the one that was found to fit.

        Any other is left to its reward.
        """
        if chosen is None:
            if due is not None:
                self._false(part.start)
            return
        expected = write_answer([self._reasoning.prompts.label(chosen)])
        at = part.start + _agreeing(self._text[part.start :], expected)
        if at < max(part.start + len(expected), len(self._text)):
            self._false(at)

    def _due(self, part: Segment, at: int) -> list[str]:
        """The candidates to weigh, where the lists of lines are right; a closed book has none.

        Args:
            part: the paragraph with the lists.
            at: where they should begin.
        """
        pieces: list[tuple[str, str]] = []
        if self._reasoning.reads:
            before = ["\nLines: ", *[", "] * (len(self._values) - 1)]
            parts = zip(before, self._values, self._reasoning.lists(self._query), strict=True)
            pieces = [(f"{join}{value} ", join + entry) for join, value, entry in parts]
        at, right = self._all(at, part, pieces)
        right = self._ends(at, part, "." if pieces else "") and right
        return self._reasoning.discussed(self._query) if right else []

    def _paragraph(self, part: Segment, due: str | None, *, in_order: bool) -> str | None:
        """One candidate's evidence and verdict, that it is weighed once, and, `in_order`, now.

        Returns:
            Whose paragraph it is; None where it is nobody's.
        """
        item_id = self._item_of(part)
        skipped = 0
        if item_id in self._weighed or (in_order and item_id != due):
            opening = self._reasoning.opening(self._query, due) if due is not None else ""
            skipped = _agreeing(self._text[part.start :], opening)
            self._false(part.start + skipped)
            skipped += 1
        if item_id is None:
            return None
        self._weighed.add(item_id)
        before = [": ", *[", "] * (len(self._values) - 1)]
        checks = self._reasoning.checks(self._query, item_id)
        parts = zip(before, self._values, checks, strict=True)
        opening = self._reasoning.opening(self._query, item_id)[skipped:]
        pieces = [("", opening), *((f"{join}{v} ", join + check) for join, v, check in parts)]
        at, right = self._all(part.start + skipped, part, pieces)
        # A verdict on wrong checks may follow from them, and still be wrong.
        verdict = self._reasoning.verdict(self._query, item_id) if right else ""
        self._ends(at, part, f". {verdict}")
        return item_id

    def _item_of(self, part: Segment) -> str | None:
        if self._reasoning.reads:
            tag = _TAG.match(self._text, part.start, part.end)
            return self._items.get(tag.group()) if tag else None
        labels = [x for x in self._items if self._text.startswith(f"{x}:", part.start, part.end)]
        return self._items[max(labels, key=len)] if labels else None

    def _all(self, at: int, part: Segment, pieces: Iterable[tuple[str, str]]) -> tuple[int, bool]:
        """Judge pieces that follow each other.

        Args:
            at: where the first should begin.
            part: where they end at the latest.
            pieces: for each what it begins with, by which it is found again after a wrong one, and
                what it should be.

        Returns:
            Where the last one ends, -1 if it is wrong; whether all were right.
        """
        right, found_from = True, at
        for head, body in pieces:
            if at == _LOST:
                at = self._text.find(head, found_from, part.end)
            if at != _LOST:
                found_from = at
                at = self._expect(at, body)
            right = right and at != _LOST
        return at, right

    def _ends(self, at: int, part: Segment, last: str) -> bool:
        """Judge the end of a paragraph; whether it is right, and nothing follows."""
        at = self._expect(at, last) if at != _LOST else _LOST
        if at != _LOST and at < part.end and last.rstrip() == last:
            self._false(at)
        return at == part.end

    def _expect(self, at: int, piece: str) -> int:
        """Judge what stands at a place by what should; where it ends, -1 where it differs."""
        n = _agreeing(self._text[at : at + len(piece)], piece)
        if n:
            self._found.append(Claim(at, at + n, is_true=True))
        if n == len(piece):
            return at + n
        self._false(at + n)
        return _LOST

    def _false(self, at: int) -> None:
        """Where a paragraph breaks off this is the white space behind it, or the response's end."""
        self._found.append(Claim(at, at + 1, is_true=False))


def _agreeing(text: str, expected: str) -> int:
    """How many characters two texts have in common from their beginning."""
    pairs = zip(text, expected, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
