"""Responses of every kind to a domain's queries, in tokens, and what ours makes of them.

Right, wrong, blamed, unknown, unboxed, cut off, oddly tokenised: what `verl_equality.py` sends
through verl. Nothing here knows verl.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, PreTrainedTokenizerFast

from rerec.catalogue.domain import read_domain
from rerec.credit.judge import Judge
from rerec.credit.tokens import credit_tokens
from rerec.prompting import write_answer
from rerec.records import Query, Scored
from rerec.settings import CreditSettings, Recipe
from rerec.train.choosing import chosen_queries
from rerec.train.offsets import text_of, token_offsets
from rerec.train.prompts import PromptWriter

N_KINDS = 9
"""Responses to each query."""
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
END = "<|im_end|>"
Answers = dict[tuple[int, ...], list[list[int]]]
"""Tokens of each prompt, and of the responses to it."""


@dataclass(frozen=True)
class Scene:
    """Who is asked, who judges, and what will be answered."""

    tokenizer: PreTrainedTokenizerFast
    judge: Judge
    queries: dict[str, Query]
    answers: Answers

    @classmethod
    def of(cls, recipe: Recipe, model: Path) -> "Scene":
        """Responses to the training queries of a recipe; `model` gets the tokenizer's files."""
        domain = read_domain(Path(recipe.domain))
        judge = Judge.of(domain, recipe.reward, recipe.credit)
        writer = PromptWriter(domain, judge.graph, recipe.prompt)
        queries = chosen_queries(domain, judge.graph, recipe)
        messages = [writer.messages(query) for query in queries]
        tokenizer = make_tokenizer([m["content"] for one in messages for m in one], model)
        answers: Answers = {}
        for query, one in zip(queries, messages, strict=True):
            prompt: Any = tokenizer.apply_chat_template(
                one, add_generation_prompt=True, return_dict=False
            )
            answers[tuple(prompt)] = [
                tokens_of(tokenizer, text, kind)
                for kind, text in enumerate(responses_to(query, writer))
            ]
        return cls(tokenizer, judge, {query.query_id: query for query in queries}, answers)

    def scored(self, query_ids: Sequence[str], tokens: Sequence[list[int]]) -> list[Scored]:
        """What our judge says of responses."""
        queries = [self.queries[query_id] for query_id in query_ids]
        return self.judge.judge(queries, [text_of(self.tokenizer, ids) for ids in tokens])

    def advantages(
        self, scored: Sequence[Scored], tokens: Sequence[list[int]], settings: CreditSettings
    ) -> list[NDArray[np.float64]]:
        """What our credit gives the tokens of B responses: B arrays, each as long as a response."""
        lengths = [len(ids) for ids in tokens]
        mask = np.arange(max(lengths)) < np.array(lengths)[:, None]
        offsets = np.zeros((*mask.shape, 2), np.intp)
        for row, ids in enumerate(tokens):
            text = text_of(self.tokenizer, ids)
            offsets[row, : len(ids)] = token_offsets(self.tokenizer, ids, text)
        group = np.unique([one.query_id for one in scored], return_inverse=True)[1]
        found = credit_tokens(scored, offsets, mask, group, settings).advantages
        return [row[:length] for row, length in zip(found, lengths, strict=True)]


def responses_to(query: Query, writer: PromptWriter) -> list[str]:
    """One response of each kind that a judge tells apart, and some that are hard to cut."""
    beside = [item_id for item_id in query.candidates if item_id not in query.ground_truth]
    items = writer.domain.catalogue.item_ids
    outside = [item_id for item_id in items if item_id not in query.candidates]
    chosen = (query.ground_truth[0], beside[0], beside[-1], outside[query.seed % len(outside)])
    right, wrong, other, stranger = map(writer.label, chosen)
    return [
        f"{wrong} lacks what was asked.\n\n{right} fits.\n\n{write_answer([right])}",
        f"{right} lacks it.\n\n{wrong} fits.\n\nNothing else does.\n\n{write_answer([wrong])}",
        f"One stands out here.\n\n{write_answer([other])}",
        f"{wrong} fits.\n{write_answer([wrong])}\n\nI am sure of {wrong}.",
        f"{right}?\n\n{write_answer(['No Such Title (1801)'])}",
        f"{right} fits, I think.\n\n{wrong} does not",
        f"{stranger} comes to mind.\n\n{write_answer([stranger])}",
        f"Café ☕ {other}, naïve 映画\n\n{wrong} … {other}\n\n{write_answer([other, right])}",
        "\\boxed{}",
    ]


def tokens_of(tokenizer: PreTrainedTokenizerFast, text: str, kind: int) -> list[int]:
    """Tokens of a response; some are cut where the tokenizer would not, some lack their end."""
    pieces = (text[:7], text[7:]) if kind % 3 == 1 else (text,)
    cut = [tokenizer(piece, add_special_tokens=False)["input_ids"] for piece in pieces]
    tokens = [int(token) for piece in cut for token in piece]
    return tokens if kind % 4 == 3 else [*tokens, tokenizer.all_special_ids[0]]


def make_tokenizer(texts: Sequence[str], folder: Path) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer made from texts, in a folder that passes for a model's."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1000,
        special_tokens=[END, "<|im_start|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=END, pad_token=END, chat_template=TEMPLATE
    )
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(vocab_size=len(tokenizer), architectures=["LlamaForCausalLM"])
    config.save_pretrained(folder)
    return tokenizer
