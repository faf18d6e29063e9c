"""Interest requests: several users liked the same two items in a row, and what they liked next.

Two items that at least `interest_support` users of a split liked within `interest_span` likes of
each other are an *interest*; whatever as many of those users liked next, within the same span, is
right, the most frequent first. There are no conditions. A personalised one is of one of those
users: right is what this user liked next, and what the others liked next and this one did not is
among the candidates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.random import Generator

from rerec.queries.askable import Askable
from rerec.queries.candidates import Negatives
from rerec.queries.drafts import Draft
from rerec.queries.draws import drawn
from rerec.queries.in_a_row import InARow, Named
from rerec.queries.likes import Likes
from rerec.queries.split import sizes_of
from rerec.queries.taste import Taste
from rerec.rng import seed_of, stream
from rerec.settings import Category, QuerySettings

MOST_USES = 2
"""Requests that one interest serves at most."""


@dataclass(frozen=True)
class InterestDrafter:
    """Draws interest requests; what one split uses, no other does.

    Call `drafts` for the smaller splits first, as they have the fewer users to find interests in.
    """

    likes: Likes
    in_a_row: InARow
    asked: Askable
    negatives: Negatives
    settings: QuerySettings
    seed: int
    category: Category = "interest"
    taste: Taste | None = None
    """Makes the requests personalised."""
    taken: dict[Named, str] = field(default_factory=dict)
    """The split of each interest that is used already, by whatever drafter of interests."""

    def drafts(self, split: str, users: Sequence[int]) -> list[Draft]:
        """Up to the split's number of drafts.

        Args:
            split: whose number is wanted.
            users: positions of its users; interests are theirs alone.
        """
        found = self.in_a_row.nexts(users, least=self.settings.interest_support)
        drafted = self._drafted(split, users, found)
        return list(islice(drafted, sizes_of(self.settings, self.category)[split]))

    def _drafted(
        self, split: str, users: Sequence[int], found: dict[Named, dict[int, int]]
    ) -> Iterator[Draft]:
        every = sorted(named for named in found if self.taken.get(named, split) == split)
        for use in range(MOST_USES):
            for place in stream(self.seed, self.category, split, use).permutation(len(every)):
                named = every[place]
                draft = self._draft(use, users, named, found[named])
                if draft:
                    self.taken[named] = split
                    yield draft

    def _draft(
        self, use: int, users: Sequence[int], named: Named, nexts: dict[int, int]
    ) -> Draft | None:
        seed = seed_of(self.seed, self.category, use, *named)
        rng = stream(seed, "draw")
        user, nexts = self._whose(users, named, nexts, rng)
        if not nexts:
            return None
        order = sorted(nexts, key=lambda row: (-nexts[row], row))
        odds = np.array([nexts[row] for row in order], dtype=np.float64)
        positive = order[drawn(rng, odds, 1)[0]]
        truths = (positive, *(row for row in order if row != positive))
        unliked = self._unliked(user, named, positive, rng)
        if unliked is None:
            return None
        negatives = self._negatives(named, truths, unliked, rng)
        if negatives is None:
            return None
        shuffled = tuple(int(row) for row in rng.permutation(named))
        others = (*unliked, *negatives)
        return Draft(self.category, user, (), positive, truths, others, seed, named=shuffled)

    def _whose(
        self, users: Sequence[int], named: Named, nexts: dict[int, int], rng: Generator
    ) -> tuple[int | None, dict[int, int]]:
        """Whose request it is, and what is right then; nobody's where it is not personalised."""
        if self.taste is None:
            return None, nexts
        inside = set(users)
        after = {u: rows for u, rows in self.in_a_row.after(named).items() if u in inside}
        fitting = [u for u, rows in after.items() if rows & set(nexts)]
        if not fitting:
            return None, {}
        user = fitting[int(rng.integers(len(fitting)))]
        return user, {row: nexts[row] for row in sorted(after[user] & set(nexts))}

    def _unliked(
        self, user: int | None, named: Named, positive: int, rng: Generator
    ) -> list[int] | None:
        """What others liked next and this user, to whose taste it is farther, did not."""
        if self.taste is None or user is None:
            return []
        rows = self.likes.rows[user]
        liked = set(rows.tolist())
        others = set().union(*self.in_a_row.after(named).values())
        pool = np.array(sorted(others - liked - set(named)), dtype=np.intp)
        room = self.settings.n_candidates - 1
        return self.taste.against(user, positive, pool, self.negatives, room=room, rng=rng)

    def _negatives(
        self, named: Named, truths: Sequence[int], unliked: Sequence[int], rng: Generator
    ) -> list[int] | None:
        """Items that nobody liked next: `hard_share` of them share a fact with what is named."""
        wanted = self.settings.n_candidates - 1 - len(unliked)
        n_hard = round(self.settings.hard_share * wanted)
        allowed = np.ones(self.asked.n_items, dtype=bool)
        for row in (*truths, *named):
            allowed[self.negatives.namesakes[row]] = False
        for after in self.in_a_row.after(named).values():
            allowed[list(after)] = False
        allowed[list(unliked)] = False
        facts = np.unique(np.concatenate([self.asked.shown[row] for row in named]))
        like = allowed & (self.asked.n_shown(tuple(facts.tolist())) > 0)
        drawn = self.negatives.beside(truths[0])
        hard = drawn.take(np.flatnonzero(like), n_hard, rng)
        allowed[hard] = False
        chosen = hard + drawn.take(np.flatnonzero(allowed), wanted - len(hard), rng)
        return chosen if len(chosen) == wanted else None
