"""Reasoning written from the graph: what the warm start teaches the model to write.

One paragraph for each candidate worth discussing, in the order shown: those that hold the most
selective asked value, up to the first that fits. A paragraph copies the candidate's line from the first
asked value it holds to the title, then goes through the asked values one by one, so that the evidence
stands right before the verdict:

    Leonard Nimoy, Action, Sci-Fi => Star Trek V (1989): Leonard Nimoy yes, 1990s no. Out.
"""

from collections.abc import Sequence

from rerec.prompting import write_answer
from rerec.records import Condition, Query
from rerec.train.prompts import ARROW, PromptWriter, asked_values

MAX_PARAGRAPHS = 4


class ReasoningWriter:
    """Writes the reasoning that leads from a query's candidates to its ground truth."""

    def __init__(self, prompts: PromptWriter) -> None:
        self.prompts = prompts
        self.graph, self.catalogue = prompts.graph, prompts.domain.catalogue

    def write(self, query: Query) -> str | None:
        """Paragraphs and box; None where it would take more than `MAX_PARAGRAPHS` paragraphs."""
        (truth,) = [c for c in query.candidates if c in query.ground_truth]
        discussed = self.discussed(query)
        discussed = discussed[: discussed.index(truth) + 1]
        if len(discussed) > MAX_PARAGRAPHS:
            return None
        paragraphs = [self.paragraph(query, item_id) for item_id in discussed]
        return "\n\n".join([*paragraphs, write_answer([self.prompts.label(truth)])])

    def discussed(self, query: Query) -> list[str]:
        """Candidates that hold the asked value which the fewest of them hold, in the order shown."""
        held = {c: self._holders(query, c) for c in query.conditions}
        rarest = min(held, key=lambda c: (len(held[c]), query.conditions.index(c)))
        return held[rarest]

    def paragraph(self, query: Query, item_id: str) -> str:
        """One candidate's evidence and verdict."""
        met = {c.value for c in query.conditions if self._has(item_id, c)}
        asked = asked_values(query)
        checks = ", ".join(f"{value} {'yes' if value in met else 'no'}" for value in asked)
        verdict = "Fits." if all(value in met for value in asked) else "Out."
        return f"{self._evidence(item_id, asked)}: {checks}. {verdict}"

    def _evidence(self, item_id: str, asked: Sequence[str]) -> str:
        """The candidate's line from its first asked value on; from its last fact if it shows none."""
        facts = self.prompts.facts(item_id)
        first = min((facts.index(v) for v in asked if v in facts), default=max(len(facts) - 1, 0))
        shown = facts[first:] if self.prompts.settings.candidate_info == "facts" else []
        label = self.prompts.label(item_id)
        return ", ".join(shown) + ARROW + label if shown else label

    def _holders(self, query: Query, condition: Condition) -> list[str]:
        return [c for c in query.candidates if self._has(c, condition)]

    def _has(self, item_id: str, condition: Condition) -> bool:
        column = self.graph.column_of(condition)
        return column in self.graph.columns_of(self.catalogue.row_of(item_id))
