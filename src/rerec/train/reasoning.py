"""Reasoning written from the graph: what the warm start teaches the model to write.

First what is asked, copied from the request, and the tags of the lines that show each asked value.
Then one paragraph for each candidate worth discussing, in the order shown: those of the shortest
list, up to the first that fits. A paragraph copies the candidate's whole line and goes through the
asked values one by one, so that the evidence stands right before the verdict:

    Asked: Leonard Nimoy, Action, 1990s.
    Lines: Leonard Nimoy D K, Action many, 1990s years.

    D Leonard Nimoy D Action D Star Trek V (1989): Leonard Nimoy D, Action D, 1990s no. Out.

Each part is there for what SmolLM2-135M did without it: check values that nobody asked for, write
the same paragraph again after "Out.", miss facts that stand before the asked one in the line. Lists
longer than `MAX_PARAGRAPHS` are not written out, since it went on through the alphabet. A value
that the line shows is checked off with the line's tag, which stands behind it there too: a "yes"
would be one more thing to judge, and it was said of everything.
"""

from rerec.prompting import write_answer
from rerec.records import Query
from rerec.train.prompts import PromptWriter, asked_values, tags

MAX_PARAGRAPHS = 4


class ReasoningWriter:
    """Writes the reasoning that leads from a query's candidates to its ground truth."""

    def __init__(self, prompts: PromptWriter) -> None:
        self.prompts = prompts
        self.graph, self.catalogue = prompts.graph, prompts.domain.catalogue

    def write(self, query: Query) -> str | None:
        """What is asked, paragraphs and box.

        None where they would not lead to a right candidate, as where nothing is asked, there are
        no candidates, many show each of the asked values, or a wrong one fits before it; nor where
        a value is told through another item.
        """
        if query.hops:
            return None
        discussed = self.discussed(query)
        first = next((n for n, c in enumerate(discussed) if self._meets(query, c)), None)
        if first is None or discussed[first] not in query.ground_truth:
            return None
        discussed = discussed[: first + 1]
        paragraphs = [self.paragraph(query, item_id) for item_id in discussed]
        answer = write_answer([self.prompts.label(discussed[-1])])
        return "\n\n".join([self.search(query), *paragraphs, answer])

    def search(self, query: Query) -> str:
        """What is asked, and which lines show it; a closed book has no lines."""
        asked = f"Asked: {', '.join(asked_values(query))}."
        return f"{asked}\nLines: {', '.join(self.lists(query))}." if self.reads else asked

    def lists(self, query: Query) -> list[str]:
        """Each asked value with the tags of the lines that show it, or how many do."""
        return [f"{value} {self._found(query, value)}" for value in asked_values(query)]

    def _found(self, query: Query, value: str) -> str:
        if value not in self._keys(query):
            return "years"
        holders = self._holders(query, value)
        if len(holders) > MAX_PARAGRAPHS:
            return "many"
        tag_of = self.tags(query)
        return " ".join(tag_of[c] for c in holders) or "none"

    def discussed(self, query: Query) -> list[str]:
        """Candidates on the shortest list of tags, in the order shown; none where all are long."""
        shortest = min((self._holders(query, v) for v in self._keys(query)), key=len, default=[])
        return shortest if len(shortest) <= MAX_PARAGRAPHS else []

    def paragraph(self, query: Query, item_id: str) -> str:
        """One candidate's evidence and verdict."""
        checks = ", ".join(self.checks(query, item_id))
        return f"{self.opening(query, item_id)}: {checks}. {self.verdict(query, item_id)}"

    def opening(self, query: Query, item_id: str) -> str:
        """What a candidate's paragraph begins with: its line, as the prompt shows it."""
        return self.prompts.line(item_id, self.tags(query)[item_id])

    def checks(self, query: Query, item_id: str) -> list[str]:
        """Each asked value with the candidate's tag where it has it, else with "no"."""
        shown = self.tags(query)[item_id] if self.reads else "yes"
        return [
            f"{value} {shown if self._has(query, item_id, value) else 'no'}"
            for value in asked_values(query)
        ]

    def verdict(self, query: Query, item_id: str) -> str:
        """Whether a candidate has all that is asked: "Fits." or "Out."."""
        return "Fits." if self._meets(query, item_id) else "Out."

    @property
    def reads(self) -> bool:
        """Whether the prompt shows facts to copy; a closed book does not."""
        return self.prompts.settings.candidate_info == "facts"

    def tags(self, query: Query) -> dict[str, str]:
        """The tag of each candidate's line, by item id."""
        return dict(zip(query.candidates, tags(len(query.candidates)), strict=True))

    def _keys(self, query: Query) -> list[str]:
        """The asked values to look for: all but decades, which only a title's year shows.

        A closed book has no lines, so there they count too.
        """
        decades = {c.value for c in query.conditions if self.reads and c.relation == "decade"}
        return [value for value in asked_values(query) if value not in decades]

    def _meets(self, query: Query, item_id: str) -> bool:
        return all(self._has(query, item_id, value) for value in asked_values(query))

    def _holders(self, query: Query, value: str) -> list[str]:
        return [c for c in query.candidates if self._has(query, c, value)]

    def _has(self, query: Query, item_id: str, value: str) -> bool:
        """Whether a reader of the prompt would say that an item has an asked value.

        A line of facts shows neither relations nor every star: what cannot be read from it must
        not be taught, since it could only be guessed.
        """
        asked = [c for c in query.conditions if c.value == value]
        if self.reads and not any(c.relation == "decade" for c in asked):
            return value in self.prompts.facts(item_id)
        row = self.catalogue.row_of(item_id)
        return all(self.graph.column_of(c) in self.graph.columns_of(row) for c in asked)
