"""Reinforcement fine-tuning: from a recipe and a warm-started model to a run folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import PartialState
from datasets import Dataset
from transformers import (
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from rerec.catalogue.domain import read_domain
from rerec.catalogue.files import read_json, write_json
from rerec.credit.judge import Judge
from rerec.curriculum.sampler import CurriculumSampler
from rerec.records import Scored
from rerec.settings import Recipe, TrainSettings
from rerec.train import runtime
from rerec.train.choosing import chosen_queries
from rerec.train.claims import ClaimReader
from rerec.train.crediting import Crediting
from rerec.train.engine import check_vllm, grpo_config, product_dtype
from rerec.train.faults import Soundness, Termination, told
from rerec.train.feed import QueryFeed
from rerec.train.first_look import AtStart, FirstLook
from rerec.train.journal import Journal, Progress
from rerec.train.policy import Policy, find, load_tokenizer, load_trainable
from rerec.train.prompts import PromptWriter
from rerec.train.reasoning import ReasoningWriter
from rerec.train.run_folder import RunFolder
from rerec.train.trainer import STATE, ReRecTrainer, Speed
from rerec.train.validation import Validation, Validator

_N_SAMPLES = 16


def rft(recipe: Recipe, *, model: str | None = None, out: Path, progress: Progress) -> None:
    """Fine-tune by reinforcement; the run folder `out` then holds `best/` and `last/`.

    A run that was interrupted goes on from its last checkpoint, as if it never had been.

    Args:
        recipe: every setting.
        model: what to start from; None takes the recipe's.
        out: the run folder.
        progress: called with lines of text.

    Raises:
        ReRecError: the domain, the model or a setting cannot be used, or `out` holds another run.
    """
    runtime.prepare()
    run = RunFolder.open(out, recipe, command="train", progress=progress, model=model)
    if run.finished:
        return
    # Without `cpu`, accelerate counts one process where several share a machine without a GPU.
    n_processes = PartialState(cpu=runtime.on_cpu()).num_processes
    config = grpo_config(recipe, out, n_processes=n_processes)
    check_vllm(config)
    domain = read_domain(Path(recipe.domain))
    judge = Judge.of(domain, recipe.reward, recipe.credit)
    queries = chosen_queries(domain, judge.graph, recipe)
    judge.check(queries)
    place = find(model or recipe.model.adapter or recipe.model.name)
    tokenizer = load_tokenizer(place.base)
    sampler = CurriculumSampler([q.query_id for q in queries], recipe.curriculum, seed=recipe.seed)
    writer = PromptWriter(domain, judge.graph, recipe.prompt)
    feed = QueryFeed(queries, writer, sampler)
    checkpoint = run.last_checkpoint(progress)
    if checkpoint:
        feed.restore(read_json(Path(checkpoint) / STATE))
    observe = Observer(feed, by_task=recipe.curriculum.difficulty == "task")
    by_id = {query.query_id: query for query in queries}
    reader = ClaimReader(ReasoningWriter(writer)) if recipe.credit.w_claims else None
    crediting = Crediting(by_id, judge, recipe.credit, tokenizer, observe, reader)
    crediting.forks = recipe.train.forks
    torch.manual_seed(recipe.seed)  # a fresh adapter draws its weights before TRL seeds
    trainer = ReRecTrainer(
        load_trainable(recipe.model, model=model, dtype=product_dtype(config)),
        args=config,
        train_dataset=_slots(len(queries)),
        processing_class=tokenizer,
        feed=feed,
        crediting=crediting,
        speed=_speed(recipe.train),
        stop_repeats=recipe.prompt.stop_repeats,
        forks=recipe.train.forks,
    )
    _tell(trainer, progress)
    journal = Journal(out, progress)
    validator = Validator(domain, judge, tokenizer, place.base_name, run, journal)
    validator.choose(recipe.train.n_valid)
    trainer.remove_callback(PrinterCallback)  # the journal speaks
    every = recipe.train.validate_every

    def look() -> None:
        policy = Policy(trainer.writing_model(), tokenizer, place.base_name, recipe.prompt)
        sampler.observe(FirstLook(policy, domain, judge, recipe, out, progress).scores(queries))

    for callback in (
        journal,
        *([AtStart(look)] if recipe.curriculum.first_look else []),
        Soundness(journal),
        Termination(out),
        Samples(crediting, out, every),
        Validation(validator, trainer.unwrapped_model, trainer.writing_model, every),
    ):
        trainer.add_callback(callback)
    progress(f"reinforcement on {len(queries)} queries, {config.max_steps} steps")
    with run.underway(), told(out):
        trainer.train(resume_from_checkpoint=checkpoint)
    # A process that ends with the group still open now and then aborts, its work all done.
    trainer.accelerator.end_training()


def _speed(settings: TrainSettings) -> Speed:
    return Speed(
        share_in_generation=settings.share_in_generation,
        share_in_training=settings.share_in_training,
        skip_dead_groups=settings.skip_dead_groups,
    )


def _tell(trainer: ReRecTrainer, progress: Progress) -> None:
    """Let a trainer speak of what it does otherwise than usual."""
    trainer.say = progress
    for note in filter(None, (trainer.sharing_note, trainer.writing_note)):
        progress(note)


class Observer:
    """Hands the scores of a batch to the curriculum: the same in every process."""

    def __init__(self, feed: QueryFeed, *, by_task: bool) -> None:
        self._feed, self._by_task = feed, by_task

    def __call__(self, query_ids: Sequence[str], scored: Sequence[Scored]) -> dict[str, float]:
        """Learn from a batch; returns the curriculum's counts."""
        worth = [s.ndcg if self._by_task else float(np.clip(s.reward, 0, 1)) for s in scored]
        self._feed.observe(query_ids, np.array(worth))
        counts = self._feed.sampler.counts()
        return {f"curriculum/{name}": float(n) for name, n in counts.items()}


class Samples(TrainerCallback):
    """Writes some of a batch's responses, what they were worth and which paragraphs are blamed."""

    def __init__(self, crediting: Crediting, folder: Path, every: int) -> None:
        self._crediting, self._folder, self._every = crediting, folder, every

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kw: Any
    ) -> None:
        """Write the samples of every n-th step."""
        if state.is_world_process_zero and state.global_step % self._every == 0:
            name = f"train-{state.global_step:06d}.json"
            write_json(self._folder / "completions" / name, self._crediting.samples(_N_SAMPLES))


def _slots(n: int) -> Dataset:
    """Rows that only say how many queries are wanted: which ones, the feed decides."""
    return Dataset.from_dict({"prompt": [[{"role": "user", "content": ""}]] * n})
