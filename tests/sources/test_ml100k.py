"""MovieLens-100K: its tables read, its known faults mended, other ones refused."""

import pytest

from rerec.errors import SourceError
from rerec.sources.ml100k import FOLDER, Rating, User, read_ml100k
from rerec.sources.wheels import RECBOLE


def test_the_film_without_a_title_stays_out_with_its_ratings(small_wheels):
    movielens = read_ml100k(small_wheels / RECBOLE.file_name)
    assert movielens.untitled == ("5",)
    assert "5" not in {film.item_id for film in movielens.films}
    assert "5" not in {rating.item_id for rating in movielens.ratings}


def test_a_year_inside_the_title_is_taken_out_of_it(small_wheels):
    films = {film.item_id: film for film in read_ml100k(small_wheels / RECBOLE.file_name).films}
    assert (films["6"].title, films["6"].year) == ("Land Before Time III", 1995)
    assert films["6"].genres == ("Animation", "Children's")


def test_users_and_ratings_are_read_in_the_order_of_their_files(small_wheels):
    movielens = read_ml100k(small_wheels / RECBOLE.file_name)
    assert movielens.users == (User("1", 24, "M", "technician"), User("2", 57, "F", "other"))
    assert movielens.ratings[0] == Rating("2", "1", 3.0, 50)
    assert len(movielens.ratings) == 8


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("item", b"class:token_seq", b"genre:token_seq", "columns item_id, movie_title"),
        ("user", b"2\t57\tF\tother\t94043", b"2\t57\tF", "line 3 has 3 fields, not 5"),
        ("user", b"57", b"old", "'old'"),
        ("inter", b"2\t1\t3\t50", b"2\t1\tthree\t50", "'three'"),
        ("item", b"Usual", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_another_form_is_refused_with_the_place(
    movielens_members, request, table, old, new, message
):
    member = f"{FOLDER}.{table}"
    movielens_members[member] = movielens_members[member].replace(old, new)
    wheel = request.getfixturevalue("small_wheels") / RECBOLE.file_name
    with pytest.raises(SourceError, match=message):
        read_ml100k(wheel)


def test_an_empty_table_is_refused(movielens_members, request):
    movielens_members[f"{FOLDER}.inter"] = b""
    wheel = request.getfixturevalue("small_wheels") / RECBOLE.file_name
    with pytest.raises(SourceError, match="columns"):
        read_ml100k(wheel)
