"""The warm start: supervised learning of reasoning that is written from the graph.

A small model gives no usable box before it; reinforcement has nothing to go on then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback
from trl import SFTTrainer

from rerec.catalogue.domain import Domain, read_domain
from rerec.credit.judge import Judge
from rerec.errors import DataError
from rerec.graph.attributes import AttributeGraph
from rerec.rng import stream
from rerec.settings import Recipe
from rerec.train import runtime
from rerec.train.answering import prompt_ids
from rerec.train.attention import Tree
from rerec.train.engine import frozen_dtype, sft_config
from rerec.train.journal import Journal, Progress
from rerec.train.policy import Tokenizer, find, load_tokenizer, load_trainable
from rerec.train.prompts import PromptWriter
from rerec.train.reasoning import ReasoningWriter
from rerec.train.run_folder import RunFolder
from rerec.train.sharing import can_share, prepare_sharing
from rerec.train.validation import Validation, Validator


@dataclass(frozen=True)
class Example:
    """A prompt and the answer to be learned, as token ids."""

    prompt: list[int]
    answer: list[int]


def sft(recipe: Recipe, *, out: Path, progress: Progress) -> None:
    """Warm-start the recipe's model; the run folder `out` then holds `best/` and `last/`.

    A run that was interrupted goes on from its last checkpoint.

    Raises:
        ReRecError: the domain, the model or a setting cannot be used, or `out` holds another run.
    """
    runtime.prepare()
    run = RunFolder.open(out, recipe, command="sft", progress=progress)
    if run.finished:
        return
    domain = read_domain(Path(recipe.domain))
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    writer = PromptWriter(domain, graph, recipe.prompt)
    place = find(recipe.model.adapter or recipe.model.name)
    tokenizer = load_tokenizer(place.base)
    examples = written_examples(recipe, domain, writer, tokenizer)
    progress(f"warm start on {len(examples)} examples")
    config = sft_config(recipe, out)
    torch.manual_seed(recipe.seed)  # a fresh adapter draws its weights before TRL seeds
    model = load_trainable(recipe.model, model=None, dtype=frozen_dtype(config))
    why_not = can_share(model)
    if why_not:
        progress(f"plain attention is used: {why_not}")
    trainer = SFTTrainer(
        model,
        args=config,
        train_dataset=Dataset.from_list(
            [{"input_ids": e.prompt + e.answer, "n_prompt": len(e.prompt)} for e in examples]
        ),
        processing_class=tokenizer,
        data_collator=_plain_row if why_not else _one_row,
    )
    if not why_not:
        prepare_sharing(trainer.model)
    journal = Journal(out, progress)
    # A warm start is judged by its answers alone: it may come before the embeddings.
    judge = Judge.of(domain, recipe.reward.model_copy(update={"w_pas": 0.0}), recipe.credit)
    validator = Validator(domain, judge, tokenizer, place.base_name, run, journal)
    validator.choose(recipe.sft.n_valid)
    trainer.remove_callback(PrinterCallback)  # the journal speaks
    trainer.add_callback(journal)
    trainer.add_callback(Validation(validator, lambda: trainer.model, recipe.sft.validate_every))
    run.begin()
    trainer.train(resume_from_checkpoint=run.last_checkpoint())
    run.finish()


def written_examples(
    recipe: Recipe, domain: Domain, writer: PromptWriter, tokenizer: Tokenizer
) -> list[Example]:
    """The first `sft.n_examples` training queries, in a seeded order, whose reasoning is short.

    Raises:
        DataError: there are not that many.
    """
    reasoning = ReasoningWriter(writer)
    queries = domain.queries("train")
    examples: list[Example] = []
    for place in stream(recipe.seed, "sft", "order").permutation(len(queries)):
        text = reasoning.write(queries[place])
        if text is None:
            continue
        answer = tokenizer(text, add_special_tokens=False)["input_ids"]
        prompt = prompt_ids(tokenizer, writer, queries[place])
        examples.append(Example(prompt, [*_ids(answer), _end(tokenizer)]))
        if len(examples) == recipe.sft.n_examples:
            return examples
    raise DataError(
        f"{domain.folder}: {len(examples)} training queries can be written out, but sft.n_examples"
        f" is {recipe.sft.n_examples}; ask for fewer or build more queries"
    )


def _ids(tokens: Any) -> list[int]:
    return list(tokens)


def _end(tokenizer: Tokenizer) -> int:
    return int(tokenizer.eos_token_id)


def _plain_row(features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The same for a model that cannot take a tree."""
    (feature,) = features
    ids, n_prompt = feature["input_ids"], feature["n_prompt"]
    labels = [-100] * n_prompt + ids[n_prompt:]
    mask = torch.ones(1, len(ids), dtype=torch.long)
    ids, labels = torch.tensor([ids]), torch.tensor([labels])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def _one_row(features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Examples behind each other in one row would see each other: a micro-batch is one example.

    No padding, and no logits for prompt positions.
    """
    (feature,) = features
    ids, n_prompt = feature["input_ids"], feature["n_prompt"]
    tree = Tree.of(n_prompt, [len(ids) - n_prompt], torch.device("cpu"))
    answer = torch.tensor([ids[n_prompt:]])
    return {
        "input_ids": torch.tensor([ids]),
        "attention_mask": torch.ones(1, 1, 1, 1, dtype=torch.bool),
        "position_ids": torch.arange(len(ids))[None],
        "labels": answer,
        "shift_labels": answer,
        "shared": tree,
    }
