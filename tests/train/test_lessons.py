"""What the warm start learns: examples, and how a list's requests share one row."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rerec.catalogue.domain import read_domain
from rerec.errors import DataError
from rerec.graph.attributes import AttributeGraph
from rerec.queries.companions import asked_by
from rerec.settings import Recipe
from rerec.train.lessons import (
    Example,
    Lesson,
    asked_in_lessons,
    lessons,
    plain_row,
    row_of,
    tree_row,
)
from rerec.train.prompts import PromptWriter
from rerec.train.sharing import prepare_sharing

LESSON = [
    Example([3, 4, 5, 6, 7], [20, 21, 22]),
    Example([3, 4, 5, 8], [23]),
    Example([3, 4, 5, 9, 10, 11], [24, 25]),
]


@pytest.fixture
def learned(tokenizer, recipe: Callable[..., Recipe]) -> Callable[..., list[Lesson]]:
    """Lessons of the corner shop's training queries with some `sft` settings."""

    def make(**sft: object) -> list[Lesson]:
        wanted = recipe(sft={"n_examples": 4} | sft)
        domain = read_domain(Path(wanted.domain))
        graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
        return lessons(wanted, domain, PromptWriter(domain, graph, wanted.prompt), tokenizer)

    return make


def test_an_example_is_the_prompt_then_the_reasoning_then_the_end(learned, tokenizer):
    found = learned()
    assert [len(lesson) for lesson in found] == [1, 1, 1, 1]
    assert len({tuple(lesson[0].prompt) for lesson in found}) == 4
    for (example,) in found:
        assert tokenizer.decode(example.prompt).endswith("<|im_start|>assistant\n")
        assert example.answer[-1] == tokenizer.eos_token_id
        assert tokenizer.eos_token_id not in example.answer[:-1]
        assert tokenizer.decode(example.answer[:-1]).endswith("}")


def test_companions_come_behind_the_lists_own_request(learned, tokenizer):
    own, more = learned(), learned(requests_per_list=4)
    assert [lesson[0] for lesson in more] == [lesson[0] for lesson in own]
    assert max(map(len, more)) == 4
    for lesson in more:
        shown = [tokenizer.decode(example.prompt).split("Request:")[0] for example in lesson]
        assert len(set(shown)) == 1
        assert len({tuple(example.prompt) for example in lesson}) == len(lesson)


def test_more_lists_than_can_be_written_are_refused(learned):
    with pytest.raises(DataError, match=r"4 training queries can be written .* is 5; ask"):
        learned(n_examples=5)


def test_a_row_holds_the_common_beginning_once_by_hand():
    row = row_of(LESSON)
    assert row == {
        "input_ids": [3, 4, 5, 6, 7, 20, 21, 22, 8, 23, 9, 10, 11, 24, 25],
        "n_prompt": 3,
        "lengths": [5, 2, 5],
        "unscored": [2, 1, 3],
    }
    inputs = tree_row([row])
    assert inputs["shift_labels"].tolist() == [[20, 21, 22, 23, 24, 25]]
    assert inputs["position_ids"].tolist() == [[0, 1, 2, 3, 4, 5, 6, 7, 3, 4, 3, 4, 5, 6, 7]]
    # The token before each scored one: 7 20 21, 8, 11 24.
    assert inputs["shared"].keep.tolist() == [4, 5, 6, 8, 12, 13]


def test_one_example_shares_its_whole_prompt():
    row = row_of(LESSON[:1])
    assert (row["n_prompt"], row["lengths"], row["unscored"]) == (5, [3], [0])
    assert plain_row([row])["labels"].tolist() == [[-100] * 5 + [20, 21, 22]]


def test_a_tree_scores_each_answer_as_a_row_of_its_own_would(llama):
    model = llama()
    inputs = tree_row([row_of(LESSON)])
    scored = inputs.pop("shift_labels")[0]
    del inputs["labels"]
    wanted = []
    for example in LESSON:
        ids = torch.tensor([example.prompt + example.answer])
        logits = model(input_ids=ids).logits[0, len(example.prompt) - 1 : -1]
        wanted.append(torch.log_softmax(logits, -1))
    prepare_sharing(model)
    found = torch.log_softmax(model(**inputs).logits[0], -1)
    torch.testing.assert_close(found, torch.cat(wanted), atol=1e-4, rtol=0)
    assert len(found) == len(scored)


def test_the_sets_of_all_lessons_are_known(learned, recipe: Callable[..., Recipe]):
    wanted = recipe(sft={"n_examples": 4, "requests_per_list": 3})
    domain = read_domain(Path(wanted.domain))
    sets = asked_in_lessons(wanted, domain)
    own = {asked_by(query) for query in domain.queries("train")}
    assert own < sets
    assert len(sets) <= sum(map(len, learned(requests_per_list=3))) + len(own)
