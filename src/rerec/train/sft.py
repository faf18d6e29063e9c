"""The warm start: supervised learning of reasoning that is written from the graph.

A small model gives no usable box before it; reinforcement has nothing to go on then.
"""

from pathlib import Path

import torch
from datasets import Dataset
from transformers import PrinterCallback
from trl import SFTTrainer

from rerec.catalogue.domain import read_domain
from rerec.credit.judge import Judge
from rerec.graph.attributes import AttributeGraph
from rerec.settings import Recipe
from rerec.train import runtime
from rerec.train.engine import product_dtype, sft_config
from rerec.train.faults import Soundness, Termination, told
from rerec.train.journal import Journal, Progress
from rerec.train.lessons import lessons, plain_row, row_of, tree_row
from rerec.train.policy import find, load_tokenizer, load_trainable
from rerec.train.prompts import PromptWriter
from rerec.train.rollout import RolloutModel
from rerec.train.run_folder import RunFolder
from rerec.train.sharing import can_share, prepare_sharing
from rerec.train.validation import Validation, Validator


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
    learned = lessons(recipe, domain, writer, tokenizer)
    n_examples = sum(map(len, learned))
    progress(f"warm start on {n_examples} requests about {len(learned)} lists of candidates")
    config = sft_config(recipe, out)
    torch.manual_seed(recipe.seed)  # a fresh adapter draws its weights before TRL seeds
    model = load_trainable(recipe.model, model=None, dtype=product_dtype(config))
    why_not = can_share(model)
    if why_not:
        progress(f"plain attention is used, a request a row: {why_not}")
        learned = [[example] for lesson in learned for example in lesson]
    trainer = SFTTrainer(
        model,
        args=config,
        train_dataset=Dataset.from_list([row_of(lesson) for lesson in learned]),
        processing_class=tokenizer,
        data_collator=plain_row if why_not else tree_row,
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
    # Untrained it gives no box, and rambles to the limit of its tokens doing so.
    validation = Validation(
        validator,
        lambda: trainer.model,
        RolloutModel(trainer.model, product_dtype(config)).refresh,
        recipe.sft.validate_every,
        at_start=False,
    )
    for callback in (Soundness(journal), Termination(out), validation):
        trainer.add_callback(callback)
    with run.underway(), told(out):
        trainer.train(resume_from_checkpoint=run.last_checkpoint(progress))
