"""Where each token of a response stands in its text, whichever engine wrote it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase as Tokenizer


def token_offsets(tokenizer: Tokenizer, tokens: Sequence[int], text: str) -> NDArray[np.intp]:
    """Where each generated token stands in the decoded text, in characters.

    The tokenizer's own offsets serve where it would cut the text into the same tokens, which a
    policy nearly always writes. Else each token is placed by how far the text has grown with it: a
    token that is part of a multi-byte character gets the span of what became readable with it.

    Args:
        tokenizer: the policy's.
        tokens: T generated token ids, special ones included.
        text: their decoding, special tokens left out.

    Returns:
        (T, 2) first character and one behind the last; empty for special tokens.
    """
    special = np.isin(tokens, list(tokenizer.all_special_ids))
    offsets = np.full((len(tokens), 2), len(text), dtype=np.intp)
    again = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    plain = [token for token, odd in zip(tokens, special, strict=True) if not odd]
    if list(again["input_ids"]) == plain:
        offsets[~special] = np.array(again["offset_mapping"], dtype=np.intp).reshape(-1, 2)
        return offsets
    end = 0
    for place, _ in enumerate(tokens):
        start = end
        grown = text_of(tokenizer, tokens[: place + 1])
        end = max(start, len(grown.rstrip("\ufffd")))
        offsets[place] = (start, min(end, len(text)))
    return offsets


def text_of(tokenizer: Tokenizer, tokens: Sequence[int]) -> str:
    """A response's text, without the tokens that only end it."""
    return str(tokenizer.decode(list(tokens), skip_special_tokens=True))
