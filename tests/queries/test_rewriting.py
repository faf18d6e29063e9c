"""`rerec data paraphrase`: splits rewritten whole, resumed, counted, and the manifest renewed."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from rerec.catalogue.domain import read_domain, write_queries
from rerec.catalogue.faults import faults_of
from rerec.cli import main
from rerec.errors import DataError, SourceError
from rerec.queries import paraphrase as module
from rerec.queries.paraphrase import Paraphraser
from rerec.queries.rewriting import CACHE_FILE, paraphrase

KEY = "sk-very-secret-1234"


def said(request: httpx2.Request) -> str:
    """The request of a person in a body, without what to keep."""
    return json.loads(request.content)["messages"][1]["content"].partition("\n\n")[0]


def answering(answer: Callable[[str], str]) -> httpx2.MockTransport:
    def handler(request: httpx2.Request) -> httpx2.Response:
        content = {"message": {"content": answer(said(request))}}
        return httpx2.Response(200, json={"choices": [content]})

    return httpx2.MockTransport(handler)


def asker_of(folder, answer: Callable[[str], str], model: str = "small") -> Paraphraser:
    client = httpx2.Client(transport=answering(answer))
    cache = folder / "queries" / CACHE_FILE
    return Paraphraser("http://here/v1", model, KEY, 6e6, cache, client)


def politely(text: str) -> str:
    return f"Dear friend, {text[0].lower()}{text[1:]}"


def run(folder, answer=politely, *, model="small", splits=None) -> tuple[dict[str, Any], int]:
    asker = asker_of(folder, answer, model)
    report = paraphrase(folder, asker, splits=splits, progress=lambda _: None)
    return report["splits"], asker.n_sent


def texts(folder, split: str) -> dict[str, str]:
    return {query.query_id: query.text for query in read_domain(folder).queries(split)}


def test_texts_are_replaced_and_nothing_else(corner_shop):
    before = read_domain(corner_shop).queries("valid")
    splits, n_sent = run(corner_shop)
    after = read_domain(corner_shop).queries("valid")
    # q5 says "French", not "France": there is nothing to hold a rewrite of it to.
    assert [query.text for query in after] == [before[0].text, politely(before[1].text)]
    assert [(q.conditions, q.ground_truth, q.seed) for q in after] == [
        (q.conditions, q.ground_truth, q.seed) for q in before
    ]
    assert splits["valid"]["n"] == 2
    assert splits["valid"]["kept"] == 1
    assert splits["valid"]["refused"] == {"a condition is not in the request itself": 1}
    assert n_sent == sum(its["kept"] for its in splits.values())
    assert faults_of(corner_shop) == []


def test_what_is_refused_keeps_its_words_and_is_counted_by_reason(corner_shop):
    def odd(text: str) -> str:
        return politely(text).replace("romance", "comedy") if "romance" in text else text

    splits, _ = run(corner_shop, odd, splits=["train"])
    assert splits["train"]["kept"] == 0
    assert splits["train"]["refused"] == {
        "a condition is not in the request itself": 2,
        "a condition, name or group was lost": 1,
        "unchanged": 1,
    }
    (example,) = splits["train"]["examples"]["a condition, name or group was lost"]
    assert example["query_id"] == "q3"
    assert "comedy" in example["answer"]
    assert texts(corner_shop, "train")["q3"] == "A romance from the 1990s."


def test_only_the_chosen_splits_are_rewritten(corner_shop):
    before = texts(corner_shop, "train")
    splits, _ = run(corner_shop, splits=["valid"])
    assert set(splits) == {"valid"}
    assert texts(corner_shop, "train") == before
    splits, _ = run(corner_shop, splits=["train"])
    assert set(splits) == {"valid", "train"}


def test_a_rewritten_split_is_not_rewritten_again(corner_shop):
    first, _ = run(corner_shop)
    then = texts(corner_shop, "valid")
    again, n_sent = run(corner_shop)
    assert (again, n_sent) == (first, 0)
    assert texts(corner_shop, "valid") == then
    with pytest.raises(DataError, match="was rewritten by 'small' already; remove"):
        run(corner_shop, model="large")


def test_queries_that_were_built_anew_are_rewritten_anew(corner_shop):
    built = read_domain(corner_shop).queries("valid")
    run(corner_shop)
    write_queries(corner_shop, "valid", built)
    splits, n_sent = run(corner_shop)
    assert (splits["valid"]["kept"], n_sent) == (1, 0)  # answers are still known


def test_a_stop_leaves_the_split_as_it_was_and_the_next_run_goes_on(corner_shop):
    before = texts(corner_shop, "train")
    asked: list[str] = []

    def until_the_second(text: str) -> str:
        asked.append(text)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return politely(text)

    with pytest.raises(KeyboardInterrupt):
        run(corner_shop, until_the_second, splits=["train"])
    assert texts(corner_shop, "train") == before
    assert not (corner_shop / "queries" / "paraphrase.json").exists()
    splits, n_sent = run(corner_shop, splits=["train"])
    assert (splits["train"]["kept"], n_sent) == (2, 1)


def test_a_failing_endpoint_leaves_everything_as_it_was(corner_shop, monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.0)
    before = sorted((p, p.read_bytes()) for p in corner_shop.rglob("*.*") if p.is_file())
    broken = httpx2.MockTransport(lambda _: httpx2.Response(500))
    asker = asker_of(corner_shop, politely)
    asker.client = httpx2.Client(transport=broken)
    with pytest.raises(SourceError):
        paraphrase(corner_shop, asker, splits=None, progress=lambda _: None)
    assert sorted((p, p.read_bytes()) for p in corner_shop.rglob("*.*") if p.is_file()) == before


def test_words_to_keep_are_sent_as_the_request_has_them(corner_shop):
    kept: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        told = json.loads(request.content)["messages"][1]["content"]
        kept.append(told.rpartition(": ")[2])
        return httpx2.Response(200, json={"choices": [{"message": {"content": "no"}}]})

    asker = asker_of(corner_shop, politely)
    asker.client = httpx2.Client(transport=httpx2.MockTransport(handler))
    paraphrase(corner_shop, asker, splits=["train"], progress=lambda _: None)
    assert kept == ["Bruce Willis", "romance; 1990s"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> list[httpx2.Request]:
    """The command's client answers politely; the requests that it made."""
    seen: list[httpx2.Request] = []
    made = httpx2.Client

    def client(**options: Any) -> httpx2.Client:
        def handler(request: httpx2.Request) -> httpx2.Response:
            seen.append(request)
            content = {"message": {"content": politely(said(request))}}
            return httpx2.Response(200, json={"choices": [content]})

        return made(transport=httpx2.MockTransport(handler), **options)

    monkeypatch.setattr(httpx2, "Client", client)
    return seen


LINE = "--paraphrase-url http://here/v1 --paraphrase-model small --per-minute 600000"


def test_the_command_rewrites_and_says_how_much(corner_shop, server, monkeypatch, capsys):
    monkeypatch.setenv("REREC_PARAPHRASE_KEY", f" {KEY}\n")
    line = ["data", "paraphrase", str(corner_shop), *LINE.split()]
    assert main([*line, "--splits", "train, valid"]) == 0
    out = capsys.readouterr()
    assert out.out.splitlines() == [
        "train: 2 of 4 queries rewritten by small",
        "  2 not: a condition is not in the request itself",
        "valid: 1 of 2 queries rewritten by small",
        "  1 not: a condition is not in the request itself",
    ]
    assert {request.headers["Authorization"] for request in server} == {f"Bearer {KEY}"}
    files = [path for path in corner_shop.rglob("*") if path.is_file()]
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert KEY not in out.out + out.err
    assert main([*line, "--splits", "valid", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["splits"]["valid"]["kept"] == 1


@pytest.mark.parametrize(
    ("options", "said_of_it"),
    [
        ("--paraphrase-url here --paraphrase-model m", "'here' is no address"),
        (f"{LINE} --splits dev", "no split 'dev'"),
        (f"{LINE} --per-minute 0", "0.0 requests a minute are none"),
        ("--paraphrase-model m", "Missing option '--paraphrase-url'"),
    ],
)
def test_what_cannot_work_is_one_sentence(corner_shop, server, capsys, options, said_of_it):
    assert main(["data", "paraphrase", str(corner_shop), *options.split()]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.match("rerec: ", last)
    assert said_of_it in last
    assert server == []


def test_no_domain_is_one_sentence(tmp_path, server, capsys):
    assert main(["data", "paraphrase", str(tmp_path / "gone"), *LINE.split()]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert server == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["[]", '{"splits": []}', "{"])
def test_a_report_that_is_none_is_refused(corner_shop, content):
    (corner_shop / "queries" / "paraphrase.json").write_text(content)
    with pytest.raises(DataError, match=r"paraphrase\.json: is no"):
        run(corner_shop)
