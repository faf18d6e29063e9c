"""Where tokens stand in a response, and what they are credited with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rerec.catalogue.domain import read_domain
from rerec.credit.judge import Judge
from rerec.records import Scored
from rerec.settings import CreditSettings, RewardSettings
from rerec.train.answering import text_of
from rerec.train.crediting import Crediting, token_offsets

RIGHT = "Goodfellas is by Scorsese.\n\n\\boxed{Goodfellas (1990)}"
WRONG = "Heat fits.\n\nLéon is French.\n\n\\boxed{Heat (1995)}"


def bytewise() -> PreTrainedTokenizerFast:
    """Every byte a token, "He" and "at" besides: so texts have more than one tokenisation."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {token: i for i, token in enumerate([*alphabet, "He", "at", "<end>"])}
    made = Tokenizer(models.BPE(words, [("H", "e"), ("a", "t")]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", pad_token="<end>")


BYTES = bytewise()


def ids_of(*tokens: str) -> list[int]:
    return [int(BYTES.vocab[token]) for token in tokens]


def spans(tokens: list[int]) -> list[tuple[int, int]]:
    return [tuple(s) for s in token_offsets(BYTES, tokens, text_of(BYTES, tokens)).tolist()]


def test_tokens_as_the_tokenizer_cuts_them_stand_where_it_says():
    assert spans(ids_of("He", "at", "Ġ", "a")) == [(0, 2), (2, 4), (4, 5), (5, 6)]


def test_tokens_that_it_would_cut_otherwise_are_placed_by_how_the_text_grows():
    assert spans(ids_of("H", "e", "at")) == [(0, 1), (1, 2), (2, 4)]


def test_special_tokens_are_empty_in_both_ways():
    assert spans(ids_of("He", "at", "<end>")) == [(0, 2), (2, 4), (4, 4)]
    assert spans(ids_of("H", "e", "<end>", "at")) == [(0, 1), (1, 2), (2, 2), (2, 4)]


def test_both_halves_of_a_character_reach_to_it():
    # é is the bytes C3 A9, which byte-level tokenizers write Ã and ©.
    assert spans(ids_of("l", "Ã", "©", "o")) == [(0, 1), (1, 2), (1, 2), (2, 3)]
    # Placed by growth, the first half shows nothing yet.
    assert spans(ids_of("H", "e", "Ã", "©", "o")) == [(0, 1), (1, 2), (2, 2), (2, 3), (3, 4)]


def test_a_character_that_was_never_finished_is_one_replacement_character():
    assert spans(ids_of("H", "e", "Ã", "o")) == [(0, 1), (1, 2), (2, 2), (2, 4)]
    assert text_of(BYTES, ids_of("H", "e", "Ã")) == "He\ufffd"
    assert spans(ids_of("H", "e", "Ã")) == [(0, 1), (1, 2), (2, 2)]


@given(st.lists(st.integers(0, len(BYTES) - 1), max_size=12))
@settings(max_examples=200)
def test_tokens_stand_in_order_and_leave_no_readable_character_out(tokens: list[int]):
    text = text_of(BYTES, tokens)
    offsets = token_offsets(BYTES, tokens, text)
    assert offsets.shape == (len(tokens), 2)
    covered = np.zeros(len(text), bool)
    before = 0
    for (start, end), token in zip(offsets.tolist(), tokens, strict=True):
        assert 0 <= start <= end <= len(text)
        if token == BYTES.eos_token_id:
            assert start == end
            continue
        assert start >= before
        before = start
        covered[start:end] = True
    assert covered[: len(text.rstrip("\ufffd"))].all()


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


def test_samples_quote_the_paragraphs_that_are_blamed(credited):
    right, wrong = credited[0].samples(2)
    assert (right["outcome"], right["blamed"]) == ("right", [])
    assert (wrong["query_id"], wrong["blamed"]) == ("q1", ["Heat fits."])
