"""Answers to queries: the prompt as the chat template gives it, and greedy continuations of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rerec.catalogue.domain import read_domain
from rerec.graph.attributes import AttributeGraph
from rerec.settings import PromptSettings, Recipe
from rerec.train.answering import Answered, answer, prompt_ids, text_of
from rerec.train.policy import load_policy
from rerec.train.prompts import PromptWriter


def test_a_prompt_ends_where_the_answer_begins(corner_shop_made: Path, tokenizer):
    domain = read_domain(corner_shop_made)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    writer = PromptWriter(domain, graph, PromptSettings())
    text = tokenizer.decode(prompt_ids(tokenizer, writer, domain.queries("train")[0]))
    assert text.startswith("<|im_start|>system\nYou recommend one item")
    assert text.endswith("please.<|im_end|>\n<|im_start|>assistant\n")


def test_text_leaves_out_what_only_ends_it(tokenizer):
    ids = tokenizer("Heat fits.")["input_ids"] + [tokenizer.eos_token_id]
    assert text_of(tokenizer, ids) == "Heat fits."


def test_every_query_is_answered_once_as_transformers_would(
    corner_shop_made: Path, tiny: Path, recipe: Callable[..., Recipe]
):
    policy = load_policy(str(tiny), dtype=torch.float32)
    domain, prompt = read_domain(corner_shop_made), recipe().prompt
    queries = domain.queries("train")
    found: list[Answered] = []
    answer(policy, domain, queries, prompt, on_batch=found.extend)
    assert sorted(query.query_id for query, _, _ in found) == ["q1", "q2", "q3", "q4"]
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    writer = PromptWriter(domain, graph, prompt)
    model: Any = policy.model
    for query, text, n_tokens in found:
        ids = torch.tensor([prompt_ids(policy.tokenizer, writer, query)])
        written = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=prompt.max_response_tokens,
            pad_token_id=1,
        )[0, ids.shape[1] :]
        assert (text, n_tokens) == (text_of(policy.tokenizer, written.tolist()), len(written))
