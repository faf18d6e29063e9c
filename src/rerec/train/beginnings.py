"""What answers go on from: a prompt, or the beginning that several prompts share.

Requests about one list of candidates make prompts that begin with the same tokens. Such a family is
read in one pass, the beginning once and each prompt's own rest behind it, and while answers are
written its keys and values stand once for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

LEAST = 64
"""Tokens that prompts have to begin with alike; a chat template's own are fewer."""
MOST = 16
"""Prompts of one family: their rows attend in one product."""


@dataclass(frozen=True)
class Beginning:
    """Tokens that are read once, and how the rows behind them go on."""

    shared: Sequence[int]
    members: Sequence[int]
    """Numbers of the prompts."""
    rests: Sequence[Sequence[int]] = ()
    """What of each member's prompt is its own, at least one token; none where there is a single
    member, all of whose rows go on from the whole prompt."""


def each_alone(prompts: Sequence[Sequence[int]]) -> list[Beginning]:
    """Every prompt as a beginning of its own, the longest first.

    >>> [one.members for one in each_alone([[7], [7, 8]])]
    [[1], [0]]
    """
    order = sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i))
    return [Beginning(prompts[i], [i]) for i in order]


def gathered(prompts: Sequence[Sequence[int]]) -> tuple[list[Beginning], list[Beginning]]:
    """Families of two prompts or more, and the prompts that are in none.

    Prompts are one family where they begin with the same `LEAST` tokens or more, and these are at
    least half of each.

    Returns:
        Families, the widest first, and prompts that go alone, the longest first.
    """
    order = sorted(range(len(prompts)), key=lambda i: (list(prompts[i]), i))
    runs: list[tuple[int, list[int]]] = []
    """How many tokens are shared, and by which prompts."""
    for i in order:
        if runs and (n := _joins(prompts, *runs[-1], i)):
            runs[-1] = (n, [*runs[-1][1], i])
        else:
            runs.append((len(prompts[i]) - 1, [i]))
    families = [_family(prompts, n, members) for n, members in runs if len(members) > 1]
    alone = {members[0] for _, members in runs if len(members) == 1}
    families.sort(key=lambda one: (-len(one.members), -len(one.shared), one.members))
    return families, [one for one in each_alone(prompts) if one.members[0] in alone]


def _joins(prompts: Sequence[Sequence[int]], n: int, members: Sequence[int], i: int) -> int:
    """How many tokens a family would share with one prompt more; 0 where it stays without it."""
    first = prompts[members[0]][:n]
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, prompts[i][:-1], strict=False))
    n = sum(1 for _ in pairs)
    longest = max(len(prompts[member]) for member in (*members, i))
    return n if n >= max(LEAST, longest / 2) and len(members) < MOST else 0


def _family(prompts: Sequence[Sequence[int]], n: int, members: list[int]) -> Beginning:
    members = sorted(members)
    return Beginning(prompts[members[0]][:n], members, [prompts[i][n:] for i in members])
