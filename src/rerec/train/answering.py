"""Greedy answers of a policy to queries: what evaluation, validation and the demo share."""

from collections.abc import Callable, Sequence
from typing import Any

from rerec.catalogue.domain import Domain
from rerec.graph.attributes import AttributeGraph
from rerec.records import Query
from rerec.settings import PromptSettings
from rerec.train.generation import Sampling, generate
from rerec.train.offsets import text_of
from rerec.train.policy import Policy, Tokenizer
from rerec.train.prompts import PromptWriter

Answered = tuple[Query, str, int]
"""A query, the response, and how many tokens it took."""


def answer(
    policy: Policy,
    domain: Domain,
    queries: Sequence[Query],
    prompt: PromptSettings,
    *,
    on_batch: Callable[[list[Answered]], None],
) -> None:
    """Answer every query greedily, with the chat template as in training.

    Args:
        policy: who answers.
        domain: where the queries' items and facts are from.
        queries: what is asked.
        prompt: what is shown.
        on_batch: called with the answers of each batch as it ends; batches are of like length.
    """
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    writer = PromptWriter(domain, graph, prompt)
    ids = [prompt_ids(policy.tokenizer, writer, query) for query in queries]

    def report(found: dict[int, list[list[int]]]) -> None:
        rows = [(queries[i], continuations[0]) for i, continuations in found.items()]
        on_batch([(q, text_of(policy.tokenizer, tokens), len(tokens)) for q, tokens in rows])

    generate(
        policy.model,
        ids,
        Sampling(max_new_tokens=prompt.max_response_tokens, stop_repeats=prompt.stop_repeats),
        stop=policy.stop,
        on_batch=report,
    )


def prompt_ids(tokenizer: Tokenizer, writer: PromptWriter, query: Query) -> list[int]:
    """A query's prompt as token ids, up to where the answer begins."""
    ids: Any = tokenizer.apply_chat_template(
        writer.messages(query), add_generation_prompt=True, return_dict=False
    )
    return list(ids)
