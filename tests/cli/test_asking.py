"""The assistant on a terminal."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rerec.cli import main


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch):
    """Sets the lines that somebody types."""

    def lines(*texts: str) -> None:
        left = iter(texts)

        def read(_: str = "") -> str:
            try:
                return next(left)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("builtins.input", read)

    return lines


def chat(folder: Path, *more: str) -> Sequence[str]:
    return ["chat", "--data", str(folder), *more]


def test_recommend_prints_cards_with_what_they_have_and_lack(corner_shop_made: Path, capsys):
    text = "a western with Al Pacino"
    assert main(["recommend", text, "--data", str(corner_shop_made), "--k", "2"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Heat (1995). It stars Al Pacino.")
    assert "1. Heat (1995)  (+ Al Pacino)" in out


def test_recommend_as_json_is_the_whole_reply(corner_shop_made: Path, capsys):
    asked = ["recommend", "a crime film", "--data", str(corner_shop_made), "--user", "ann"]
    assert main([*asked, "--json"]) == 0
    reply = json.loads(capsys.readouterr().out)
    assert reply["state"]["user_id"] == "ann"
    assert reply["recommendations"][0]["matches"] == [{"relation": "genre", "value": "Crime"}]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--user", "nobody"], "has no user 'nobody'"),
        (["--model", "no/such/model"], "no/such/model"),
        (["--model", "m", "--model-url", "localhost"], "no address of a server"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(
    more: list[str], sentence: str, corner_shop_made: Path, capsys
):
    data = [] if "--data" in more else ["--data", str(corner_shop_made)]
    assert main(["recommend", "a crime film", *data, *more]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert sentence in said


def test_a_chat_goes_on_from_what_was_said_and_thought(corner_shop_made: Path, typed, capsys):
    typed("a crime film", "/like 1", "something else", "/why 1", "/state", "/reset", "/state")
    assert main(chat(corner_shop_made, "--k", "2")) == 0
    out = capsys.readouterr().out
    first = out.split("1. ")[1].split("  (")[0]
    assert f"{first}: noted (like)" in out
    assert "asked for, and it has: genre Crime" in out
    assert f"liked: {first}" in out
    assert out.endswith("Forgotten; what would you like?\nNothing.\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [("/like 1", "takes the number of a card"), ("/like x", "takes"), ("/dance", "There is no /d")],
)
def test_a_command_that_cannot_be_followed_says_so(
    line: str, said: str, corner_shop_made: Path, typed, capsys
):
    typed(line, "/quit", "a crime film")
    assert main(chat(corner_shop_made)) == 0
    out = capsys.readouterr().out
    assert said in out
    assert "1. " not in out


def test_a_kept_chat_goes_on_another_day(corner_shop_made: Path, tmp_path: Path, typed, capsys):
    memory = ["--memory", str(tmp_path / "chats.db")]
    typed("a crime film", "/like 1")
    assert main(chat(corner_shop_made, *memory)) == 0
    name = capsys.readouterr().err.split()[-1]
    typed("/state")
    assert main(chat(corner_shop_made, *memory, "--resume", name)) == 0
    assert "asked for: Crime" in capsys.readouterr().out
    assert main(chat(corner_shop_made, *memory, "--resume", "other")) == 2
    assert "no conversation 'other'" in capsys.readouterr().err
    assert main(chat(corner_shop_made, "--resume", name)) == 2
    assert "--resume needs --memory" in capsys.readouterr().err
