"""Conditions put into words: patterns, noun phrases and the sentence that comes out.

A *pattern* is the sentence frame without its conditions. Its id stands at the end of the query id
("explicit-test-00123-s04w11"), and the id of a pattern kept from training ends with "u", so that
seen and unseen phrasing can be told apart in every report. Everything is drawn from the stream that
is passed in. The sentences speak of films.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from numpy.random import Generator

from rerec.queries import frames
from rerec.queries.wordings import (
    NOUN_GENRES,
    NOUNS,
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

Groups = list[tuple[str, list[str]]]
"""(relation, its values) in the order in which they are said."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence frame that is still open for conditions."""

    pattern_id: str
    situation: str
    """What goes before the wish; empty for a direct request."""
    frame: str
    held_back: bool
    """Whether training never uses it."""


def direct_patterns(*, held_back: bool) -> list[Pattern]:
    """Patterns of requests without a story, either those of training or those kept from it."""
    chosen = frames.DIRECT_HELD_BACK if held_back else frames.DIRECT
    end = "u" if held_back else ""
    return [Pattern(f"d{n:02}{end}", "", frame, held_back) for n, frame in enumerate(chosen)]


def situational_patterns(*, held_back: bool) -> list[Pattern]:
    """Every situation with every wish, either those of training or those kept from it."""
    situations = frames.SITUATIONS_HELD_BACK if held_back else frames.SITUATIONS
    wishes = frames.WISHES_HELD_BACK if held_back else frames.WISHES
    end = "u" if held_back else ""
    return [
        Pattern(f"s{s:02}w{w:02}{end}", situation, wish, held_back)
        for s, situation in enumerate(situations)
        for w, wish in enumerate(wishes)
    ]


_DIRECT = {held_back: direct_patterns(held_back=held_back) for held_back in (False, True)}
_SITUATIONAL = {held_back: situational_patterns(held_back=held_back) for held_back in (False, True)}


def draw_pattern(rng: Generator, *, held_back: bool) -> Pattern:
    """A pattern, direct or situational with even odds."""
    patterns = (_DIRECT if rng.random() < 0.5 else _SITUATIONAL)[held_back]
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


def phrase(conditions: Sequence[Condition], pattern: Pattern, rng: Generator) -> str:
    """The request in words; the value of every condition is found in it.

    Values stand as they are in the graph, except that genres are written in small letters.
    """
    by_relation: dict[str, list[str]] = {}
    for at in rng.permutation(len(conditions)):
        condition = conditions[at]
        by_relation.setdefault(condition.relation, []).append(condition.value)
    groups = list(by_relation.items())
    if "{it}" in pattern.frame and "{a}" in pattern.frame:
        n_it = int(rng.integers(1, len(groups) + 1))
        shares = {"it": groups[:n_it], "a": groups[n_it:]}
    else:
        shares = dict.fromkeys(("a", "np", "nps", "list", "it"), groups)

    def filled(hole: re.Match[str]) -> str:
        words = _filled(hole[1], shares[hole[1]], rng, held_back=pattern.held_back)
        # "Robert Downey Jr." brings the full stop of its sentence along.
        ends_twice = words.endswith(".") and pattern.frame.startswith(".", hole.end())
        return words[:-1] if ends_twice else words

    wish = _capitalised(_HOLE.sub(filled, pattern.frame))
    return f"{_situation(pattern.situation, rng)} {wish}".lstrip()


def _filled(hole: str, groups: Groups, rng: Generator, *, held_back: bool) -> str:
    if hole == "list":
        return "; ".join(
            f"{_LABELS.get(relation, relation)}: {said('{v}', relation, values)}"
            for relation, values in groups
        )
    if hole == "it":
        predicates = [
            said(_one_of(wordings_of(relation, held_back=held_back).predicates, rng), relation, v)
            for relation, v in groups
        ]
        return listed(predicates)
    described = noun_phrase(groups, rng, held_back=held_back, plural=hole == "nps")
    return with_article(described) if hole == "a" else described


def noun_phrase(groups: Groups, rng: Generator, *, held_back: bool, plural: bool = False) -> str:
    """A film described by conditions, without an article: "1970s crime drama starring Al Pacino".

    Decades, genres and languages may stand before the noun; whatever reaches to the end of the
    phrase ("that Michael Mann directed") stands last, and several of those are joined by "and".
    """
    before: dict[str, list[str]] = {}
    phrases: list[str] = []
    clauses: list[str] = []
    for relation, values in groups:
        if rng.random() < _BEFORE_NOUN.get(relation, 0.0) and _fits_before(relation, values):
            before[relation] = values
            continue
        ways = wordings_of(relation, held_back=held_back)
        is_clause = rng.random() < _CLAUSE_SHARE
        template = _one_of(ways.clauses if is_clause else ways.phrases, rng)
        (clauses if is_clause else phrases).append(said(template, relation, values))
    behind = [_joined(phrases, rng), " and ".join(clauses)]
    return " ".join([*_head(before, rng, plural=plural), *filter(None, behind)])


def _fits_before(relation: str, values: Sequence[str]) -> bool:
    return relation != "language" or (len(values) == 1 and values[0].isalpha())


def _head(before: dict[str, list[str]], rng: Generator, *, plural: bool) -> list[str]:
    """The words up to and with the noun."""
    words = [*before.get("decade", ())]
    words += [f"{language}-language" for language in before.get("language", ())]
    genres = [spoken_value("genre", genre) for genre in before.get("genre", ())]
    noun = _one_of(NOUNS, rng)
    if genres and not plural and genres[-1] in NOUN_GENRES and rng.random() < 0.6:
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
