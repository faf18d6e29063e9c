"""Which Wikidata film a MovieLens film is: by title and year, in passes from strict to loose.

A pass joins only what the ones before left over, and only pairs that are alone: a film with two
possible facts, or facts that two films claim, stay out. A wrong join would put untruths into fact
lines, which costs more than a film without facts. So the same title may be a year apart (festival
and release), another spelling of it must be of the same year; two years apart the only pair left
was a documentary and a drama called "Wonderland". Source: ours.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rerec.catalogue.titles import aliases_of, normalise
from rerec.sources.ml100k import Film
from rerec.sources.wikidata import FilmFacts

HAND_JOINED: Mapping[str, str] = {
    "189": "tt0104361",  # A Grand Day Out: 1992 here, 1989 there
    "228": "tt0084726",  # Star Trek: The Wrath of Khan: Star Trek II there
    "421": "tt0117509",  # William Shakespeare's Romeo and Juliet: Romeo + Juliet
    "474": "tt0057012",  # Dr. Strangelove or: How I Learned to ...: without the rest there
    "509": "tt0097937",  # My Left Foot: 1989 here, 1979 there
    "718": "tt0113403",  # In the Bleak Midwinter: A Midwinter's Tale
    "863": "tt0065777",  # Garden of Finzi-Contini: The Garden of the Finzi-Continis
    "912": "tt0120873",  # U.S. Marshalls: U.S. Marshals
    "933": "tt0116378",  # The Funeral: misspelt as The Funerals there
    "1104": "tt0103905",  # C'est arrivé près de chez vous: Man Bites Dog
    "1229": "tt0114151",  # Poison Ivy II: 1995 here, Poison Ivy II: Lily of 1996 there
    "1233": "tt0117221",  # Nénette et Boni: Nenette and Boni
    "1484": "tt0110189",  # The Jerky Boys: 1994 here, The Jerky Boys: The Movie of 1995 there
    "1485": "tt0109454",  # Le Colonel Chabert: Colonel Chabert
    "1494": "tt0110570",  # Il mostro: The Monster
    "1535": "tt0109731",  # L'enfer: Hell
    "1536": "tt0109066",  # Aiqing wansui: Vive L'Amour
    "1586": "tt0104684",  # Lashou shentan: Hard Boiled
    "1591": "tt0112913",  # Duoluo tianshi: Fallen Angels
    "1620": "tt0120142",  # The Sixth Man: The 6th Man
}
"""MovieLens item id to IMDb id, where the two go by other names or one of them has a wrong year."""

Names = Callable[[str], Iterable[str]]

_SUBTITLE = re.compile(r":\s+|\s+[-\u2013\u2014]\s+")
_OWNER = re.compile(r"^.+?['\u2019]s\s+(?=\S+\s+\S)")
_ARTICLE = re.compile(r"^(?:the|an|a)\s+(?=\S)")
_DIGITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TEENS = ("eleven", "twelve", "thirteen")
_ROMAN = ("ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_SAME_WORDS = {
    **{word: str(number) for number, word in enumerate(_DIGITS + _TEENS, start=1)},
    **{word: str(number) for number, word in enumerate(_ROMAN, start=2)},
    **{"colour": "color", "colours": "colors", "blvd": "boulevard", "monsieur": "mr"},
}


@dataclass(frozen=True, slots=True)
class Pass:
    """One way to compare: which names the two titles give, and how far apart the years may be."""

    of_film: Names
    of_facts: Names
    years_apart: int = 0


def join(
    films: Sequence[Film],
    facts: Sequence[FilmFacts],
    *,
    by_hand: Mapping[str, str] = HAND_JOINED,
) -> dict[str, FilmFacts]:
    """The facts of each film that could be joined, by item id, in the order of films.

    Args:
        films: of one catalogue.
        facts: of any films.
        by_hand: IMDb ids by item id; those of MovieLens-100K unless given.

    >>> postino = FilmFacts("tt0110877", "Il Postino: The Postman", 1994, (), (), (), (), (), ())
    >>> [fact.imdb_id for fact in join([Film("14", "Postino, Il", 1994, ())], [postino]).values()]
    ['tt0110877']
    """
    by_imdb_id = {fact.imdb_id: fact for fact in facts}
    ids = {film.item_id for film in films}
    joined = {
        item_id: by_imdb_id[imdb_id]
        for item_id, imdb_id in by_hand.items()
        if item_id in ids and imdb_id in by_imdb_id
    }
    for way in PASSES:
        taken = {fact.imdb_id for fact in joined.values()}
        left = [film for film in films if film.item_id not in joined]
        joined |= _lone_pairs(left, [fact for fact in facts if fact.imdb_id not in taken], way)
    return {film.item_id: joined[film.item_id] for film in films if film.item_id in joined}


def spelled(title: str) -> Iterator[str]:
    """All names of a title, evened out.

    >>> list(spelled("Hate (Haine, La)"))
    ['hate haine la', 'hate', 'la haine']
    """
    return (normalise(name) for name in aliases_of(title))


def loose(title: str) -> Iterator[str]:
    """All names of a title without article and spaces, numbers as digits.

    >>> list(loose("Twelve Monkeys")), list(loose("The Three Colours: Red"))
    (['12monkeys'], ['3colorsred'])
    """
    return (_loose(name) for name in aliases_of(title))


def parts(title: str) -> Iterator[str]:
    """The loose names of what stands between colons and dashes.

    >>> list(parts("Star Wars: Episode V \u2013 The Empire Strikes Back"))
    ['starwars', 'episode5', 'empirestrikesback']
    """
    return (_loose(part) for name in aliases_of(title) for part in _SUBTITLE.split(name))


def unowned(title: str) -> Iterator[str]:
    """The loose names without the owner in front, where at least two words remain.

    >>> list(unowned("Rudyard Kipling's The Jungle Book")), list(unowned("Carlito's Way"))
    (['junglebook'], ['carlitosway'])
    """
    return (_loose(_OWNER.sub("", name)) for name in aliases_of(title))


PASSES = (
    Pass(spelled, spelled),
    Pass(spelled, spelled, years_apart=1),
    Pass(loose, loose),
    Pass(loose, parts),
    Pass(parts, loose),
    Pass(unowned, unowned),
)


def _loose(name: str) -> str:
    words = _ARTICLE.sub("", normalise(name)).split()
    return "".join(_SAME_WORDS.get(word, word) for word in words)


def _lone_pairs(
    films: Sequence[Film], facts: Sequence[FilmFacts], way: Pass
) -> dict[str, FilmFacts]:
    """Pairs in which each side has only the other to go with."""
    by_name: dict[str, list[FilmFacts]] = defaultdict(list)
    for fact in facts:
        for name in dict.fromkeys(way.of_facts(fact.title)):
            by_name[name].append(fact)
    possible: dict[str, dict[str, FilmFacts]] = {}
    claimed: dict[str, set[str]] = defaultdict(set)
    for film in films:
        near = [fact for name in way.of_film(film.title) for fact in by_name.get(name, ())]
        near = [fact for fact in near if _years_fit(film, fact, way.years_apart)]
        possible[film.item_id] = {fact.imdb_id: fact for fact in near}
        for fact in near:
            claimed[fact.imdb_id].add(film.item_id)
    alone = ((item_id, *near.values()) for item_id, near in possible.items() if len(near) == 1)
    return {item_id: fact for item_id, fact in alone if len(claimed[fact.imdb_id]) == 1}


def _years_fit(film: Film, fact: FilmFacts, years_apart: int) -> bool:
    return film.year is not None and abs(film.year - fact.year) <= years_apart
