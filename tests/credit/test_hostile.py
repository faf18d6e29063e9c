"""Responses that are meant to hurt: scored in linear time, never raising."""

import json
import time

import pytest

from rerec.credit.judge import line_of

HOSTILE = {
    "one long word": "a" * 100_000,
    "one long title": "\\boxed{" + "a" * 100_000 + "}",
    "many titles": "\\boxed{" + "; ".join(f"Heat {n}" for n in range(9000)) + "}",
    "one title again and again": "\\boxed{" + "Goodfellas; " * 8000 + "}",
    "boxes never closed": "\\boxed{" * 14_000,
    "boxes in boxes": "\\boxed{" * 9000 + "Heat" + "}" * 9000,
    "braces": "{" * 50_000 + "}" * 50_000,
    "control characters": "".join(map(chr, range(32))) * 3000 + "\\boxed{\x00\x07Heat\x1b}",
    "other scripts": "八月的日记 Дневник يوميات " * 4000 + "\\boxed{八月}",
    "half surrogate pairs": "\ud800" * 50_000 + "\\boxed{\udfff}",
    "blank lines": "\n" * 50_000 + " \n" * 20_000 + "\\boxed{Heat}",
    "a paragraph a line": "Heat\n\n" * 16_000 + "\\boxed{Heat}",
    "the answer everywhere": "Heat " * 20_000 + "\\boxed{Heat}",
    "brackets with years": "Heat (1995) " * 8000 + "\\boxed{Heat (1995" + ")" * 1000 + "}",
    "marks upon marks": "e" + "\u0301" * 99_000 + "\\boxed{Heat}",
    "thoughts": "</think>" * 12_000 + "\\boxed{Heat}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_response_of_a_hundred_kilobytes_scores_in_a_moment(score, name):
    started = time.process_time()
    scored = score("q1", HOSTILE[name])
    assert time.process_time() - started < 2.0
    assert scored.outcome in ("wrong", "right", "unknown_title", "no_answer")
    json.dumps(line_of(scored), allow_nan=False).encode()


def test_sixty_four_responses_of_five_hundred_characters_take_milliseconds(make_judge, queries):
    judge = make_judge()
    text = ("Crime, De Niro => Heat (1995): crime yes, Scorsese no. Out. " * 3 + "\n\n") * 2
    responses = [f"{text}{n}\n\n\\boxed{{Heat}}" for n in range(64)]
    asked = [queries["q1"]] * 64
    judge.judge(asked, responses)
    started = time.process_time()
    judge.judge(asked, responses)
    assert time.process_time() - started < 0.1  # measured: 4 ms
