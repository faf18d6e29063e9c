"""Who asks, or for whom: the group of users that a request speaks of ("I'm a student").

Such words are no topic, and a topic is no such words: "a film about a student" speaks of nobody who
asks. A group is remembered among the words of a conversation, by the phrase that stands for it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rerec.assistant.exchange import State
from rerec.catalogue.domain import Domain
from rerec.catalogue.titles import normalise
from rerec.queries.demographics import groups_of
from rerec.queries.people import person

FEWEST = 10
"""Users that a group has, so that their likes say something about it."""
_GLUE = frozenset(
    {
        "a",
        "an",
        "and",
        "as",
        "between",
        "by",
        "in",
        "is",
        "of",
        "or",
        "person",
        "the",
        "under",
        "who",
        "whose",
        "works",
    }
)
"""Words that hold such a phrase together."""
_SPOKEN_OF = r"\b(?:im|i am|we are|were|speaking as|for|friend is|mother is|father is) (?:an? )?"
"""What stands before a word for a person who asks, or for whom somebody does."""


@dataclass(frozen=True, eq=False)
class Askers:
    """The groups of a domain's users, by the phrases that stand for them."""

    members: dict[str, NDArray[np.intp]]
    """Places of a group's users in the users' table, by its phrase ("a man between 18 and 24")."""

    @classmethod
    def of(cls, domain: Domain) -> "Askers":
        """The groups of at least `FEWEST` users; none where no column of the table tells any."""
        found = groups_of(domain.users, domain.users["user_id"].to_pylist(), least=FEWEST)
        return cls({person(group): members for group, members in found.items()})

    def told(self, text: str) -> str:
        """The phrase of the narrowest group that a text speaks of; empty where there is none."""
        evened = normalise(text)
        told = (phrase for phrase in self.members if _speaks_of(evened, phrase))
        return max(told, key=lambda phrase: (len(telling(phrase)), phrase), default="")

    def remembered(self, words: Sequence[str]) -> str:
        """The phrase among the words of a conversation that stands for a group, the latest."""
        return next((entry for entry in reversed(words) if entry in self.members), "")

    def heard(self, state: State, text: str) -> State:
        """A conversation with the group that its last request speaks of, in place of any before.

        Args:
            state: the conversation with the request taken in.
            text: the request.
        """
        phrase = self.told(text)
        if not phrase:
            return state
        others = (entry for entry in state.words if entry not in self.members)
        return replace(state, words=(*others, phrase))


def telling(phrase: str) -> frozenset[str]:
    """The words of a phrase that tell one group from another.

    >>> sorted(telling("a woman between 18 and 24 who works as a librarian"))
    ['18', '24', 'librarian', 'woman']
    """
    return frozenset(normalise(phrase).split()) - _GLUE


def _speaks_of(text: str, phrase: str) -> bool:
    """Whether an evened-out text says a phrase, or its one telling word of somebody who asks.

    >>> _speaks_of("im a librarian what now", "a person who works as a librarian")
    True
    >>> _speaks_of("a film about a woman", "a woman"), _speaks_of("for a woman", "a woman")
    (False, True)
    """
    return any(way.search(text) for way in _ways(phrase))


@lru_cache(maxsize=8192)
def _ways(phrase: str) -> tuple[re.Pattern[str], ...]:
    """Patterns of a text that speaks of a group."""
    _, _, bare = normalise(phrase).partition(" ")
    words = telling(phrase)
    whole = [rf"\b{re.escape(bare)}\b"] if len(bare.split()) > 1 else []
    alone = [rf"{_SPOKEN_OF}{re.escape(min(words))}\b"] if len(words) == 1 else []
    return tuple(map(re.compile, (*whole, *alone)))
