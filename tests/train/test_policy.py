"""Policies by name, folder and hub id; what is saved is what comes back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from rerec.errors import ModelError
from rerec.settings import ModelSettings, PromptSettings
from rerec.train.policy import find, load_policy, load_tokenizer, load_trainable, save_policy
from rerec.train.runtime import fast_dtype

IDS = torch.tensor([[5, 6, 7, 8]])
PROMPT = PromptSettings(shown_values=3, max_response_tokens=50)


def logits(model) -> torch.Tensor:
    return model(input_ids=IDS).logits.float()


@pytest.fixture
def adapted(tiny: Path):
    """The tiny model under a random adapter."""
    torch.manual_seed(4)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    return get_peft_model(LlamaForCausalLM.from_pretrained(tiny), config)


@pytest.fixture
def run(adapted, tiny: Path, tokenizer, tmp_path: Path) -> Path:
    """A run folder with an adapter in best/."""
    save_policy(adapted, tokenizer, tmp_path / "run" / "best", base=str(tiny), prompt=PROMPT)
    return tmp_path / "run"


@pytest.mark.parametrize("inner", ["", "best"])
def test_an_adapter_comes_back_merged_from_its_run_and_from_its_own_folder(
    inner: str, adapted, run: Path
):
    folder = run / inner
    policy = load_policy(str(folder), dtype=torch.float32)
    # The adapter went through bfloat16, which keeps 8 bits of a number.
    torch.testing.assert_close(logits(policy.model), logits(adapted), atol=0.1, rtol=0.05)
    assert (policy.name, policy.prompt) == (str(folder), PROMPT)
    assert policy.stop == [1]
    assert not policy.model.training


def test_an_adapter_is_saved_in_bfloat16_and_names_its_base(run: Path, tiny: Path):
    best = run / "best"
    state = load_file(best / "adapter_model.safetensors")
    assert {tensor.dtype for tensor in state.values()} == {torch.bfloat16}
    assert all("lora_" in name for name in state)
    assert json.loads((best / "rerec.json").read_text())["base"] == str(tiny)
    config = json.loads((best / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny)
    assert config["target_modules"] == sorted(config["target_modules"])
    assert len(config["target_modules"]) > 1
    assert {path.name for path in best.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "rerec.json",
    }


def test_of_two_adapters_the_trained_one_is_saved(
    adapted, tiny: Path, tokenizer, tmp_path: Path, run: Path
):
    adapted.add_adapter("ref", adapted.peft_config["default"])
    save_policy(adapted, tokenizer, tmp_path / "two", base=str(tiny), prompt=PROMPT)
    weights = "adapter_model.safetensors"
    assert (tmp_path / "two" / weights).read_bytes() == (run / "best" / weights).read_bytes()
    assert not (tmp_path / "two" / "ref").exists()


def test_an_adapter_of_another_tool_names_its_base_in_its_config(run: Path, tiny: Path):
    (run / "best" / "rerec.json").unlink()
    place = find(str(run))
    assert (place.base, place.adapter, place.prompt) == (str(tiny), run / "best", None)


def test_a_whole_model_comes_back_as_it_was(tiny: Path, tokenizer, tmp_path: Path):
    model = LlamaForCausalLM.from_pretrained(tiny)
    save_policy(model, tokenizer, tmp_path / "run" / "last", base=str(tiny), prompt=PROMPT)
    policy = load_policy(str(tmp_path / "run"), dtype=torch.float32)
    assert torch.equal(logits(policy.model), logits(model))
    assert policy.prompt == PROMPT
    # An adapter on top of it remembers the run, not the folder inside.
    assert find(str(tmp_path / "run")).base_name == str(tmp_path / "run")


def test_a_model_folder_has_no_prompt_of_its_own(tiny: Path):
    policy = load_policy(str(tiny))
    assert policy.prompt is None
    assert policy.model.dtype == fast_dtype()
    assert policy.tokenizer.padding_side == "left"


def test_saving_over_a_policy_leaves_the_new_one_and_nothing_else(
    adapted, tiny: Path, tokenizer, tmp_path: Path
):
    for shown in (1, 2):
        prompt = PromptSettings(shown_values=shown)
        save_policy(adapted, tokenizer, tmp_path / "best", base=str(tiny), prompt=prompt)
    assert find(str(tmp_path / "best")).prompt == PromptSettings(shown_values=2)
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_a_save_that_fails_leaves_the_old_policy(
    adapted, tiny: Path, tokenizer, run: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = (run / "best" / "adapter_model.safetensors").read_bytes()
    monkeypatch.setattr(type(adapted), "save_pretrained", full)
    with pytest.raises(OSError, match="No space"):
        save_policy(adapted, tokenizer, run / "best", base=str(tiny), prompt=PROMPT)
    assert (run / "best" / "adapter_model.safetensors").read_bytes() == before
    assert [path.name for path in run.iterdir()] == ["best"]


def test_a_fresh_adapter_is_trained_in_float32_on_a_bfloat16_base(tiny: Path):
    settings = ModelSettings(name=str(tiny), lora_rank=4, lora_alpha=8)
    model = load_trainable(settings, model=None, dtype=torch.bfloat16)
    trained = {p.dtype for p in model.parameters() if p.requires_grad}
    frozen = {p.dtype for p in model.parameters() if not p.requires_grad}
    assert (trained, frozen) == ({torch.float32}, {torch.bfloat16})
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    assert len(names) == 2 * 7 * 2  # two layers, seven matrices each, A and B
    assert model.peft_config["default"].base_model_name_or_path == str(tiny)


def test_under_zero3_an_adapter_is_of_the_type_of_its_base(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("rerec.train.policy.is_deepspeed_zero3_enabled", lambda: True)
    settings = ModelSettings(name=str(tiny), lora_rank=4)
    model = load_trainable(settings, model=None, dtype=torch.bfloat16)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}


def test_an_adapter_that_is_given_is_trained_further(run: Path, tiny: Path):
    settings = ModelSettings(name=str(tiny), lora_rank=16)
    model = load_trainable(settings, model=str(run), dtype=torch.float32)
    assert model.peft_config["default"].r == 4
    kept = load_policy(str(run), dtype=torch.float32).model
    torch.testing.assert_close(logits(model), logits(kept), atol=1e-4, rtol=1e-4)
    assert {p.dtype for p in model.parameters() if p.requires_grad} == {torch.float32}


def test_rank_0_trains_every_weight_in_float32(tiny: Path):
    settings = ModelSettings(name=str(tiny), lora_rank=0)
    model = load_trainable(settings, model=None, dtype=torch.bfloat16)
    assert all(p.requires_grad and p.dtype == torch.float32 for p in model.parameters())


def refused(model: str) -> str:
    with pytest.raises(ModelError) as error:
        load_policy(model)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_hub_id_that_cannot_be_reached_is_one_sentence():
    sentence = refused("nobody/no-such-model")
    assert sentence.startswith("model 'nobody/no-such-model' cannot be loaded: ")
    assert "give a folder" in sentence


def test_what_is_no_policy_is_one_sentence(tmp_path: Path, run: Path):
    (tmp_path / "empty").mkdir()
    assert "holds neither a model" in refused(str(tmp_path / "empty"))
    assert "cannot be loaded" in refused("no/such/folder/at-all")
    (run / "best" / "rerec.json").write_text(json.dumps({"base": "gone", "prompt": {}}))
    assert "model 'gone' cannot be loaded" in refused(str(run))


def spoil(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return refused(str(folder))


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copies the tiny model's folder."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for path in tiny.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        return folder

    return make


def test_spoilt_files_are_one_sentence(copy: Callable[[str], Path], run: Path):
    torn = copy("torn")
    weights = (torn / "model.safetensors").read_bytes()
    assert "cannot be loaded" in spoil(torn, "model.safetensors", weights[:1000])
    assert "cannot be loaded" in spoil(copy("config"), "config.json", b"{")
    assert "cannot be loaded" in spoil(copy("tokenizer"), "tokenizer.json", b"{}")
    assert "cannot be loaded" in spoil(run / "best", "adapter_model.safetensors", b"torn")


def test_a_tokenizer_without_a_chat_template_is_refused(copy: Callable[[str], Path]):
    folder = copy("plain")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="no chat template"):
        load_tokenizer(str(folder))
