"""The tables of RecBench+: films with and without their own facts, books, no ratings."""

import json

import pytest

from rerec.errors import DataError
from rerec.sources import embedded
from rerec.sources.recbench import NO_RATINGS, Facts, folder_of, land_recbench
from rerec.sources.workbench import Workbench

NO_FACTS = Facts(wanted=False)
ITEMS = "1::Heat (1995)::Action|Crime\n2::Usual Suspects, The (1995)::Crime\n3::Nothing (1990)::\n"
RATINGS = "7::1::5::10\n8::1::4::20\n8::2::2::30\n"
USERS = "7::F::25::3::0\n8::M::old::pilot::\n"


@pytest.fixture
def landed(tmp_path):
    """A function that lands a folder of some files; the bench and the notes."""

    def land(facts=NO_FACTS, **files: str):
        folder = tmp_path / "rb"
        folder.mkdir()
        for name, text in {"UserBasedQuery": "[]", **files}.items():
            ending = {"UserBasedQuery": "json", "movie_info": "jsonl"}.get(name, "dat")
            (folder / f"{name}.{ending}").write_text(text, encoding="latin-1")
        (tmp_path / "bench").mkdir()
        bench = Workbench(tmp_path / "bench")
        return bench, land_recbench(bench, folder_of(folder), facts=facts, progress=print)

    return land


def facts(bench, item_id):
    sql = "SELECT relation, value FROM attributes WHERE item_id = '{}' ORDER BY \"#row\""
    return bench.run(sql.format(item_id))


def test_films_have_genres_and_decades_and_users_are_read_as_they_stand(landed):
    bench, notes = landed(movies=ITEMS, ratings=RATINGS, users=USERS)
    assert facts(bench, "1") == [("genre", "Action"), ("genre", "Crime"), ("decade", "1990s")]
    assert bench.run("SELECT age_group, occupation FROM users ORDER BY user_id") == [
        ("25-34", "clerical/admin"),
        ("old", "pilot"),
    ]
    assert bench.one("SELECT count(*) FROM interactions") == 3
    assert notes == []


def test_without_ratings_there_are_no_interactions(landed):
    bench, notes = landed(books="1::Emma (1815)::Novel\n")
    assert notes == [NO_RATINGS]
    assert bench.run("SELECT * FROM interactions") == []
    assert facts(bench, "1") == [("genre", "Novel"), ("decade", "1810s")]


def test_films_are_joined_with_the_facts_of_wikidata(landed, small_wheels, monkeypatch):
    pin = embedded.BOKEH_SAMPLEDATA  # put there by the fixture
    monkeypatch.setattr("rerec.sources.recbench.BOKEH_SAMPLEDATA", pin)
    bench, notes = landed(Facts(from_files=small_wheels), movies=ITEMS, ratings=RATINGS)
    assert ("director", "Michael Mann") in facts(bench, "1")
    assert ("starring", "Gabriel Byrne") in facts(bench, "2")
    assert facts(bench, "3") == [("decade", "1990s")]
    assert "2 of 3 films joined with the facts of Wikidata (CC0)" in notes


def test_movie_info_comes_before_the_genres_of_the_items_file(landed):
    info = [
        {"movieId": 1, "Starring": ["Al Pacino", "Val Kilmer"], "Genre": "Heist", "year": 1995},
        {"movieId": 3, "Directed by": ["Ann Other"], "plot": "x" * 101, "Starring": []},
        {"movieId": 99, "Genre": "Lost"},
    ]
    bench, _ = landed(movies=ITEMS, movie_info="\n".join(map(json.dumps, info)))
    assert facts(bench, "1") == [
        ("decade", "1990s"),
        ("starring", "Al Pacino"),
        ("starring", "Val Kilmer"),
        ("genre", "Heist"),
    ]
    assert facts(bench, "2") == [("genre", "Crime"), ("decade", "1990s")]
    assert facts(bench, "3") == [("decade", "1990s"), ("directed_by", "Ann Other")]


def test_movie_info_may_name_items_by_title(landed):
    info = json.dumps({"title": "The Usual Suspects (1995)", "writer": "C. McQuarrie"})
    bench, _ = landed(movies=ITEMS, movie_info=info)
    assert facts(bench, "2")[-1] == ("writer", "C. McQuarrie")
    assert ("writer", "C. McQuarrie") not in facts(bench, "1")


def test_movie_info_that_names_no_item_is_refused(landed):
    with pytest.raises(DataError, match="names no item, only writer; it needs one of item_id"):
        landed(movies=ITEMS, movie_info='{"writer": "x"}')
