"""The whole line on the corner shop, by the command: each stage reads what the last one wrote."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from rerec.catalogue.domain import EMBEDDINGS_FILE
from rerec.cli import main

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
RECIPE = """
seed: 7
domain: shop
model: {name: tiny, lora_rank: 4, lora_alpha: 8}
prompt: {max_response_tokens: 16}
sft: {n_examples: 4}
train:
  queries_per_step: 2
  max_steps: 2
  validate_every: 1
  n_valid: 2
  num_generations: 2
"""


def write_tiny_model(folder: Path, text: str) -> None:
    """A random two-layer Llama with a byte-level tokenizer made from some text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=800,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    ready = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=special[1], chat_template=TEMPLATE
    )
    ready.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(ready),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=2048,
        eos_token_id=ready.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


@pytest.fixture
def shop(corner_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a domain that has no embeddings yet, a tiny model, and a recipe."""
    monkeypatch.chdir(tmp_path)
    corner_shop.rename("shop")
    Path("shop", EMBEDDINGS_FILE).unlink()
    write_tiny_model(Path("tiny"), Path(__file__).with_name("conftest.py").read_text())
    Path("recipe.yaml").write_text(RECIPE)
    return tmp_path


def test_the_line_runs_from_a_domain_to_a_report(shop: Path, capsys: pytest.CaptureFixture[str]):
    def run(line: str) -> str:
        assert main(line.split()) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    run("data check shop")
    assert "q7" in run("data info shop --json")
    run("data export shop --format graphml --graph interactions --out shop.graphml")
    assert "recall" in run("embed shop --set max_epochs=2 --json").casefold()
    run("data check shop")
    run("sft --config recipe.yaml --out sft")
    run("train --config recipe.yaml --model sft --out rft --set train.learning_rate=1e-3")
    for name in ("sft", "rft"):
        run(f"evaluate --model {name} --data shop --split test --out {name}.json")
    comparison = json.loads(run("compare sft.json rft.json --json"))
    assert comparison["all"]["n"] == 3
    run("report --run sft.json --run rft.json --metrics rft/metrics.jsonl --out report.html")
    row = json.loads(Path("rft.json").read_text())["rows"][0]
    Path("answers.jsonl").write_text(json.dumps(row) + "\n")
    scored = json.loads(run("score --data shop --responses answers.jsonl"))
    assert (scored["query_id"], scored["outcome"]) == (row["query_id"], row["outcome"])
    written = {path.name for path in shop.iterdir()}
    assert written >= {"shop.graphml", "sft.json", "rft.json", "report.html"}
    for folder in ("sft", "rft"):
        assert (shop / folder / "made.json").is_file()
