"""From a response, or a baseline's ranking, to one row of a run.

Responses are scored by `rerec.credit.judge.Judge`, the code that pays the model in training;
nothing about what counts as right is decided here. NDCG and recall are taken over the truths that
were offered: most queries have more, and with those even a perfect choice would stay below 1.
"""

from collections.abc import Sequence
from dataclasses import replace

from rerec.catalogue.domain import Domain
from rerec.credit.judge import Judge
from rerec.evaluate.table import Row
from rerec.metrics import ndcg, recall
from rerec.records import Outcome, Query
from rerec.settings import CreditSettings, RewardSettings

K = 5
"""Cut-off of NDCG and recall: a model may box several titles, a baseline ranks all candidates."""


class RowMaker:
    """Makes rows for the queries of one domain."""

    def __init__(self, domain: Domain) -> None:
        self.catalogue = domain.catalogue
        # QAS on the asked conditions is the share of them that the answer meets.
        reward = RewardSettings(k=K, w_pas=0, qas="conditions")
        self.judge = Judge.of(domain, reward, CreditSettings())
        self.graph = self.judge.graph

    def answered(self, batch: Sequence[tuple[Query, str, int]]) -> list[Row]:
        """Rows of (query, response, number of tokens), in order."""
        queries, responses = [query for query, _, _ in batch], [text for _, text, _ in batch]
        scored = self.judge.judge(queries, responses)
        among_offered = self.judge.judge([_offered(query) for query in queries], responses)
        rows = []
        for (query, response, n_tokens), each, offered in zip(
            batch, scored, among_offered, strict=True
        ):
            row = self._row(query, list(each.answer), each.outcome)
            # Half a surrogate pair is no character and cannot be written; it becomes `?`.
            row["response"] = response.encode(errors="replace").decode()
            row["n_tokens"] = n_tokens
            row["ndcg"] = offered.ndcg
            row["conditions_met"] = each.qas if query.conditions else None
            rows.append(row)
        return rows

    def ranked(self, query: Query, ranking: Sequence[int]) -> Row:
        """The row of a ranking of the query's candidates, best first."""
        answer = [self.catalogue.item_ids[row] for row in ranking[:K]]
        outcome: Outcome = "no_answer"
        if answer:
            outcome = "right" if answer[0] in query.ground_truth else "wrong"
        row = self._row(query, answer, outcome)
        truth = self.catalogue.rows_of(_offered(query).ground_truth).tolist()
        row["ndcg"] = ndcg(ranking, truth, k=K)
        if query.conditions:
            facts = set(self.graph.facts_of(ranking[0])) if answer else set()
            row["conditions_met"] = sum(c in facts for c in query.conditions) / len(
                query.conditions
            )
        return row

    def n_holders(self, query: Query) -> int:
        """Candidates that hold the asked value which fewest of them hold; 0 where none is asked."""
        columns = [self.graph.column_of(condition) for condition in query.conditions]
        candidates = self.catalogue.rows_of(query.candidates).tolist()
        return self.graph.fewest_holders(columns, candidates)

    def _row(self, query: Query, answer: list[str], outcome: Outcome) -> Row:
        truth = self.catalogue.rows_of(_offered(query).ground_truth).tolist()
        return {
            "query_id": query.query_id,
            "category": query.category,
            "n_conditions": len(query.conditions),
            "n_holders": self.n_holders(query),
            "response": "",
            "answer": answer,
            "outcome": outcome,
            "ndcg": 0.0,
            "recall": recall(self.catalogue.rows_of(answer).tolist(), truth, k=K),
            "conditions_met": None,
            "n_tokens": None,
        }


def _offered(query: Query) -> Query:
    """The query with the truths among its candidates alone; an open request as it is."""
    if not query.candidates:
        return query
    truths = tuple(each for each in query.ground_truth if each in query.candidates)
    return replace(query, ground_truth=truths)
