"""What `rerec score` prints for a file of responses."""

import json
from pathlib import Path

import pytest

from rerec.catalogue.domain import queries_path, read_domain, write_queries
from rerec.credit.judge import Judge, score_file
from rerec.credit.response_file import read_responses
from rerec.errors import DataError
from rerec.settings import Recipe, RewardSettings


def written(path: Path, *lines: str) -> Path:
    path.write_bytes("\n".join(lines).encode(errors="surrogatepass"))
    return path


def line(query_id: str, response: str) -> str:
    return json.dumps({"query_id": query_id, "response": response})


def test_every_line_is_scored_in_order_whatever_its_split(domain, tmp_path):
    path = written(
        tmp_path / "r.jsonl",
        line("q9", "Heat.\n\n\\boxed{Léon}"),
        "",
        line("q1", "\\boxed{Goodfellas}"),
        line("q6", ""),
        line("q1", "\\boxed{Heat}"),
    )
    found = list(score_file(domain, path, Recipe()))
    assert [(one["query_id"], one["outcome"]) for one in found] == [
        ("q9", "wrong"), ("q1", "right"), ("q6", "no_answer"), ("q1", "wrong"),
    ]  # fmt: skip


def test_a_line_has_exactly_the_promised_keys_in_their_order(domain, tmp_path):
    text = "Léon (1994) => fits\n\n\\boxed{Léon}"
    path = written(tmp_path / "r.jsonl", line("q9", text))
    (found,) = score_file(domain, path, Recipe())
    assert list(found) == [
        "query_id", "answer", "outcome", "ndcg", "qas", "pas", "format", "reward", "segments",
    ]  # fmt: skip
    assert found["answer"] == ["9"]
    assert found["segments"] == [
        {"start": 0, "end": 19, "blamed": True},
        {"start": 21, "end": len(text), "blamed": False},
    ]
    assert json.loads(json.dumps(found)) == found


def test_scoring_a_file_is_the_judge_of_training(domain, queries, tmp_path):
    recipe = Recipe(reward=RewardSettings(qas="conditions", w_qas=0.3))
    texts = ["Heat.\n\n\\boxed{Heat}", "\\boxed{Die Hard}", "\\boxed{It; Goodfellas}"]
    path = written(tmp_path / "r.jsonl", *(line("q1", text) for text in texts))
    judged = Judge.of(domain, recipe.reward, recipe.credit).judge([queries["q1"]] * 3, texts)
    assert [one["reward"] for one in score_file(domain, path, recipe)] == [
        one.reward for one in judged
    ]


def test_more_lines_than_are_scored_at_once_keep_their_order(domain, tmp_path):
    texts = [f"\\boxed{{{'Heat' if n % 3 else 'Goodfellas'}}}" for n in range(1100)]
    path = written(tmp_path / "r.jsonl", *(line("q1", text) for text in texts))
    outcomes = [one["outcome"] for one in score_file(domain, path, Recipe())]
    assert outcomes == ["wrong" if n % 3 else "right" for n in range(1100)]


def test_characters_that_only_look_like_line_ends_stay_inside_their_response(domain, tmp_path):
    text = "a\u2028b\u0085c\x0cd\r\n\\boxed{Heat}"
    raw = json.dumps({"query_id": "q1", "response": text}, ensure_ascii=False)
    path = written(tmp_path / "r.jsonl", "\ufeff" + raw + "\r", "")
    assert read_responses(path, domain)[1] == [text]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", r"r\.jsonl:2: is not JSON"),
        ("[" * 100_000, r"r\.jsonl:2: is not JSON"),
        ("[]", r"r\.jsonl:2: has no text 'query_id'"),
        ('{"query_id": 4, "response": ""}', r"r\.jsonl:2: has no text 'query_id'"),
        ('{"query_id": "q1"}', r"r\.jsonl:2: has no text 'response'"),
        ('{"query_id": "q1", "response": null}', r"r\.jsonl:2: has no text 'response'"),
        ('{"query_id": "q77", "response": ""}', r"r\.jsonl:2: the query 'q77' is not among the 9"),
    ],
)
def test_a_bad_line_is_named_before_anything_is_scored(domain, tmp_path, content, complaint):
    path = written(tmp_path / "r.jsonl", line("q1", "\\boxed{Heat}"), content)
    with pytest.raises(DataError, match=complaint):
        next(score_file(domain, path, Recipe()))


def test_a_missing_file_and_one_that_is_no_text_are_named(domain, tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read \(No such file"):
        next(score_file(domain, tmp_path / "none.jsonl", Recipe()))
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"binary\.jsonl: is not UTF-8"):
        next(score_file(domain, binary, Recipe()))


def test_a_domain_without_queries_says_so(corner_shop, tmp_path):
    for split in ("train", "valid", "test"):
        queries_path(corner_shop, split).unlink()
    path = written(tmp_path / "r.jsonl", line("q1", ""))
    with pytest.raises(DataError, match="there are no queries; build them first"):
        next(score_file(read_domain(corner_shop), path, Recipe()))


def test_a_query_that_stands_in_two_splits_is_an_error(corner_shop, tmp_path):
    domain = read_domain(corner_shop)
    write_queries(corner_shop, "valid", domain.queries("test"))
    path = written(tmp_path / "r.jsonl", line("q1", ""))
    with pytest.raises(DataError, match="two splits have a query 'q7'"):
        next(score_file(domain, path, Recipe()))


def test_missing_embeddings_are_an_error_unless_they_have_no_weight(corner_shop, tmp_path):
    (corner_shop / "item_embeddings.safetensors").unlink()
    path = written(tmp_path / "r.jsonl", line("q1", "\\boxed{Heat}"))
    with pytest.raises(DataError, match="rerec embed"):
        next(score_file(read_domain(corner_shop), path, Recipe()))
    silent = Recipe(reward=RewardSettings(w_pas=0))
    assert next(score_file(read_domain(corner_shop), path, silent))["pas"] == 0
