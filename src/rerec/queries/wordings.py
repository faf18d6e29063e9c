"""How one condition is said: a table of wordings for each relation.

`{v}` is the value or several of them ("Al Pacino and Val Kilmer"), `{s}` the ending of a verb in
the singular, `{p}` the ending of a noun in the plural. The values themselves are never changed
except for the case of genres, so that every condition can be found in the text again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

NOUN_GENRES = frozenset(
    {"comedy", "documentary", "drama", "musical", "mystery", "romance", "thriller", "western"}
)
"""Genres that name a film by themselves: "a crime drama"."""
WITH_ARTICLE = ("United ", "Kingdom", "Republic", "Union", "Federation", "Netherlands", "Philippin")
"""Parts of country names that take "the"."""


@dataclass(frozen=True, slots=True)
class Wordings:
    """The ways to say one relation."""

    phrases: tuple[str, ...]
    """Behind the noun: "a film ..."."""
    clauses: tuple[str, ...]
    """Behind the noun and after every phrase, for they reach to the end: "a film that ..."."""
    predicates: tuple[str, ...]
    """After "it": "it ..."."""

    def without_nouns(self) -> "Wordings":
        """Those ways that put no noun before the value: not "by director whoever made Heat"."""
        kinds = (self.phrases, self.clauses, self.predicates)
        return Wordings(*(tuple(w for w in kind if "{p}" not in w) or kind for kind in kinds))


SEEN = {
    "genre": Wordings(
        ("in the {v} genre{p}",),
        ("that counts as {v}",),
        ("is in the {v} genre{p}", "counts as {v}"),
    ),
    "director": Wordings(
        ("directed by {v}", "from director{p} {v}", "by director{p} {v}"),
        ("that {v} directed",),
        ("was directed by {v}", "is by director{p} {v}"),
    ),
    "writer": Wordings(
        ("written by {v}", "from a script by {v}", "scripted by {v}"),
        ("that {v} wrote",),
        ("was written by {v}", "has a script by {v}"),
    ),
    "starring": Wordings(
        ("starring {v}", "with {v} in it", "with {v}", "featuring {v}", "with {v} in the cast"),
        ("that has {v} in it", "in which {v} appear{s}"),
        ("stars {v}", "has {v} in it", "features {v}"),
    ),
    "country": Wordings(
        ("made in {v}", "from {v}", "produced in {v}"),
        ("that was made in {v}", "that comes from {v}"),
        ("was made in {v}", "comes from {v}"),
    ),
    "language": Wordings(
        ("in {v}", "spoken in {v}"),
        ("where people speak {v}",),
        ("is in {v}", "is spoken in {v}"),
    ),
    "decade": Wordings(
        ("from the {v}", "made in the {v}", "of the {v}"),
        ("that came out in the {v}",),
        ("came out in the {v}", "is from the {v}"),
    ),
}
"""What training may say."""

HELD_BACK = {
    "genre": Wordings(
        ("of the {v} kind",),
        ("that one would file under {v}",),
        ("would be filed under {v}", "belongs to {v}"),
    ),
    "director": Wordings(
        ("helmed by {v}", "with {v} in the director's chair"),
        ("for which {v} sat in the director's chair",),
        ("has {v} as its director{p}", "was helmed by {v}"),
    ),
    "writer": Wordings(
        ("with a screenplay by {v}", "penned by {v}"),
        ("whose screenplay is by {v}",),
        ("was penned by {v}", "has {v} as its writer{p}"),
    ),
    "starring": Wordings(
        ("with a part for {v}", "that lists {v} among its actors"),
        ("where {v} play{s} a part",),
        ("gives a part to {v}", "lists {v} among its actors"),
    ),
    "country": Wordings(
        ("out of {v}", "whose origin is {v}"),
        ("that {v} produced",),
        ("is a production from {v}", "originates in {v}"),
    ),
    "language": Wordings(
        ("with dialogue in {v}", "whose dialogue is {v}"),
        ("that lets me listen to {v}",),
        ("has its dialogue in {v}", "lets me listen to {v}"),
    ),
    "decade": Wordings(
        ("released in the {v}", "dating from the {v}"),
        ("that reached cinemas in the {v}",),
        ("dates from the {v}", "reached cinemas in the {v}"),
    ),
}
"""What only patterns say that are kept from training."""


SEEN_OF_THINGS = {
    "author": Wordings(
        ("written by {v}", "by {v}", "from the pen of {v}"),
        ("that {v} wrote",),
        ("was written by {v}", "is by {v}"),
    ),
    "publisher": Wordings(
        ("published by {v}", "from {v}"),
        ("that {v} published",),
        ("was published by {v}", "came out at {v}"),
    ),
    "series": Wordings(
        ("in the series {v}", "of the series {v}"),
        ("that belongs to the series {v}",),
        ("is part of the series {v}", "belongs to the series {v}"),
    ),
    "maker": Wordings(
        ("made by {v}", "from {v}"),
        ("that {v} made",),
        ("was made by {v}", "comes from {v}"),
    ),
    "language": Wordings(("in {v}",), ("whose language is {v}",), ("is in {v}",)),
}
"""What training may say where the items are no films."""
HELD_BACK_OF_THINGS = {
    "author": Wordings(
        ("penned by {v}",), ("whose author is {v}",), ("was penned by {v}", "has {v} for an author")
    ),
    "publisher": Wordings(
        ("that bears the imprint of {v}",),
        ("whose publisher is {v}",),
        ("was brought out by {v}", "bears the imprint of {v}"),
    ),
    "series": Wordings(
        ("out of the series {v}",), ("whose series is {v}",), ("appeared in the series {v}",)
    ),
    "maker": Wordings(
        ("manufactured by {v}",), ("that {v} put on the market",), ("was manufactured by {v}",)
    ),
    "language": Wordings(("that comes in {v}",), ("that lets me practise {v}",), ("comes in {v}",)),
    "decade": Wordings(
        ("dating from the {v}", "that goes back to the {v}"),
        ("that appeared in the {v}",),
        ("dates from the {v}", "appeared in the {v}"),
    ),
}
"""What only patterns say that are kept from training, where the items are no films."""


def wordings_of(relation: str, *, held_back: bool, is_film: bool = True) -> Wordings:
    """The ways to say a relation; one that no table knows is said by its name."""
    known = (HELD_BACK if held_back else SEEN).get(relation)
    if not is_film:
        known = (HELD_BACK_OF_THINGS if held_back else SEEN_OF_THINGS).get(relation, known)
    if known:
        return known
    name = relation.replace("_", " ").lower()
    return Wordings(
        (f"with {{v}} as its {name}",), (f"whose {name} is {{v}}",), (f"has {{v}} as its {name}",)
    )


def said(template: str, relation: str, values: Sequence[str]) -> str:
    """A wording filled with the values of one relation.

    >>> said("in which {v} appear{s}", "starring", ["Al Pacino"])
    'in which Al Pacino appears'
    >>> said("from director{p} {v}", "director", ["Joel Coen", "Ethan Coen"])
    'from directors Joel Coen and Ethan Coen'
    >>> said("made in {v}", "country", ["United States"])
    'made in the United States'
    """
    spoken = listed([spoken_value(relation, value) for value in values])
    several = len(values) > 1
    return (
        template.replace("{s}", "" if several else "s")
        .replace("{p}", "s" if several else "")
        .replace("{v}", spoken)
    )


def spoken_value(relation: str, value: str) -> str:
    """A value as it stands in a sentence: genres in small letters, some countries with "the"."""
    if relation == "genre":
        return value.lower()
    needs_article = relation == "country" and any(part in value for part in WITH_ARTICLE)
    return f"the {value}" if needs_article else value


def listed(parts: Sequence[str]) -> str:
    """Parts as an English list.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    if len(parts) == 1:
        return parts[0]
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def with_article(phrase: str) -> str:
    """A noun phrase with its indefinite article, by how its first word sounds.

    >>> [with_article(p) for p in ("crime film", "animation film", "1980s western")]
    ['a crime film', 'an animation film', 'a 1980s western']
    >>> with_article("1890s film"), with_article("Ukrainian-language film")
    ('an 1890s film', 'a Ukrainian-language film')
    """
    sounds_as_y = phrase.lower().startswith(("eu", "uk", "uni"))
    vowel = phrase[0].lower() in "aeiou8" or phrase.startswith(("11", "18"))
    vowel = vowel and not sounds_as_y
    return f"{'an' if vowel else 'a'} {phrase}"
