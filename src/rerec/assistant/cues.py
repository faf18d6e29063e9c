"""Which relation the words around a value speak of: "directed by V", "with V in it".

Every wording that requests are made with is a cue (`rerec.queries.wordings`), for whatever
relations a domain has; to them come the few words that people use beside them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rerec.assistant.parts import Line, words_of_name
from rerec.queries.wordings import wordings_of

Words = tuple[str, ...]
MOST_BEFORE, MOST_BEHIND = 8, 6
ARTICLES = frozenset({"the", "a", "an"})
LABELS = {"country": ("made in",), "writer": ("script", "screenplay"), "starring": ("with",)}
"""What stands before the values where wishes are listed; a relation's own name always may."""
TWO_ROLES = (
    "written and directed by {v}", "directed and written by {v}", "{v} wrote and directed",
    "{v} directed and wrote",
)  # fmt: skip
OTHERS: dict[str, tuple[str, ...]] = {
    "director": (
        *TWO_ROLES, "directed by {v}", "by {v}", "of {v}", "from {v}", "made by {v}",
        "director {v}", "directors {v}", "by director {v}", "with {v} as director",
        "with {v} directing", "with {v} behind the camera", "{v} directed", "that {v} made",
        "{v} made",
    ),
    "author": ("by {v}", "of {v}", "from {v}", "author {v}", "authors {v}", "{v} wrote"),
    "writer": (
        *TWO_ROLES, "written by {v}", "by {v}", "of {v}", "by writer {v}", "writer {v}",
        "script by {v}", "screenplay by {v}", "{v} wrote",
    ),
    "maker": ("by {v}", "of {v}", "from {v}", "{v} made"),
    "brand": ("by {v}", "of {v}", "from {v}"),
    "publisher": ("by {v}", "of {v}"),
    "starring": (
        "with {v}", "of {v}", "by {v}", "from {v}", "starring {v}", "stars {v}", "star {v}",
        "featuring {v}", "features {v}", "actor {v}", "actors {v}", "actress {v}",
        "actresses {v}", "has {v}", "have {v}", "played by {v}", "with the actor {v}",
        "with the actress {v}", "{v} starring", "{v} in it", "{v} plays", "{v} stars", "{v} acts",
        "{v} acted in", "{v} appears", "{v} is in", "{v} in the lead", "{v} in the main role",
        "cast {v}", "where {v} acts", "in which {v} acts", "in which {v} stars", "see {v}",
    ),
    "country": ("from {v}", "made in {v}", "set in {v}"),
    "language": (
        "{v} language", "{v} speaking", "{v} spoken", "in {v}", "speaks {v}", "speak {v}",
        "{v} dialogue", "{v} subtitles", "{v} audio",
    ),
}  # fmt: skip
"""Other ways of saying a relation, in everyday words; what stands here first is meant first."""
BOTH = frozenset(
    {("written", "and", "directed", "by"), ("directed", "and", "written", "by"),
     ("wrote", "and", "directed"), ("directed", "and", "wrote")}
)  # fmt: skip
"""Words that give somebody two roles."""
LOOSE = frozenset({("by",), ("of",), ("from",), ("with",), ("in",), ("has",), ("have",), ("see",)})
"""Words that go with many relations: a value that has none of theirs is not wrongly told."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What the words around a value say."""

    relations: tuple[str, ...]
    """Relations that they may speak of, the likeliest first."""
    before: int
    behind: int
    """How many words before and behind the value say it."""
    is_loose: bool
    is_all: bool = False
    """Whether the value is meant in all of the relations at once."""


class Cues:
    """The cues of a domain's relations."""

    def __init__(self, relations: Iterable[str]) -> None:
        """Gather the cues of some relations.

        >>> from rerec.assistant.parts import cut, Line
        >>> line = Line(tuple(cut("a film with heat in the director's chair")))
        >>> next(Cues(["starring", "director"]).around(line, range(3, 4))).relations
        ('director',)
        """
        self._table: dict[Words, dict[Words, tuple[str, ...]]] = {}
        # In this order people are meant: "by Clint Eastwood" is first of all his directing.
        known = set(relations)
        self._relations = [r for r in OTHERS if r in known] + sorted(known - set(OTHERS))
        for relation in self._relations:
            for template in templates_of(relation):
                before, _, behind = template.partition("{v}")
                for ending in ("", "s"):
                    self._add(
                        words_of_name(_filled(before, ending)),
                        words_of_name(_filled(behind, ending)),
                        relation,
                    )

    def around(self, line: Line, places: range) -> Iterator[Cue]:
        """What the words around a part or a list of parts say, the longest wording first."""
        found = {
            (len(words) + len(tail), len(words), len(tail)): Cue(
                relations,
                n_before,
                len(tail),
                is_loose=not tail and words in LOOSE,
                is_all=words in BOTH or tail in BOTH,
            )
            for words, n_before in _endings(line.words_before(places.start, MOST_BEFORE))
            for tail, relations in self._tails(words, line, places.stop)
        }
        for key in sorted(found, reverse=True):
            yield found[key]

    def _tails(self, words: Words, line: Line, place: int) -> Iterator[tuple[Words, Words]]:
        behind = line.words_behind(place, MOST_BEHIND)
        for tail, relations in self._table.get(words, {}).items():
            if behind[: len(tail)] == tail and (words or tail):
                yield tail, relations

    def _add(self, before: Words, behind: Words, relation: str) -> None:
        tails = self._table.setdefault(before, {})
        tails[behind] = tuple(dict.fromkeys((*tails.get(behind, ()), relation)))


def templates_of(relation: str) -> list[str]:
    """Every way to say a relation, with `{v}` where its values stand."""
    known = [
        wordings_of(relation, held_back=held_back, is_film=is_film)
        for held_back in (False, True)
        for is_film in (False, True)
    ]
    name = relation.replace("_", " ").lower()
    labels = (name, *LABELS.get(relation, ()))
    ways = [way for w in known for way in (*w.phrases, *w.clauses, *w.predicates)]
    return [
        *ways,
        *OTHERS.get(relation, ()),
        *(f"{label} {{v}}" for label in labels),
        f"{{v}} {name}{{p}}",
    ]


def _filled(template: str, ending: str) -> str:
    return template.replace("{p}", ending).replace("{s}", ending)


def _endings(words: Words) -> Iterator[tuple[Words, int]]:
    """Each ending of some words with its length in the text, an article right before left out."""
    for n in range(len(words) + 1):
        yield words[len(words) - n :], n
    if words and words[-1] in ARTICLES:
        for n in range(1, len(words)):
            yield words[len(words) - 1 - n : -1], n + 1
