"""The mean of adapters: by hand, as a policy, and what has none."""

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from rerec.errors import DataError, ModelError
from rerec.settings import PromptSettings
from rerec.train.averaging import average
from rerec.train.policy import load_policy, save_policy

PROMPT = PromptSettings(shown_values=3)
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def made(tiny: Path, tokenizer, tmp_path: Path):
    """Makes runs of random adapters; the same seed makes the same one."""

    def make(name: str, *, seed: int, rank: int = 4, prompt: PromptSettings = PROMPT) -> str:
        torch.manual_seed(seed)
        config = LoraConfig(r=rank, target_modules="all-linear", init_lora_weights=False)
        model = get_peft_model(LlamaForCausalLM.from_pretrained(tiny), config)
        save_policy(model, tokenizer, tmp_path / name / "best", base=str(tiny), prompt=prompt)
        return str(tmp_path / name)

    return make


def weights(folder: Path | str) -> dict[str, torch.Tensor]:
    return load_file(Path(folder) / WEIGHTS)


def test_every_weight_is_the_mean_of_all_and_the_folder_is_a_policy(made, tmp_path: Path):
    models = [made("a", seed=1), made("b", seed=2), made("c", seed=3)]
    average(models, tmp_path / "mean")
    parts = [weights(Path(model) / "best") for model in models]
    found = weights(tmp_path / "mean")
    assert found.keys() == parts[0].keys()
    for name, tensor in found.items():
        wanted = sum(part[name].float() for part in parts) / 3
        torch.testing.assert_close(tensor.float(), wanted, atol=1e-3, rtol=1e-2)
    policy = load_policy(str(tmp_path / "mean"), dtype=torch.float32)
    assert policy.prompt == PROMPT
    assert json.loads((tmp_path / "mean" / "averaged.json").read_text()) == {"of": models}


def test_the_mean_of_one_adapter_with_itself_is_that_adapter(made, tmp_path: Path):
    model = made("a", seed=1)
    average([model, model], tmp_path / "mean")
    before, after = weights(Path(model) / "best"), weights(tmp_path / "mean")
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_checkpoint_takes_the_card_of_its_run(made, tmp_path: Path):
    run = Path(made("a", seed=1))
    (run / "best").rename(run / "last")
    for step, seed in ((10, 2), (20, 3)):
        other = Path(made(f"step-{step}", seed=seed)) / "best"
        (other / "rerec.json").unlink()
        (run / "checkpoints").mkdir(exist_ok=True)
        other.rename(run / "checkpoints" / f"checkpoint-{step}")
    steps = [run / "checkpoints" / f"checkpoint-{step}" for step in (10, 20)]
    average([str(step) for step in steps], tmp_path / "mean")
    card = json.loads((tmp_path / "mean" / "rerec.json").read_text())
    assert card == json.loads((run / "last" / "rerec.json").read_text())
    name = next(iter(weights(steps[0])))
    wanted = (weights(steps[0])[name].float() + weights(steps[1])[name].float()) / 2
    found = weights(tmp_path / "mean")[name].float()
    torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-2)


def test_without_any_card_nobody_knows_the_prompt(made, tmp_path: Path):
    models = [made("a", seed=1), made("b", seed=2)]
    (Path(models[0]) / "best" / "rerec.json").unlink()
    average(models, tmp_path / "mean")
    assert load_policy(str(tmp_path / "mean"), dtype=torch.float32).prompt == PROMPT
    (Path(models[1]) / "best" / "rerec.json").unlink()
    with pytest.raises(ModelError, match="says what prompt it was trained with"):
        average(models, tmp_path / "other")


def test_adapters_made_otherwise_have_no_mean(made, tiny: Path, tmp_path: Path):
    model, out = made("a", seed=1), tmp_path / "mean"
    with pytest.raises(ModelError, match="1 adapter to average; give at least two"):
        average([model], out)
    with pytest.raises(ModelError, match=r"r is 2, that of .* 4; only adapters made alike"):
        average([model, made("narrow", seed=2, rank=2)], out)
    with pytest.raises(ModelError, match="trained with different prompts"):
        average([model, made("other", seed=2, prompt=PromptSettings())], out)
    with pytest.raises(ModelError, match="is no adapter"):
        average([model, str(tiny)], out)
    assert not out.exists()


def test_weights_that_do_not_fit_or_cannot_be_read_are_one_sentence(made, tmp_path: Path):
    models = [made("a", seed=1), made("b", seed=2)]
    spoilt = Path(models[1]) / "best" / WEIGHTS
    state = dict(list(load_file(spoilt).items())[1:])
    save_file(state, spoilt, metadata={"format": "pt"})
    with pytest.raises(ModelError, match="shaped otherwise"):
        average(models, tmp_path / "mean")
    spoilt.write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="cannot be read"):
        average(models, tmp_path / "mean")


def test_what_stands_there_is_left_alone(made, tmp_path: Path):
    models = [made("a", seed=1), made("b", seed=2)]
    with pytest.raises(DataError, match="is there already"):
        average(models, tmp_path / "a")
    assert (tmp_path / "a" / "best" / WEIGHTS).is_file()
