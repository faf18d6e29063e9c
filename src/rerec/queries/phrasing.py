"""Conditions put into words: patterns, noun phrases and the sentence that comes out.

A *pattern* is the sentence frame without its conditions. Its id stands at the end of the query id
("explicit-test-00123-s04w11"), and the id of a pattern kept from training ends with "u", so that
seen and unseen phrasing can be told apart in every report. Everything is drawn from the stream that
is passed in. What the items are called comes from the domain's vocabulary.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from numpy.random import Generator

from rerec.queries import frames, frames_general
from rerec.queries.vocabulary import FILMS, Vocabulary
from rerec.queries.wordings import (
    NOUN_GENRES,
    Wordings,
    listed,
    said,
    spoken_value,
    with_article,
    wordings_of,
)
from rerec.records import Condition

_HOLE = re.compile(r"\{(a|np|nps|list|it)\}")
_FILLER = re.compile(r"\{(\w+)\}")
_BEFORE_NOUN = {"decade": 0.5, "genre": 0.85, "language": 0.3}
"""How often a relation stands before the noun; all others always stand behind it."""
_CLAUSE_SHARE = 0.25
_LABELS = {"starring": "with", "country": "made in", "language": "language", "writer": "script"}


class Group(NamedTuple):
    """What is said of one relation."""

    relation: str
    values: list[str]
    """As they stand in the graph, or what a hint says instead of one."""
    ways: Wordings | None = None
    """How it is said where the relation's own wordings do not serve."""
    hinted: bool = False
    """Whether something stands there that is no name, so that no noun fits before it."""


Groups = list[Group]
"""In the order in which they are said."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a request says instead of a value."""

    value: str
    """What stands where the value would."""
    ways: Wordings | None = None
    """How the whole condition is said, where no words can stand for the value alone."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence frame that is still open for conditions."""

    pattern_id: str
    situation: str
    """What goes before the wish; empty for a direct request."""
    frame: str
    held_back: bool
    """Whether training never uses it."""


@cache
def direct_patterns(*, held_back: bool, vocabulary: Vocabulary = FILMS) -> tuple[Pattern, ...]:
    """Patterns of requests without a story, either those of training or those kept from it."""
    of = frames if vocabulary.is_film else frames_general
    chosen = of.DIRECT_HELD_BACK if held_back else of.DIRECT
    end = "u" if held_back else ""
    return tuple(
        Pattern(f"d{n:02}{end}", "", vocabulary.worded(frame), held_back)
        for n, frame in enumerate(chosen)
    )


@cache
def situational_patterns(*, held_back: bool, vocabulary: Vocabulary = FILMS) -> tuple[Pattern, ...]:
    """Every situation with every wish, either those of training or those kept from it."""
    of = frames if vocabulary.is_film else frames_general
    situations = of.SITUATIONS_HELD_BACK if held_back else of.SITUATIONS
    wishes = of.WISHES_HELD_BACK if held_back else of.WISHES
    end = "u" if held_back else ""
    return tuple(
        Pattern(
            f"s{s:02}w{w:02}{end}", vocabulary.worded(story), vocabulary.worded(wish), held_back
        )
        for s, story in enumerate(situations)
        for w, wish in enumerate(wishes)
    )


def draw_pattern(rng: Generator, *, held_back: bool, vocabulary: Vocabulary = FILMS) -> Pattern:
    """A pattern, direct or situational with even odds."""
    patterns_of = direct_patterns if rng.random() < 0.5 else situational_patterns
    patterns = patterns_of(held_back=held_back, vocabulary=vocabulary)
    return patterns[int(rng.integers(len(patterns)))]


def pattern_of(query_id: str) -> str:
    """The pattern id at the end of a query id.

    >>> pattern_of("explicit-test-00123-s04w11u")
    's04w11u'
    """
    return query_id.rpartition("-")[2]


def is_held_back(query_id: str) -> bool:
    """Whether a query's pattern was kept from training.

    >>> is_held_back("explicit-test-00123-s04w11u"), is_held_back("explicit-test-00124-d07")
    (True, False)
    """
    return pattern_of(query_id).endswith("u")


def phrase(
    conditions: Sequence[Condition],
    pattern: Pattern,
    rng: Generator,
    *,
    spoken: Mapping[Condition, Spoken] | None = None,
    vocabulary: Vocabulary = FILMS,
) -> str:
    """The request in words; the value of every condition is found in it, or its hint is.

    Values stand as they are in the graph, except that genres are written in small letters.

    Args:
        conditions: what is asked.
        pattern: the sentence.
        rng: drawn from.
        spoken: what is said instead of the value of a condition.
        vocabulary: what the items are called.
    """
    groups = _grouped([conditions[at] for at in rng.permutation(len(conditions))], spoken or {})
    if "{it}" in pattern.frame and "{a}" in pattern.frame:
        n_it = int(rng.integers(1, len(groups) + 1))
        shares = {"it": groups[:n_it], "a": groups[n_it:]}
    else:
        shares = dict.fromkeys(("a", "np", "nps", "list", "it"), groups)

    def filled(hole: re.Match[str]) -> str:
        words = _filled(hole[1], shares[hole[1]], rng, vocabulary, held_back=pattern.held_back)
        # "Robert Downey Jr." brings the full stop of its sentence along.
        ends_twice = words.endswith(".") and pattern.frame.startswith(".", hole.end())
        return words[:-1] if ends_twice else words

    wish = _capitalised(_HOLE.sub(filled, pattern.frame))
    return f"{_situation(pattern.situation, rng)} {wish}".lstrip()


def _grouped(conditions: Sequence[Condition], spoken: Mapping[Condition, Spoken]) -> Groups:
    """One group for each relation; what is said in a way of its own stands for itself."""
    by_relation: dict[str, list[str]] = {}
    alone: list[Group] = []
    for condition in conditions:
        instead = spoken.get(condition, Spoken(condition.value))
        if instead.ways:
            alone.append(Group(condition.relation, [instead.value], instead.ways, hinted=True))
        else:
            by_relation.setdefault(condition.relation, []).append(instead.value)
    hinted = {condition.relation for condition, instead in spoken.items() if not instead.ways}
    named = (Group(r, values, None, hinted=r in hinted) for r, values in by_relation.items())
    return [*named, *alone]


def _filled(
    hole: str, groups: Groups, rng: Generator, vocabulary: Vocabulary, *, held_back: bool
) -> str:
    if hole == "list":
        return "; ".join(
            f"{_LABELS.get(g.relation, g.relation)}: "
            + (g.values[0] if g.ways else said("{v}", g.relation, g.values))
            for g in groups
        )
    if hole == "it":
        predicates = [
            said(_one_of(_ways(group, vocabulary, held_back=held_back).predicates, rng), *group[:2])
            for group in groups
        ]
        return listed(predicates)
    described = noun_phrase(
        groups, rng, held_back=held_back, plural=hole == "nps", vocabulary=vocabulary
    )
    return with_article(described) if hole == "a" else described


def noun_phrase(
    groups: Groups,
    rng: Generator,
    *,
    held_back: bool,
    plural: bool = False,
    vocabulary: Vocabulary = FILMS,
) -> str:
    """An item described by conditions, without an article: "1970s crime drama starring Al Pacino".

    Decades, genres and languages may stand before the noun; whatever reaches to the end of the
    phrase ("that Michael Mann directed") stands last, and several of those are joined by "and".
    """
    before: dict[str, list[str]] = {}
    phrases: list[str] = []
    clauses: list[str] = []
    for group in groups:
        relation, values = group.relation, group.values
        odds = 0.0 if group.hinted else _BEFORE_NOUN.get(relation, 0.0)
        if rng.random() < odds and _fits_before(relation, values):
            before[relation] = values
            continue
        ways = _ways(group, vocabulary, held_back=held_back)
        is_clause = rng.random() < _CLAUSE_SHARE
        template = _one_of(ways.clauses if is_clause else ways.phrases, rng)
        (clauses if is_clause else phrases).append(said(template, relation, values))
    behind = [_joined(phrases, rng), " and ".join(clauses)]
    return " ".join([*_head(before, rng, vocabulary, plural=plural), *filter(None, behind)])


def _ways(group: Group, vocabulary: Vocabulary, *, held_back: bool) -> Wordings:
    is_film = vocabulary.is_film
    ways = group.ways or wordings_of(group.relation, held_back=held_back, is_film=is_film)
    return ways.without_nouns() if group.hinted else ways


def _fits_before(relation: str, values: Sequence[str]) -> bool:
    return relation != "language" or (len(values) == 1 and values[0].isalpha())


def _head(
    before: dict[str, list[str]], rng: Generator, vocabulary: Vocabulary, *, plural: bool
) -> list[str]:
    """The words up to and with the noun."""
    words = [*before.get("decade", ())]
    words += [f"{language}-language" for language in before.get("language", ())]
    genres = [spoken_value("genre", genre) for genre in before.get("genre", ())]
    noun = _one_of(vocabulary.nouns, rng)
    names_itself = vocabulary.is_film and genres and genres[-1] in NOUN_GENRES
    if names_itself and not plural and rng.random() < 0.6:
        return [*words, *genres]
    return [*words, *genres, noun + ("s" if plural else "")]


def _joined(behind: Sequence[str], rng: Generator) -> str:
    """Descriptions one after the other: by spaces, by commas, or as a list with "and"."""
    ways = (" ".join, ", ".join, listed)
    return ways[int(rng.integers(len(ways)))](behind) if behind else ""


def _situation(template: str, rng: Generator) -> str:
    return _capitalised(_FILLER.sub(lambda hole: _one_of(frames.FILLERS[hole[1]], rng), template))


def _one_of(choices: Sequence[str], rng: Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
