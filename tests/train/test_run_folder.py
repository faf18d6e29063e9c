"""Run folders: what may go on, what is finished, what is refused."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from rerec.errors import SettingsError
from rerec.settings import Recipe
from rerec.train.run_folder import RunFolder


def ignored(line: str) -> None:
    pass


@pytest.fixture
def begun(recipe: Callable[..., Recipe], tmp_path: Path) -> RunFolder:
    run = RunFolder.open(tmp_path / "run", recipe(), command="train", progress=ignored)
    with suppress(KeyboardInterrupt), run.underway():
        raise KeyboardInterrupt
    return run


def checkpoint(run: RunFolder, step: int, state: str = '{"global_step": 1}') -> Path:
    folder = run.folder / "checkpoints" / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text(state)
    return folder


def test_a_run_goes_on_from_its_newest_whole_checkpoint(begun: RunFolder):
    assert begun.last_checkpoint(ignored) is None
    checkpoint(begun, 9)
    whole = checkpoint(begun, 10)
    checkpoint(begun, 11, '{"global_st')  # killed while it was written
    (checkpoint(begun, 12) / "trainer_state.json").unlink()  # or before
    assert begun.last_checkpoint(ignored) == str(whole)


def test_the_same_run_may_be_opened_again(begun: RunFolder, recipe: Callable[..., Recipe]):
    again = RunFolder.open(begun.folder, recipe(), command="train", progress=ignored)
    assert not again.finished
    with again.underway():
        assert not (begun.folder / "made.json").exists()
    said: list[str] = []
    done = RunFolder.open(begun.folder, recipe(), command="train", progress=said.append)
    assert done.finished
    assert "this run is finished" in said[0]
    made = json.loads((begun.folder / "made.json").read_text())
    assert (made["command"], made["settings"]) == ("train", recipe().model_dump(mode="json"))


@pytest.mark.parametrize(
    ("command", "model", "sections", "told"),
    [
        ("sft", None, {}, "command was 'train', is 'sft'"),
        ("train", "other", {}, "model was None, is 'other'"),
        ("train", None, {"credit": {"w_penalty": 0.5}}, r"w_penalty was 0\.3, is 0\.5"),
        ("train", None, {"train": {"top_p": 0.5}}, r"train\.args\.top_p was None, is 0\.5"),
    ],
)
def test_another_run_in_the_same_folder_is_refused_in_one_sentence(
    command: str,
    model: str | None,
    sections: dict[str, dict[str, object]],
    told: str,
    begun: RunFolder,
    recipe: Callable[..., Recipe],
):
    other = recipe(**sections)
    with pytest.raises(SettingsError, match=told) as error:
        RunFolder.open(begun.folder, other, command=command, progress=ignored, model=model)
    assert "\n" not in str(error.value)


def test_another_domain_is_refused(
    begun: RunFolder, recipe: Callable[..., Recipe], corner_shop: Path
):
    manifest = corner_shop / "manifest.json"
    listed = json.loads(manifest.read_text())
    listed["files"]["items.parquet"]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(listed))
    with pytest.raises(SettingsError, match="made otherwise"):
        RunFolder.open(begun.folder, recipe(), command="train", progress=ignored)


HOLDER = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_runs_at_once_in_one_folder_are_refused_and_a_dead_one_is_not_in_the_way(
    begun: RunFolder,
):
    before = sorted(begun.folder.iterdir())
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(begun.folder / ".lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout
    assert other.stdout.readline() == "held\n"
    refused = pytest.raises(SettingsError, match="another process is training in this folder")
    with refused as error, begun.underway():
        pytest.fail("two at once")
    assert "\n" not in str(error.value)
    assert sorted(begun.folder.iterdir()) == before
    other.kill()  # as `kill -9` does: nobody tidies up
    other.communicate()
    with begun.underway():
        pass
    assert (begun.folder / "made.json").is_file()
