"""Generation against `model.generate`, row by row, and against the odds that it draws from."""

from collections.abc import Sequence
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor
from transformers import MistralConfig, MistralForCausalLM

from rerec.train import beginnings, generation, lean_forward, prefix, reading, slots, written
from rerec.train.beginnings import Beginning
from rerec.train.circles import until_circles
from rerec.train.generation import Sampling, generate

PROMPTS = [[3, 4, 5, 6, 7], [8, 9], [11, 12, 13, 14, 15, 16, 17, 18], [20]]
STOP = list(range(0, 400, 9))
"""So many that rows of a random model end at different times."""
N_TOKENS = 16
_SLIDING: dict[str, Any] = {
    "vocab_size": 400,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "sliding_window": 3,
    "initializer_range": 0.2,
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch):
    """What is written outgrows its block several times."""
    monkeypatch.setattr(written, "GROWTH", 3)


def greedy(model: Any, prompt: Sequence[int], n_tokens: int) -> list[int]:
    """What transformers writes, with the token that ended it."""
    written = model.generate(
        torch.tensor([list(prompt)]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False,
        max_new_tokens=n_tokens,
        eos_token_id=STOP,
        pad_token_id=0,
    )
    return written[0, len(prompt) :].tolist()


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("n_kv", [2, 4])
def test_greedy_answers_are_those_of_transformers(llama, n: int, n_kv: int):
    model = llama(n_kv=n_kv)
    wanted = [greedy(model, prompt, N_TOKENS) for prompt in PROMPTS]
    assert len({len(answer) for answer in wanted}) > 1
    found = generate(model, PROMPTS, Sampling(n=n, max_new_tokens=N_TOKENS), stop=STOP)
    assert found == [[answer] * n for answer in wanted]


def test_rows_of_a_group_that_end_at_different_times_stay_themselves(
    llama, monkeypatch: pytest.MonkeyPatch
):
    """Each row is given a first token of its own, so that a group's rows go different ways."""
    n, steps, in_each = 3, 0, []
    model = llama()
    first = [(7 * row + 1) % 400 for row in range(len(PROMPTS) * n)]

    def forked(logits: Tensor, *_: object) -> Tensor:
        nonlocal steps
        steps += 1
        return torch.tensor(first) if steps == 1 else logits.argmax(-1)

    arrange = prefix.Prefix.arrange

    def noted(self: prefix.Prefix, prompts: Tensor) -> None:
        arrange(self, prompts)
        in_each.append(prompts.bincount().tolist())

    monkeypatch.setattr(prefix.Prefix, "arrange", noted)
    monkeypatch.setattr(generation, "_draw", forked)
    found = generate(model, PROMPTS, Sampling(n=n, max_new_tokens=N_TOKENS), stop=STOP)
    # Prompts are read the longest first.
    order = sorted(range(len(PROMPTS)), key=lambda i: -len(PROMPTS[i]))
    for place, i in enumerate(order):
        for row in range(n):
            token = first[place * n + row]
            wanted = [token]
            if token not in STOP:
                wanted += greedy(model, [*PROMPTS[i], token], N_TOKENS - 1)
            assert found[i][row] == wanted
    assert len(in_each) >= 3
    # Somewhere a prompt had fewer rows left than another.
    assert any(len(set(counts)) > 1 for counts in in_each)


def test_the_same_seed_draws_the_same_answers_and_another_seed_others(llama):
    def drawn(seed: int) -> list[list[list[int]]]:
        sampling = Sampling(n=4, max_new_tokens=N_TOKENS, temperature=1.0)
        seeds = range(100 * seed, 100 * seed + 4 * len(PROMPTS))
        return generate(llama(), PROMPTS, sampling, stop=STOP, seeds=seeds)

    first = drawn(1)
    assert drawn(1) == first
    assert drawn(2) != first
    assert all(len({tuple(answer) for answer in group}) > 1 for group in first)


def test_what_a_continuation_becomes_depends_on_its_own_seed_alone(llama):
    sampling = Sampling(n=2, max_new_tokens=N_TOKENS, temperature=1.0)
    seeds = list(range(2 * len(PROMPTS)))
    together = generate(llama(), PROMPTS, sampling, stop=STOP, seeds=seeds)
    one = Sampling(n=1, max_new_tokens=N_TOKENS, temperature=1.0)
    for place, seed in enumerate(seeds):
        prompt = PROMPTS[place // 2]
        [[alone]] = generate(llama(), [prompt], one, stop=STOP, seeds=[seed])
        assert alone == together[place // 2][place % 2]


def test_the_token_that_ended_an_answer_is_its_last_and_no_other_is_a_stop(llama):
    sampling = Sampling(n=8, max_new_tokens=N_TOKENS, temperature=1.0)
    found = generate(llama(), PROMPTS, sampling, stop=STOP, seeds=range(8 * len(PROMPTS)))
    answers = [answer for group in found for answer in group]
    assert {len(answer) == N_TOKENS for answer in answers} == {True, False}
    for answer in answers:
        assert answer[-1] in STOP or len(answer) == N_TOKENS
        assert not set(answer[:-1]) & set(STOP)


def test_one_token_is_drawn_with_the_odds_of_the_softmax(llama):
    model, prompt, n, temperature = llama(), PROMPTS[0], 4000, 0.8
    logits = model(input_ids=torch.tensor([prompt])).logits[0, -1]
    odds = torch.softmax(logits / temperature, -1).double()
    found = generate(
        model,
        [prompt],
        Sampling(n=n, max_new_tokens=1, temperature=temperature),
        stop=[1],
        seeds=range(n),
    )
    counts = torch.bincount(torch.tensor(found).flatten(), minlength=400).double()
    often = odds * n >= 5  # rarer tokens count as one
    seen = torch.cat([counts[often], counts[~often].sum()[None]])

    def p_value(odds: Tensor) -> float:
        wanted = torch.cat([odds[often], odds[~often].sum()[None]])
        return float(chisquare(seen.numpy(), (wanted / wanted.sum() * n).numpy()).pvalue)

    assert p_value(odds.detach()) > 0.01
    assert p_value(torch.softmax(logits, -1).double().detach()) < 1e-6  # another temperature


def test_prompts_that_need_too_much_room_are_answered_in_batches(
    llama, monkeypatch: pytest.MonkeyPatch
):
    model, sampling = llama(), Sampling(n=2, max_new_tokens=4)
    whole = generate(model, PROMPTS, sampling, stop=STOP)
    # A token of a row takes 2 x 2 layers x 2 heads x 8 x 4 bytes = 256; room for 32 tokens.
    monkeypatch.setattr(generation, "_KV_BYTES", 32 * 256)
    seen: list[list[int]] = []
    batches = generate(
        model, PROMPTS, sampling, stop=STOP, on_batch=lambda found: seen.append(list(found))
    )
    assert batches == whole
    assert seen == [[2, 0], [1, 3]]  # (8 + 8) x 2 tokens; (2 + 8) x 2


def test_an_accelerator_gives_an_eighth_of_its_memory_to_keys_and_values(
    llama, monkeypatch: pytest.MonkeyPatch
):
    has = SimpleNamespace(total_memory=80 * 1024**3)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: has)
    model: Any = SimpleNamespace(
        config=llama(n_kv=2).config, dtype=torch.float32, device=torch.device("cuda")
    )
    width = 2 * 2 * 2 * 8 * 4  # keys and values, layers, heads, their size, bytes
    wanted = 10 * 1024**3 // ((700 + 8 * 256) * width)
    assert generation._n_slots(model, 700, Sampling(8, 256)) == wanted


@pytest.mark.parametrize(
    ("n", "room", "temperature"), [(1, 1, 0.0), (3, 2, 1.0), (1, 5, 1.0), (2, 4, 0.0)]
)
def test_prompts_that_take_the_place_of_others_are_answered_as_alone(
    llama, n: int, room: int, temperature: float, monkeypatch: pytest.MonkeyPatch
):
    """Rows that came later see their own prompt and nothing that stood in their place before."""
    model, n_tokens = llama(), 30
    prompts = [[(7 * i + 3 * j) % 399 + 1 for j in range(1 + i % 5)] for i in range(12)]
    sampling = Sampling(n=n, max_new_tokens=n_tokens, temperature=temperature, stop_repeats=4)
    seeds = range(n * len(prompts))
    alone = [
        generate(model, [prompt], sampling, stop=STOP, seeds=seeds[i * n : (i + 1) * n])[0]
        for i, prompt in enumerate(prompts)
    ]
    lengths = {len(row) for group in alone for row in group}
    assert len(lengths) > 4
    assert max(lengths) > 10
    monkeypatch.setattr(generation, "_n_slots", lambda *_: room)
    seen: list[int] = []
    found = generate(
        model, prompts, sampling, stop=STOP, seeds=seeds, on_batch=lambda some: seen.extend(some)
    )
    assert found == alone
    assert sorted(seen) == list(range(len(prompts)))


def test_fewer_prompts_may_wait_than_are_read_at_a_time(llama, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(generation, "_n_slots", lambda *_: 2 * generation._REFILL)
    prompts = [[i + 1, 5] for i in range(2 * generation._REFILL + 1)]
    found = generate(llama(), prompts, Sampling(max_new_tokens=3), stop=[])
    assert [len(row) for [row] in found] == [3] * len(prompts)


def test_slots_stay_full_while_prompts_wait(llama, monkeypatch: pytest.MonkeyPatch):
    passes = []
    step = slots.Slots.step

    def counted(self: slots.Slots) -> None:
        passes.append(int(self.going.sum()))
        step(self)

    monkeypatch.setattr(slots.Slots, "step", counted)
    monkeypatch.setattr(generation, "_n_slots", lambda *_: 2)
    prompts = [[i + 1, 5] for i in range(20)]
    found = generate(llama(), prompts, Sampling(max_new_tokens=N_TOKENS), stop=STOP)
    written = sum(len(row) - 1 for group in found for row in group)
    assert sum(passes) == written
    # In pairs, each of which would wait for its longer one, it would be more.
    assert len(passes) <= written / 2 + N_TOKENS


def test_a_model_whose_attention_slides_is_left_to_transformers():
    torch.manual_seed(0)
    config = MistralConfig(**_SLIDING)
    model = MistralForCausalLM(config).eval()
    wanted = [greedy(model, prompt, N_TOKENS) for prompt in PROMPTS]
    found = generate(model, PROMPTS, Sampling(n=2, max_new_tokens=N_TOKENS), stop=STOP)
    assert found == [[answer] * 2 for answer in wanted]
    assert model.config._attn_implementation == "sdpa"
    # The same weights, had the window been overlooked.
    wide = deepcopy(config)
    wide.sliding_window = None
    whole = MistralForCausalLM(wide)
    whole.load_state_dict(model.state_dict())
    assert generate(whole.eval(), PROMPTS, Sampling(max_new_tokens=N_TOKENS), stop=STOP) != [
        [answer] for answer in wanted
    ]
    with pytest.raises(ValueError, match="cannot share"):
        generate(model, PROMPTS, Sampling(temperature=1.0), stop=STOP)


@pytest.mark.parametrize("n", [1, 2])
def test_a_response_that_repeats_itself_ends_there(llama, n: int):
    """The same answers as without the limit, cut where they have gone round."""
    model, length = llama(), 60
    sampling = Sampling(n=n, max_new_tokens=length)
    whole = [row for group in generate(model, PROMPTS, sampling, stop=[]) for row in group]
    wanted = until_circles(whole, 2)
    assert len({len(row) for row in wanted}) > 1
    assert wanted != whole
    found = generate(model, PROMPTS, Sampling(n=n, max_new_tokens=length, stop_repeats=2), stop=[])
    assert [row for group in found for row in group] == wanted


def test_it_ends_there_too_where_transformers_writes():
    torch.manual_seed(0)
    config = MistralConfig(**_SLIDING)
    model = MistralForCausalLM(config).eval()
    whole = generate(model, PROMPTS, Sampling(max_new_tokens=60), stop=STOP)
    found = generate(model, PROMPTS, Sampling(max_new_tokens=60, stop_repeats=2), stop=STOP)
    assert found == [until_circles(rows, 2) for rows in whole]
    assert found != whole


def of_two_lists() -> list[list[int]]:
    """Prompts of two families of unlike width, in disorder, and two that go alone."""
    start = list(range(30, 36))
    first = [[*start, 40 + i, 41, *range(50, 50 + i)] for i in range(5)]
    second = [[*start[::-1], 60 + i] for i in range(2)]
    return [first[3], second[0], PROMPTS[0], first[0], first[1], second[1], first[2], [9], first[4]]


@pytest.mark.parametrize("room", [1, 3, 100])
def test_prompts_that_begin_alike_are_read_once_and_answered_as_if_alone(
    llama, room: int, monkeypatch: pytest.MonkeyPatch
):
    """Whether there is room for all families at once or for one at a time."""
    monkeypatch.setattr(beginnings, "LEAST", 4)
    monkeypatch.setattr(generation, "_n_slots", lambda *_: room)
    prompts, model = of_two_lists(), llama()
    wanted = [greedy(model, prompt, N_TOKENS) for prompt in prompts]
    read: list[int] = []
    read_family = reading._read_family

    def counted(lean: Any, family: Beginning, device: torch.device) -> Any:
        read.append(len(family.members))
        return read_family(lean, family, device)

    monkeypatch.setattr(reading, "_read_family", counted)
    told: list[dict[int, list[list[int]]]] = []
    sampling = Sampling(max_new_tokens=N_TOKENS)
    found = generate(model, prompts, sampling, stop=STOP, on_batch=told.append)
    assert found == [[answer] for answer in wanted]
    assert read == [5, 2]
    assert len({len(answer) for answer in wanted}) > 1
    reported = {i: rows for batch in told for i, rows in batch.items()}
    assert reported == dict(enumerate(found))
    assert sum(map(len, told)) == len(prompts)


def test_families_end_their_circles_too(llama, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(beginnings, "LEAST", 4)
    prompts, model = of_two_lists(), llama()
    free = [greedy(model, prompt, 40) for prompt in prompts]
    wanted = until_circles(free, 2)
    assert wanted != free
    found = generate(model, prompts, Sampling(max_new_tokens=40, stop_repeats=2), stop=STOP)
    assert [row for (row,) in found] == wanted


@pytest.mark.parametrize("changes", [{"n": 2}, {"temperature": 1.0}])
def test_what_is_drawn_or_asked_for_more_than_once_goes_alone(
    llama, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(beginnings, "LEAST", 4)
    monkeypatch.setattr(reading, "_read_family", None)
    prompts, sampling = of_two_lists(), Sampling(max_new_tokens=4, **changes)
    seeds = range(len(prompts)) if sampling.temperature else ()
    found = generate(llama(), prompts, sampling, stop=STOP, seeds=seeds)
    assert [len(rows) for rows in found] == [sampling.n] * len(prompts)


def test_a_model_of_another_make_reads_each_prompt_alone(llama, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(beginnings, "LEAST", 4)
    monkeypatch.setattr(reading, "_read_family", None)
    monkeypatch.setattr(lean_forward, "FAMILIES", ())
    prompts, model = of_two_lists(), llama()
    wanted = [[greedy(model, prompt, N_TOKENS)] for prompt in prompts]
    assert generate(model, prompts, Sampling(max_new_tokens=N_TOKENS), stop=STOP) == wanted
