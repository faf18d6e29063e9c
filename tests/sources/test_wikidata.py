"""The Wikidata facts: lists split rightly, films without an id left out."""

import sqlite3

import pytest

from rerec.errors import SourceError
from rerec.sources.wheels import BOKEH_SAMPLEDATA
from rerec.sources.wikidata import MEMBER, read_wikidata, values_of


def test_a_generation_belongs_to_the_name_before_it():
    text = "Cuba Gooding, Jr., Sammy Davis Jr., Loudon Wainwright, III, Illeana Douglas"
    assert values_of(text) == (
        "Cuba Gooding, Jr.",
        "Sammy Davis Jr.",
        "Loudon Wainwright, III",
        "Illeana Douglas",
    )


def test_lists_keep_the_order_of_the_source_and_empty_ones_are_empty(small_wheels):
    films = {
        film.imdb_id: film for film in read_wikidata(small_wheels / BOKEH_SAMPLEDATA.file_name)
    }
    assert films["tt1"].genres == ("Crime", "Action")
    assert films["tt1"].languages == ("English", "Spanish")
    assert films["tt2"].writers == ()
    assert films["tt3"].genres == ()


def test_a_film_without_an_imdb_id_stays_out(small_wheels):
    films = read_wikidata(small_wheels / BOKEH_SAMPLEDATA.file_name)
    assert [film.imdb_id for film in films] == ["tt1", "tt2", "tt3", "tt4"]


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0" + b"\1" * 99])
def test_a_broken_database_is_a_sentence(tmp_path, pack, content):
    wheel = pack(tmp_path / "broken.whl", {MEMBER: content})
    with pytest.raises(SourceError, match="not the film database"):
        read_wikidata(wheel)


def test_a_database_with_other_columns_is_a_sentence(tmp_path, pack):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE omdb (ID, Name)")
    connection.commit()
    wheel = pack(tmp_path / "other.whl", {MEMBER: connection.serialize()})
    with pytest.raises(SourceError, match="not the film database"):
        read_wikidata(wheel)


def test_what_tells_films_apart_on_wikidata_is_no_part_of_a_title(tmp_path, pack):
    columns = 'imdbID, Title, Year, Genre, Director, Writer, "Cast", Country, Language'
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE omdb (ID INTEGER PRIMARY KEY, {columns})")
    titles = ["Country Life (film)", "Faust (2011 film)", "Some Girl(s)"]
    rows = [(f"tt{n}", title, 1994) for n, title in enumerate(titles)]
    connection.executemany("INSERT INTO omdb (imdbID, Title, Year) VALUES (?,?,?)", rows)
    connection.commit()
    wheel = pack(tmp_path / "films.whl", {MEMBER: connection.serialize()})
    found = [film.title for film in read_wikidata(wheel)]
    assert found == ["Country Life", "Faust", "Some Girl(s)"]
