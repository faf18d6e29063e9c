"""What the warm start learns, as rows of tokens: a list of candidates, and requests about it.

The candidates come before the request, so prompts about one list begin with the same tokens. A row
holds that beginning once, then a branch for each request: the rest of its prompt and its answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch

from rerec.catalogue.domain import Domain
from rerec.errors import DataError
from rerec.graph.attributes import AttributeGraph
from rerec.queries.companions import Asked, Companions, asked_by
from rerec.records import Query
from rerec.rng import stream
from rerec.settings import Recipe
from rerec.train.answering import prompt_ids
from rerec.train.attention import NO_MASK, Tree
from rerec.train.policy import Tokenizer
from rerec.train.prompts import PromptWriter
from rerec.train.reasoning import ReasoningWriter


@dataclass(frozen=True)
class Example:
    """A prompt and the answer to be learned, as token ids."""

    prompt: list[int]
    answer: list[int]


Lesson = list[Example]
"""Examples over the same list of candidates: the training query's own comes first."""


def lessons(
    recipe: Recipe, domain: Domain, writer: PromptWriter, tokenizer: Tokenizer
) -> list[Lesson]:
    """The first `sft.n_examples` training queries, in a seeded order, whose reasoning is short.

    Each with its companions, so that a lesson has up to `sft.requests_per_list` examples.

    Raises:
        DataError: there are not that many.
    """
    reasoning = ReasoningWriter(writer)
    found: list[Lesson] = []
    for own, *companions in taught(recipe, domain, reasoning):
        written = (_example(query, reasoning, tokenizer) for query in (own, *companions))
        found.append([example for example in written if example is not None])
    return found


def taught(recipe: Recipe, domain: Domain, reasoning: ReasoningWriter) -> list[list[Query]]:
    """The queries of each lesson: a training query and its companions.

    Raises:
        DataError: fewer than `sft.n_examples` training queries can be written out.
    """
    companions = Companions(domain, reasoning.graph, recipe.prompt)
    n_more = recipe.sft.requests_per_list - 1
    queries = domain.queries("train", recipe.categories)
    found: list[list[Query]] = []
    for place in stream(recipe.seed, "sft", "order").permutation(len(queries)):
        if len(found) == recipe.sft.n_examples:
            break
        query = queries[place]
        if reasoning.write(query) is not None:
            found.append([query, *companions.of(query, n_more, seed=recipe.seed)])
    if len(found) < recipe.sft.n_examples:
        raise DataError(
            f"{domain.folder}: {len(found)} training queries can be written out, but sft.n_examples"
            f" is {recipe.sft.n_examples}; ask for fewer or build more queries"
        )
    return found


def asked_in_lessons(recipe: Recipe, domain: Domain) -> set[Asked]:
    """The condition sets that a recipe's warm start learns, and held-out requests should not ask.

    Raises:
        DataError: see `taught`.
    """
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    reasoning = ReasoningWriter(PromptWriter(domain, graph, recipe.prompt))
    return {asked_by(query) for lesson in taught(recipe, domain, reasoning) for query in lesson}


def _example(query: Query, reasoning: ReasoningWriter, tokenizer: Tokenizer) -> Example | None:
    text = reasoning.write(query)
    if text is None:
        return None
    answer: Any = tokenizer(text, add_special_tokens=False)["input_ids"]
    end: Any = tokenizer.eos_token_id
    return Example(prompt_ids(tokenizer, reasoning.prompts, query), [*answer, int(end)])


def row_of(lesson: Lesson) -> dict[str, Any]:
    """A lesson as one row: `input_ids`, and how it is cut.

    Returns:
        `n_prompt` tokens that all prompts begin with, then branches of `lengths` tokens, the first
        `unscored` of each being the rest of its prompt.
    """
    prompts = [example.prompt for example in lesson]
    n_prompt = len(list(takewhile(_is_same, zip(*prompts, strict=False))))
    branches = [example.prompt[n_prompt:] + example.answer for example in lesson]
    return {
        "input_ids": prompts[0][:n_prompt] + [token for branch in branches for token in branch],
        "n_prompt": n_prompt,
        "lengths": [len(branch) for branch in branches],
        "unscored": [len(prompt) - n_prompt for prompt in prompts],
    }


def _is_same(tokens: tuple[int, ...]) -> bool:
    return len(set(tokens)) == 1


def tree_row(features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Model inputs of one lesson, read as a tree: no padding, no logits of the prompts.

    A micro-batch is one lesson: several behind each other in one row would see each other.
    """
    (row,) = features
    ids, lengths = row["input_ids"], row["lengths"]
    tree = Tree.of(row["n_prompt"], lengths, torch.device("cpu"), unscored=row["unscored"])
    scored = torch.tensor([_answers(row)])
    return {
        "input_ids": torch.tensor([ids]),
        "attention_mask": NO_MASK,
        "position_ids": tree.positions(),
        "labels": scored,
        "shift_labels": scored,
        "shared": tree,
    }


def _answers(row: dict[str, Any]) -> list[int]:
    ids, start = row["input_ids"], row["n_prompt"]
    scored: list[int] = []
    for length, unscored in zip(row["lengths"], row["unscored"], strict=True):
        scored += ids[start + unscored : start + length]
        start += length
    return scored


def plain_row(features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Model inputs of a lesson of one example, for a model that cannot take a tree."""
    (row,) = features
    ids, n_read = row["input_ids"], row["n_prompt"] + row["unscored"][0]
    mask = torch.ones(1, len(ids), dtype=torch.long)
    labels = torch.tensor([[-100] * n_read + ids[n_read:]])
    return {"input_ids": torch.tensor([ids]), "attention_mask": mask, "labels": labels}
