"""Responses that go round in circles: they write the same tokens, in the same order, once more.

A small model that found nothing begins again and writes until its tokens end. Nothing comes of the
second round, and it costs more than everything before it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


class Circles:
    """Which rows being written repeat themselves, told token by token.

    A row goes round in a circle once its last `least` tokens stand in it before, whether apart from
    them or overlapping ("la la la").
    """

    def __init__(self, rows: int, room: int, least: int, device: torch.device) -> None:
        """Begin with nothing written.

        Args:
            rows: R.
            room: T, the most tokens a row may have.
            least: tokens that must be repeated; 0 closes no row.
            device: where the tokens are.
        """
        self._least = least
        # At [r, s]: how many tokens up to the earlier place s are the same as those up to the
        # newest one.
        self._same = torch.zeros(rows, room, dtype=torch.int32, device=device)

    def closed(self, earlier: Tensor, tokens: Tensor) -> Tensor:
        """Take up the next token of every row.

        Args:
            earlier: (R, t) what the rows wrote before.
            tokens: (R,) what they write now.

        Returns:
            (R,) bool, true where a row has just gone round.
        """
        if not self._least or not earlier.shape[1]:
            return torch.zeros_like(tokens, dtype=torch.bool)
        t = earlier.shape[1]
        before = torch.nn.functional.pad(self._same[:, : t - 1], (1, 0))
        self._same[:, :t] = torch.where(earlier == tokens[:, None], before + 1, 0)
        return (self._same[:, :t] >= self._least).any(1)

    def replay(self, earlier: Tensor) -> None:
        """Begin all rows anew, as if they had written these tokens.

        Args:
            earlier: (R, t) token ids; below 0 before a row's own begin.
        """
        self._same = self._same.new_zeros(len(earlier), self._same.shape[1])
        for t in range(earlier.shape[1]):
            self.closed(earlier[:, :t], earlier[:, t])

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the rows."""
        self._same = self._same[rows]

    def begin(self, rows: Tensor) -> None:
        """Begin some of the rows anew: what they wrote before is another row's."""
        self._same[rows] = 0

    def forget(self, n: int) -> None:
        """Drop the first n tokens of what the rows wrote before."""
        self._same = torch.nn.functional.pad(self._same[:, n:], (0, n))


def until_circles(rows: Sequence[Sequence[int]], least: int) -> list[list[int]]:
    """Responses up to where they have gone round, whole where they do not.

    >>> until_circles([[1, 2, 3, 1, 2, 3, 1, 2], [7, 7], [1, 2, 3, 4, 5]], 2)
    [[1, 2, 3, 1, 2], [7, 7], [1, 2, 3, 4, 5]]
    >>> until_circles([[7, 7, 7, 7]], 0)
    [[7, 7, 7, 7]]
    """
    ends = torch.tensor([len(row) for row in rows])
    longest = int(ends.max()) if least and len(rows) else 0
    padded = torch.tensor([[*row[:longest], *[-1] * (longest - len(row))] for row in rows])
    circles = Circles(len(rows), longest, least, padded.device)
    for t in range(longest):
        closed = circles.closed(padded[:, :t], padded[:, t])
        ends = torch.where(closed, ends.clamp(max=t + 1), ends)
    return [list(row[:end]) for row, end in zip(rows, ends.tolist(), strict=True)]
