"""The join against films that a person looked up, and against those that must not be joined.

`verified_joins.csv` was checked film by film: the director named there made the MovieLens film.
"""

import csv
from pathlib import Path

import pytest

from rerec.sources.embedded import duplicates
from rerec.sources.join import HAND_JOINED, join
from rerec.sources.ml100k import Film, read_ml100k
from rerec.sources.wheels import BOKEH_SAMPLEDATA, RECBOLE
from rerec.sources.wikidata import FilmFacts, read_wikidata

HERE = Path(__file__).parent


def read_table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


VERIFIED = read_table("verified_joins.csv")
TRAPS = read_table("traps.csv")


def film(row: dict[str, str]) -> Film:
    return Film(row["item_id"], row["title"], int(row["year"]), ())


def facts(row: dict[str, str]) -> FilmFacts:
    year = int(row["wikidata_year"])
    return FilmFacts(row["imdb_id"], row["wikidata_title"], year, (), (), (), (), (), ())


def named(title: str, year: int, imdb_id: str = "tt1") -> FilmFacts:
    return FilmFacts(imdb_id, title, year, (), (), (), (), (), ())


def test_at_least_sixty_joins_were_verified_each_once():
    assert len({row["item_id"] for row in VERIFIED}) == len(VERIFIED) >= 60


def test_every_verified_film_is_joined_to_its_facts_and_no_trap_to_any():
    films = {row["item_id"]: film(row) for row in [*VERIFIED, *TRAPS]}
    known = {row["imdb_id"]: facts(row) for row in [*VERIFIED, *TRAPS]}
    found = {i: fact.imdb_id for i, fact in join([*films.values()], [*known.values()]).items()}
    assert found == {row["item_id"]: row["imdb_id"] for row in VERIFIED}


@pytest.mark.parametrize("row", TRAPS, ids=lambda row: row["title"])
def test_a_trap_is_not_joined_when_nothing_else_claims_its_facts(row):
    assert join([film(row)], [facts(row)]) == {}


def test_every_join_by_hand_is_among_the_verified_ones():
    verified = {row["item_id"]: row["imdb_id"] for row in VERIFIED}
    assert HAND_JOINED.items() <= verified.items()


def test_of_two_films_of_one_title_each_goes_to_its_own_year():
    films = [Film("9001", "Sabrina", 1954, ()), Film("9002", "Sabrina", 1995, ())]
    found = join(films, [named("Sabrina", 1995, "tt95"), named("Sabrina", 1954, "tt54")])
    assert {i: fact.imdb_id for i, fact in found.items()} == {"9001": "tt54", "9002": "tt95"}


def test_a_film_with_two_possible_facts_stays_out():
    two = [named("Hamlet", 1996, "tt1"), named("Hamlet", 1996, "tt2")]
    assert join([Film("9001", "Hamlet", 1996, ())], two) == {}


def test_facts_that_two_films_claim_stay_out():
    films = [Film("9001", "Hamlet", 1995, ()), Film("9002", "Hamlet", 1997, ())]
    assert join(films, [named("Hamlet", 1996)]) == {}


def test_a_film_without_a_year_stays_out():
    assert join([Film("9001", "Hamlet", None, ())], [named("Hamlet", 1996)]) == {}


@pytest.mark.parametrize("other", ["Rocky III", "Rocky", "Rocky 3", "Rocky III: Eye of the Tiger"])
def test_another_part_of_a_series_is_another_film(other):
    assert join([Film("9001", "Rocky II", 1979, ())], [named(other, 1979)]) == {}


@pytest.mark.parametrize("other", ["Rocky 2", "Rocky Two", "Rocky II: Rematch", "The Rocky II"])
def test_the_same_part_spelled_otherwise_is_the_same_film(other):
    assert join([Film("9001", "Rocky II", 1979, ())], [named(other, 1979)])


def test_the_real_films_are_joined_as_verified(real_wheels):
    movielens = read_ml100k(real_wheels / RECBOLE.file_name)
    merged = duplicates(movielens.films)
    films = [film for film in movielens.films if film.item_id not in merged]
    joined = join(films, read_wikidata(real_wheels / BOKEH_SAMPLEDATA.file_name))
    for row in VERIFIED:
        fact = joined[row["item_id"]]
        assert fact.imdb_id == row["imdb_id"], row
        assert row["director"] in fact.directors, row
    for row in TRAPS:
        assert row["item_id"] not in joined or joined[row["item_id"]].imdb_id != row["imdb_id"]
    assert len(joined) >= 1400


def test_joins_by_hand_are_of_one_catalogue_and_no_other():
    (item_id, imdb_id), *_ = HAND_JOINED.items()
    films = [Film(item_id, "Named quite otherwise", 1992, ())]
    facts = [FilmFacts(imdb_id, "Another Title", 1970, (), (), (), (), (), ())]
    assert list(join(films, facts)) == [item_id]
    assert join(films, facts, by_hand={}) == {}
