"""The words of a draft: which sentence it is put into, and what stands in its holes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from numpy.random import Generator

from rerec.catalogue.items import Catalogue
from rerec.catalogue.titles import normalise
from rerec.queries import frames_taste, hint_wordings
from rerec.queries.askable import Askable
from rerec.queries.drafts import Draft
from rerec.queries.hints import Hint
from rerec.queries.people import person
from rerec.queries.phrasing import Group, Spoken, draw_pattern, noun_phrase, phrase
from rerec.queries.vocabulary import Vocabulary
from rerec.queries.wordings import Wordings, spoken_value
from rerec.records import Condition

DESCRIBED_SHARE = 0.5
"""How often an interest is described, where its items and the right one share a fact."""
MOST_SHARED = 2
"""Facts by which an interest is described at most."""
_INTEREST = {
    (False, False): frames_taste.INTEREST,
    (False, True): frames_taste.INTEREST_HELD_BACK,
    (True, False): frames_taste.DESCRIBED,
    (True, True): frames_taste.DESCRIBED_HELD_BACK,
}
"""By whether the interest is described, and whether the pattern is held back."""


@dataclass(frozen=True)
class Speaker:
    """Puts drafts into words."""

    catalogue: Catalogue
    asked: Askable
    vocabulary: Vocabulary

    def speak(self, draft: Draft, rng: Generator, *, held_back: bool) -> tuple[str, str]:
        """The id of the pattern and the text of a draft.

        Args:
            draft: what is asked.
            rng: drawn from.
            held_back: whether the pattern is one that training never uses.
        """
        if draft.named:
            return self._interest(draft, rng, held_back=held_back)
        if draft.group:
            return self._group(draft, rng, held_back=held_back)
        pattern = draw_pattern(rng, held_back=held_back, vocabulary=self.vocabulary)
        conditions = tuple(self.asked.pairs[column] for column in draft.columns)
        spoken = {
            self.asked.pairs[hint.column]: self._spoken(hint, rng, held_back=held_back)
            for hint in draft.hints
        }
        text = phrase(conditions, pattern, rng, spoken=spoken, vocabulary=self.vocabulary)
        return pattern.pattern_id, text

    def _spoken(self, hint: Hint, rng: Generator, *, held_back: bool) -> Spoken:
        """What a hint says: a role of its item, or that something is as it is there."""
        title, hop = self.title(hint.row), self.asked.pairs[hint.hop]
        role = hint_wordings.role_of(hop, title, rng, held_back=held_back)
        told = None if hint.told is None else self.asked.pairs[hint.told]

        def with_told(said: str) -> str:
            if told is None:
                return said
            value = spoken_value(told.relation, told.value)
            return hint_wordings.told(said, value, rng, held_back=held_back)

        if role:
            return Spoken(with_told(role))
        ways = hint_wordings.same_as(hop, title, held_back=held_back)
        kinds = (ways.phrases, ways.clauses, ways.predicates)
        told_ways = Wordings(*(tuple(map(with_told, kind)) for kind in kinds))
        return Spoken(with_told(f"as in {title}"), told_ways)

    def _interest(self, draft: Draft, rng: Generator, *, held_back: bool) -> tuple[str, str]:
        shared = self._shared((*draft.named, draft.positive), rng)
        described = bool(shared) and rng.random() < DESCRIBED_SHARE
        chosen = _INTEREST[described, held_back]
        at = int(rng.integers(len(chosen)))
        x, y = map(self.title, draft.named)
        words = {"x": x, "y": y}
        if described:
            groups = [Group(fact.relation, [fact.value]) for fact in shared]
            words["nps"] = noun_phrase(
                groups, rng, held_back=held_back, plural=True, vocabulary=self.vocabulary
            )
        kind = "k" if described else "i"
        return _id(kind, at, held_back=held_back), self._filled(chosen[at], words)

    def _shared(self, rows: Sequence[int], rng: Generator) -> list[Condition]:
        """Some of the shown facts that items have in common, one of a relation."""
        first, *others = (set(self.asked.shown[row].tolist()) for row in rows)
        columns = sorted(first.intersection(*others))
        by_relation: dict[str, Condition] = {}
        for at in rng.permutation(len(columns)).tolist():
            fact = self.asked.pairs[columns[at]]
            by_relation.setdefault(fact.relation, fact)
        return list(by_relation.values())[:MOST_SHARED]

    def _group(self, draft: Draft, rng: Generator, *, held_back: bool) -> tuple[str, str]:
        chosen = frames_taste.GROUP_HELD_BACK if held_back else frames_taste.GROUP
        at = int(rng.integers(len(chosen)))
        return _id("g", at, held_back=held_back), self._filled(
            chosen[at], {"who": person(draft.group)}
        )

    def _filled(self, frame: str, words: dict[str, str]) -> str:
        text = self.vocabulary.worded(frame)
        # Titles go in last: what they hold is no hole.
        for hole, word in sorted(words.items(), key=lambda pair: pair[0] in "xy"):
            text = text.replace(f"{{{hole}}}", word)
        return text[:1].upper() + text[1:]

    def title(self, row: int) -> str:
        """An item's title, with the year where another item has the name too."""
        return self._titles[row]

    @cached_property
    def _titles(self) -> tuple[str, ...]:
        items = self.catalogue.items
        n_of = Counter(normalise(item.title) for item in items)
        return tuple(i.title if n_of[normalise(i.title)] == 1 else i.label for i in items)


def _id(kind: str, at: int, *, held_back: bool) -> str:
    return f"{kind}{at:02}{'u' if held_back else ''}"
