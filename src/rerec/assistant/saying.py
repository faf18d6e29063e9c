"""The sentences of a reply, made from facts: plain text, in the catalogue's words alone.

What the model wrote is never part of it: whoever reads the reply can rely on every word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rerec.assistant.exchange import Correction, Recommendation
from rerec.queries.vocabulary import Vocabulary
from rerec.queries.wordings import listed, said, wordings_of
from rerec.records import Condition


@dataclass(frozen=True, slots=True)
class Words:
    """Says facts about the items of a domain."""

    vocabulary: Vocabulary

    def facts(self, conditions: Sequence[Condition]) -> str:
        """What an item has, after "it", one relation after the other.

        >>> from rerec.queries.vocabulary import FILMS
        >>> crime, mann = Condition("genre", "Crime"), Condition("director", "Michael Mann")
        >>> Words(FILMS).facts([crime, mann])
        'is in the crime genre and was directed by Michael Mann'
        """
        by_relation: dict[str, list[str]] = {}
        for condition in conditions:
            by_relation.setdefault(condition.relation, []).append(condition.value)
        return listed([self._predicate(r, values) for r, values in by_relation.items()])

    def corrected(self, correction: Correction, label: str) -> str:
        """What a request has wrong, put right.

        >>> from rerec.queries.vocabulary import FILMS
        >>> wrong = Correction("7", "director", "Steven Spielberg", ("Michael Mann",))
        >>> Words(FILMS).corrected(wrong, "Heat (1995)")
        'Heat (1995) was directed by Michael Mann, not Steven Spielberg.'
        """
        relation, values = correction.relation, list(correction.true)
        if not values:
            return f"No {relation} of {label} is known, so {correction.said} cannot be meant."
        return f"{label} {self._predicate(relation, values)}, not {correction.said}."

    def answer(self, shown: Sequence[Recommendation]) -> str:
        """What is recommended, and why; that nothing fits, where nothing does."""
        if not shown:
            return f"There is no {self.vocabulary.nouns[0]} left that I could recommend."
        first, others = shown[0], [one.label for one in shown[1:]]
        if first.misses:
            return self._nearest(first)
        why = f" It {self.facts(first.matches)}." if first.matches else ""
        also = f" Also: {'; '.join(others)}." if others else ""
        return f"{first.label}.{why}{also}"

    def _nearest(self, first: Recommendation) -> str:
        has = f" It {self.facts(first.matches)}." if first.matches else ""
        lacks = listed([c.value for c in first.misses])
        return (
            f"Nothing here meets all of that. The nearest is {first.label}.{has} Missing: {lacks}."
        )

    def _predicate(self, relation: str, values: Sequence[str]) -> str:
        wordings = wordings_of(relation, held_back=False, is_film=self.vocabulary.is_film)
        return said(wordings.predicates[0], relation, values)
