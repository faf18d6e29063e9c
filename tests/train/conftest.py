"""A tiny policy for the training tests: random weights, and a tokenizer made from a few words."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from rerec.settings import Recipe

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
START, END = "<|im_start|>", "<|im_end|>"

Llama = Callable[..., LlamaForCausalLM]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with HF_HUB_OFFLINE=1, which is read when the hub's library is imported."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerBase:
    """A byte-level tokenizer with a chat template and each film's answer as one token.

    So that a random model names a film now and then, and its groups have something to learn from.
    """
    text = Path(__file__).parents[1].joinpath("conftest.py").read_text(encoding="utf-8")
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=[START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator([text], trainer)
    shelf = re.search(r'SHELF = """\n(.*?)"""', text, re.DOTALL)
    assert shelf
    labels = ["{1} ({2})".format(*line.split("|")) for line in shelf[1].splitlines()]
    made.add_tokens([f"\\boxed{{{label}}}{end}" for label in labels for end in ("", "\n", "\n\n")])
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token=END,
        pad_token=END,
        additional_special_tokens=[START],
        chat_template=TEMPLATE,
        padding_side="left",
    )


@pytest.fixture(scope="session")
def llama() -> Llama:
    """Makes a random two-layer Llama in float32; the same seed gives the same weights."""

    def make(
        *, seed: int = 0, n_kv: int = 2, vocabulary: int = 400, hidden: int = 32
    ) -> LlamaForCausalLM:
        config = LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=n_kv,
            max_position_embeddings=2048,
            # Wide enough that the odds of a random model differ between tokens.
            initializer_range=0.2,
            bos_token_id=None,
            eos_token_id=1,
            pad_token_id=None,
        )
        torch.manual_seed(seed)
        return LlamaForCausalLM(config).eval()

    return make


@pytest.fixture(scope="session")
def tiny(
    llama: Llama, tokenizer: PreTrainedTokenizerBase, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the tiny model and its tokenizer; not to be changed."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    llama(vocabulary=len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def recipe(corner_shop: Path, tiny: Path) -> Callable[..., Recipe]:
    """Makes a recipe for the corner shop and the tiny model; sections may be added to."""

    def make(**sections: dict[str, object]) -> Recipe:
        table: dict[str, dict[str, object]] = {
            "model": {"name": str(tiny), "lora_rank": 4, "lora_alpha": 8},
            "prompt": {"max_response_tokens": 12},
            "sft": {"n_examples": 3, "n_valid": 2, "validate_every": 2},
            "train": {
                "queries_per_step": 2,
                "max_steps": 6,
                "validate_every": 2,
                "n_valid": 2,
                "num_generations": 2,
                "learning_rate": 1e-2,
                "warmup_steps": 0,
            },
        }
        for name, section in sections.items():
            table[name] = table.get(name, {}) | section
        return Recipe.model_validate({"seed": 7, "domain": str(corner_shop), **table})

    return make
