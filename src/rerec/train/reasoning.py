"""Reasoning written from the graph: what the warm start teaches the model to write.

First what is asked, copied from the request. Then one paragraph for each candidate worth
discussing, in the order shown: those that hold the most selective asked value, up to the first that
fits. A paragraph copies the candidate's line from the first asked value it holds to the title, then
goes through the asked values one by one, so that the evidence stands right before the verdict:

    Asked: Leonard Nimoy, 1990s.

    Leonard Nimoy, Action, Sci-Fi => Star Trek V (1989): Leonard Nimoy yes, 1990s no. Out.

Without the first line SmolLM2-135M went on checking values that nobody asked for.
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
        """What is asked, paragraphs and box.

        None where they would not lead to a right candidate within `MAX_PARAGRAPHS` paragraphs, as
        where nothing is asked or there are no candidates.
        """
        discussed = self.discussed(query)
        right = [place for place, c in enumerate(discussed) if self._is_right(query, c)]
        if not right or right[0] >= MAX_PARAGRAPHS:
            return None
        discussed = discussed[: right[0] + 1]
        paragraphs = [self.paragraph(query, item_id) for item_id in discussed]
        asked = f"Asked: {', '.join(asked_values(query))}."
        answer = write_answer([self.prompts.label(discussed[-1])])
        return "\n\n".join([asked, *paragraphs, answer])

    def discussed(self, query: Query) -> list[str]:
        """Candidates that hold the asked value which fewest of them hold, in the order shown.

        A decade is only gone by where nothing else is asked: a line shows it at its end, as part of
        the title, and a small model cannot look for what comes after the copy's beginning.
        """
        asked = [c for c in query.conditions if c.relation != "decade"] or query.conditions
        return min((self._holders(query, c) for c in asked), key=len, default=[])

    def paragraph(self, query: Query, item_id: str) -> str:
        """One candidate's evidence and verdict."""
        lacking = {c.value for c in query.conditions if not self._has(item_id, c)}
        asked = asked_values(query)
        checks = ", ".join(f"{value} {'no' if value in lacking else 'yes'}" for value in asked)
        verdict = "Out." if lacking else "Fits."
        return f"{self._evidence(item_id, asked)}: {checks}. {verdict}"

    def _evidence(self, item_id: str, asked: Sequence[str]) -> str:
        """The candidate's line from its first asked value on; its last fact if it shows none."""
        facts = self.prompts.facts(item_id)
        first = min((facts.index(v) for v in asked if v in facts), default=max(len(facts) - 1, 0))
        shown = facts[first:] if self.prompts.settings.candidate_info == "facts" else []
        label = self.prompts.label(item_id)
        return ", ".join(shown) + ARROW + label if shown else label

    def _is_right(self, query: Query, item_id: str) -> bool:
        meets = all(self._has(item_id, condition) for condition in query.conditions)
        return meets and item_id in query.ground_truth

    def _holders(self, query: Query, condition: Condition) -> list[str]:
        return [c for c in query.candidates if self._has(c, condition)]

    def _has(self, item_id: str, condition: Condition) -> bool:
        """Whether a reader of the prompt would say so.

        A line of facts shows neither relations nor every star: what cannot be read from it must
        not be taught, since it could only be guessed.
        """
        is_read = self.prompts.settings.candidate_info == "facts"
        if is_read and condition.relation != "decade":
            return condition.value in self.prompts.facts(item_id)
        column = self.graph.column_of(condition)
        return column in self.graph.columns_of(self.catalogue.row_of(item_id))
