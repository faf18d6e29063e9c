"""What tokens of responses are credited with."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from rerec.catalogue.domain import read_domain
from rerec.credit.judge import Judge
from rerec.records import Scored
from rerec.settings import CreditSettings, PromptSettings, RewardSettings
from rerec.train.claims import ClaimReader
from rerec.train.crediting import Crediting
from rerec.train.offsets import token_offsets
from rerec.train.prompts import PromptWriter
from rerec.train.reasoning import ReasoningWriter

RIGHT = "Goodfellas is by Scorsese.\n\n\\boxed{Goodfellas (1990)}"
WRONG = "Heat fits.\n\nLéon is French.\n\n\\boxed{Heat (1995)}"


class Observed:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.query_ids: list[str] = []

    def __call__(self, query_ids: Sequence[str], scored: Sequence[Scored]) -> dict[str, float]:
        assert [worth.query_id for worth in scored] == list(query_ids)
        self.query_ids = list(query_ids)
        return {"curriculum/open": 2.0}


@pytest.fixture
def credited(corner_shop_made: Path, tokenizer):
    """Two answers to each of two queries, judged and credited; with what came of it."""
    domain = read_domain(corner_shop_made)
    reward, credit = RewardSettings(), CreditSettings(w_penalty=0.5, raae_scale="group")
    judge = Judge.of(domain, reward, credit)
    queries = {query.query_id: query for query in domain.queries("train")}
    observe = Observed()
    crediting = Crediting(queries, judge, credit, tokenizer, observe)
    responses = [RIGHT, WRONG, "no idea", "no idea"]
    rewards = crediting.rewards(["q1", "q1", "q2", "q2"], responses)
    rows = [tokenizer(text)["input_ids"] + [tokenizer.eos_token_id] for text in responses]
    longest = max(map(len, rows))
    ids = torch.full((4, longest), tokenizer.pad_token_id)
    mask = torch.zeros(4, longest, dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row)
        mask[place, : len(row)] = 1
    return crediting, rewards, rows, crediting.advantages(ids, mask), observe


def test_a_blamed_paragraph_loses_more_than_the_rest_of_its_response(credited, tokenizer):
    _, rewards, rows, advantages, _ = credited
    assert rewards[0] > rewards[1] > rewards[2] == rewards[3]
    spans = token_offsets(tokenizer, rows[1], WRONG)
    blamed = [place for place, (start, end) in enumerate(spans) if start < end <= len("Heat fits.")]
    spared = [place for place, (start, _) in enumerate(spans) if start >= WRONG.index("Léon")]
    lost, kept = advantages[1, blamed], advantages[1, spared]
    assert len(lost) >= 3
    assert len(set(lost.tolist())) == len(set(kept.tolist())) == 1
    assert lost[0] < kept[0] < 0 < advantages[0, 0]


def test_padding_and_groups_without_spread_have_no_advantage(credited):
    _, _, rows, advantages, _ = credited
    for place, row in enumerate(rows):
        assert not advantages[place, len(row) :].any()
    assert not advantages[2:].any()
    assert advantages[:2].sum().abs() < 1e-9  # normalised over all tokens of the group


def test_what_is_logged_is_named_as_in_the_metrics_file(credited):
    crediting, _, rows, _, observe = credited
    logged = crediting.metrics()
    assert "reward" not in {name.removeprefix("rerec/") for name in logged}
    assert logged["rerec/accuracy"] == logged["rerec/accuracy/explicit"] == 0.25
    assert logged["rerec/no_answer"] == logged["rerec/groups_without_spread"] == 0.5
    assert logged["rerec/curriculum/open"] == 2.0
    assert logged["rerec/blamed_advantage"] < 0 < logged["rerec/blamed_tokens"] < 0.5
    assert logged["rerec/blamed_tokens"] >= 3 / sum(map(len, rows))
    assert observe.query_ids == ["q1", "q1", "q2", "q2"]


def test_of_a_greedy_response_and_its_fork_the_better_token_gains(
    corner_shop_made: Path, tokenizer
):
    domain = read_domain(corner_shop_made)
    judge = Judge.of(domain, RewardSettings(), CreditSettings())
    queries = {query.query_id: query for query in domain.queries("train")}
    crediting = Crediting(queries, judge, CreditSettings(), tokenizer, lambda *_: {})
    crediting.forks = True
    greedy, fork = "He fits.\n\n\\boxed{Heat (1995)}", RIGHT.replace("Goodfellas is", "He is", 1)
    responses = [greedy, fork, fork, greedy]
    rewards = crediting.rewards(["q1", "q1", "q2", "q2"], responses)
    rows = [tokenizer(text)["input_ids"] for text in responses]
    ids = torch.full((4, max(map(len, rows))), tokenizer.pad_token_id)
    for row, own in zip(ids, rows, strict=True):
        row[: len(own)] = torch.tensor(own)
    mask = torch.arange(ids.shape[1]) < torch.tensor([[len(own)] for own in rows])
    advantages = crediting.advantages(ids, mask.long())
    place = next(i for i, (a, b) in enumerate(zip(rows[0], rows[1], strict=False)) if a != b)
    assert rewards[1] > rewards[0]
    assert advantages[1, place] == pytest.approx(rewards[1] - rewards[0])
    assert not advantages[0].any()
    assert advantages[:2].count_nonzero() == 1
    better = 2 if rewards[2] > rewards[3] else 3
    assert advantages[2:].sum() == advantages[better, place] == abs(rewards[2] - rewards[3])
    logged = crediting.metrics()
    assert logged["rerec/greedy_accuracy"] == 0
    assert logged["rerec/better_forks"] >= 0.5


def test_samples_quote_the_paragraphs_that_are_blamed(credited):
    right, wrong = credited[0].samples(2)
    assert (right["outcome"], right["blamed"]) == ("right", [])
    assert (wrong["query_id"], wrong["blamed"]) == ("q1", ["Heat fits."])


def test_what_a_paragraph_claims_is_credited_by_the_graph(corner_shop_made: Path, tokenizer):
    domain = read_domain(corner_shop_made)
    settings = CreditSettings(w_claims=2, negative_on="blamed")
    judge = Judge.of(domain, RewardSettings(), settings)
    queries = {query.query_id: query for query in domain.queries("train")}
    writer = ReasoningWriter(PromptWriter(domain, judge.graph, PromptSettings()))
    reader = ClaimReader(writer)
    crediting = Crediting(queries, judge, settings, tokenizer, lambda *_: {}, reader)
    right = str(writer.write(queries["q3"]))
    wrong = right.replace("Romance C, 1990s C. Fits.", "Romance C. Fits.")
    first, second = crediting.rewards(["q3"] * 2, [right, wrong])
    assert first == second  # by the answer nobody could tell them apart
    rows = [tokenizer(text)["input_ids"] for text in (right, wrong)]
    ids = torch.full((2, max(map(len, rows))), tokenizer.pad_token_id)
    for row, own in zip(ids, rows, strict=True):
        row[: len(own)] = torch.tensor(own)
    mask = torch.arange(ids.shape[1]) < torch.tensor([[len(own)] for own in rows])
    advantages = crediting.advantages(ids, mask.long())
    assert advantages[0].min() >= 0
    (low,) = torch.nonzero(advantages[1] < 0).flatten().tolist()
    assert wrong[token_offsets(tokenizer, rows[1], wrong)[low][0] :].startswith(". Fits.")
    assert advantages.sum().abs() < 1e-9
    assert crediting.metrics()["rerec/false_claims"] == 0.5
