"""What a user can get wrong at each command: one sentence, exit 2, nothing written."""

from pathlib import Path

import pytest

from rerec.cli import main

BAD = {
    "a query setting that does not exist": (
        "data build ml-100k --out new --set n_trian=9",
        "'n_trian'; did you mean 'n_train'",
    ),
    "a setting without a value": (
        "data build ml-100k --out new --set n_train",
        "'n_train' is not of the form",
    ),
    "a setting out of range": (
        "data build ml-100k --out new --set n_train=0",
        "n_train is 0",
    ),
    "a source that does not exist": ("data build ml-1000k --out new", "ml-1000k"),
    "wheels that are not there": ("data build ml-100k --out new --from-files gone", "gone"),
    "info of no domain": ("data info gone", "gone"),
    "check of no domain": ("data check gone", "gone"),
    "export of no domain": (
        "data export gone --format gexf --graph attributes --out new.gexf",
        "gone",
    ),
    "an export format that does not exist": (
        "data export gone --format dot --graph attributes --out new.dot",
        "dot",
    ),
    "embeddings of no domain": ("embed gone", "gone"),
    "a LightGCN setting that does not exist": ("embed gone --set dims=3", "did you mean 'dim'"),
    "a warm start without its recipe": ("sft --config gone.yaml --out new", "gone.yaml"),
    "a recipe that is no YAML": ("sft --config bad.yaml --out new", "bad.yaml: is not YAML"),
    "a recipe that is a list": ("train --config list.yaml --out new", "list.yaml: holds a list"),
    "a section that does not exist": (
        "train --config empty.yaml --out new --set rewards.w_qas=1",
        "'rewards'; did you mean 'reward'",
    ),
    "a key that neither we nor TRL know": (
        "train --config empty.yaml --data SHOP --out new --set train.learning_rat=1e-5",
        "'train.learning_rat'; did you mean 'learning_rate'",
    ),
    "a model that is nowhere": (
        "evaluate --model ./gone --data SHOP --out new.json",
        "'./gone' cannot be loaded",
    ),
    "responses that are not there": ("score --data SHOP --responses gone.jsonl", "gone.jsonl"),
    "training on no domain": ("train --config empty.yaml --data gone --out new", "gone"),
    "evaluation on no domain": ("evaluate --model x --data gone --out new.json", "gone"),
    "a split that does not exist": (
        "evaluate --model x --data gone --split dev --out new.json",
        "dev",
    ),
    "a comparison with a missing run": ("compare gone.json gone.json", "gone.json"),
    "a comparison with a run that is no JSON": ("compare bad.yaml bad.yaml", "bad.yaml"),
    "a report of nothing": ("report --out new.html", "nothing to report"),
    "a report of a missing run": ("report --run gone.json --out new.html", "gone.json"),
    "a report of missing metrics": ("report --metrics gone.jsonl --out new.html", "gone.jsonl"),
    "scores on no domain": ("score --data gone --responses gone.jsonl", "gone"),
    "a reward setting that does not exist": (
        "score --data gone --responses gone.jsonl --set reward.w_qsa=1",
        "did you mean 'w_qas'",
    ),
    "a setting that scoring does not use": (
        "score --data gone --responses gone.jsonl --set train.max_steps=1",
        "reward.* and credit.* only",
    ),
    "a demo of no queries": ("demo --out new --limit 0", "--limit"),
    "a demo of no steps": ("demo --out new --steps 0", "--steps"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REREC_CACHE", str(tmp_path / "cache"))
    Path("bad.yaml").write_text("train: [")
    Path("list.yaml").write_text("- 1")
    Path("empty.yaml").write_text("")
    return tmp_path


@pytest.mark.parametrize(("line", "said"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_sentence(line, said, folder, corner_shop_made, capsys):
    before = sorted(folder.rglob("*"))
    assert main(line.replace("SHOP", str(corner_shop_made)).split()) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith("rerec: ")
    assert said in told[-1]
    assert not [line for line in told if "Traceback" in line]
    assert sorted(folder.rglob("*")) == before, "something was written"
