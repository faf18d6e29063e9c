"""Where tokens stand in a response."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rerec.train.offsets import text_of, token_offsets


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
