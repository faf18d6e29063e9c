"""The embedded domain: what the tables hold, what was merged, joined and left out."""

import json
from collections import Counter

import pytest

from rerec.catalogue import files
from rerec.catalogue.domain import check, write_embeddings
from rerec.errors import DataError, SourceError
from rerec.sources.embedded import build_tables, duplicates, items_of, merged_ratings
from rerec.sources.ml100k import FOLDER, Film, Rating
from rerec.sources.wheels import RECBOLE


def quiet(_: str) -> None:
    """Progress that is told to nobody."""


@pytest.fixture
def built(small_wheels, tmp_path):
    report = build_tables(tmp_path / "domain", from_files=small_wheels, progress=quiet)
    return check(tmp_path / "domain"), report


def values(domain, item_id: str, relation: str) -> list[str]:
    rows = domain.attributes.to_pylist()
    return [r["value"] for r in rows if (r["item_id"], r["relation"]) == (item_id, relation)]


def test_titles_have_their_article_in_front_and_their_other_names_as_aliases(built):
    items = {item.item_id: item for item in built[0].catalogue.items}
    assert items["2"].label == "The Usual Suspects (1995)"
    assert items["2"].aliases == ("Usual Suspects, The",)
    assert items["3"].label == "Hate (1995)"
    assert items["3"].aliases == ("Hate (Haine, La)", "La Haine")


def test_a_film_under_two_ids_is_one_item_with_the_latest_rating_of_each_user(built):
    domain, report = built
    assert report["merged"] == {"4": "1"}
    assert domain.catalogue.item_ids == ("1", "2", "3", "6", "7")
    heat = [r for r in domain.interactions.to_pylist() if r["item_id"] == "1"]
    assert [(r["user_id"], r["rating"], r["timestamp"]) for r in heat] == [
        ("1", 5.0, 30),  # of item 4; the rating of item 1 is older
        ("2", 3.0, 50),
    ]


def test_interactions_stand_by_user_and_time_and_popularity_counts_them(built):
    domain, _ = built
    rows = domain.interactions.to_pylist()
    assert [(int(r["user_id"]), r["timestamp"]) for r in rows] == sorted(
        (int(r["user_id"]), r["timestamp"]) for r in rows
    )
    counted = {i: sum(r["item_id"] == i for r in rows) for i in domain.catalogue.item_ids}
    assert counted == {item.item_id: item.popularity for item in domain.catalogue.items}


def test_stars_stand_by_the_ratings_of_their_films_then_by_name(built):
    # Zoe Both plays in films with 2 + 2 ratings, the others of her films in one of 2.
    domain, _ = built
    assert values(domain, "2", "starring") == ["Zoe Both", "Gabriel Byrne", "Robert Downey, Jr."]
    assert values(domain, "1", "starring") == ["Al Pacino", "Jon Voight", "Robert De Niro"]


def test_a_joined_film_has_the_facts_in_the_order_of_the_source(built):
    domain, _ = built
    assert values(domain, "1", "genre") == ["Crime", "Action"]
    assert values(domain, "1", "language") == ["English", "Spanish"]
    assert values(domain, "1", "decade") == ["1990s"]
    assert values(domain, "3", "genre") == ["Drama"]  # MovieLens', where Wikidata has none


def test_a_film_that_was_not_joined_keeps_its_genres_and_decade(built):
    domain, _ = built
    found = {r["relation"] for r in domain.attributes.to_pylist() if r["item_id"] == "7"}
    assert found == {"genre", "decade"}
    assert values(domain, "7", "genre") == ["Film-Noir"]


def test_the_report_says_what_was_joined_and_what_stayed_out(built):
    domain, report = built
    assert (report["films"], report["joined"], report["items_joined"]) == (7, 4, 3)
    assert report["rating_share"] == pytest.approx(7 / 8)
    assert report["untitled"] == ["5"]
    assert [(f["item_id"], f["ratings"]) for f in report["unjoined"]] == [("7", 1), ("6", 0)]
    assert json.loads((domain.folder / "sources.json").read_text()) == report


def test_users_carry_their_groups(built):
    assert built[0].users.to_pylist()[1] == {
        "user_id": "2",
        "age": 57,
        "age_group": "56+",
        "gender": "F",
        "occupation": "other",
    }


def test_the_same_wheels_give_the_same_bytes(small_wheels, tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        build_tables(folder, from_files=small_wheels, progress=quiet)
    one, two = ({p.name: p.read_bytes() for p in f.iterdir()} for f in folders)
    assert one == two


def test_embeddings_of_other_items_do_not_outlive_a_rebuild(corner_shop, small_wheels):
    build_tables(corner_shop, from_files=small_wheels, progress=quiet)
    assert not (corner_shop / "item_embeddings.safetensors").exists()


def test_embeddings_of_the_same_items_stay(built, small_wheels):
    folder = built[0].folder
    write_embeddings(folder, built[0].catalogue.n_items * [[1.0, 2.0]])
    build_tables(folder, from_files=small_wheels, progress=quiet)
    assert check(folder).embeddings().shape == (5, 2)


def test_titles_that_would_look_the_same_keep_their_brackets():
    films = [Film("1", "Killer (One)", 1994, ()), Film("2", "Killer (Two)", 1994, ())]
    assert duplicates(films) == {}
    labels = [item.label for item in items_of(films, {}, Counter())]
    assert labels == ["Killer (One) (1994)", "Killer (Two) (1994)"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Maybe, Maybe Not (Bewegte Mann, Der)", "Bewegte Mann, Der", True),
        ("Bewegte Mann, Der", "Maybe, Maybe Not (Bewegte Mann, Der)", True),
        ("That Darn Cat!", "That darn cat", True),
        ("Killer (Bulletproof Heart)", "Killer: A Journal of Murder", False),
    ],
)
def test_films_of_one_year_are_one_when_a_title_is_a_name_of_the_other(first, second, same):
    films = [Film("1", first, 1994, ()), Film("2", second, 1994, ())]
    assert duplicates(films) == ({"2": "1"} if same else {})


def test_a_later_rating_of_the_same_moment_wins():
    ratings = [Rating("1", "8", 2.0, 5), Rating("1", "9", 4.0, 5)]
    assert merged_ratings(ratings, {"9": "8"}) == [Rating("1", "8", 4.0, 5)]


def test_a_corrupt_wheel_stops_the_build_before_anything_is_written(small_wheels, tmp_path, pack):
    pack(small_wheels / RECBOLE.file_name, {f"{FOLDER}.item": b"another file"})
    with pytest.raises(SourceError, match="SHA-256"):
        build_tables(tmp_path / "domain", from_files=small_wheels, progress=quiet)
    assert not (tmp_path / "domain").exists()


def test_a_full_disk_is_a_sentence_and_leaves_no_half_file(small_wheels, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.pq, "write_table", full)
    with pytest.raises(DataError, match=r"items\.parquet: cannot be written \(No space left"):
        build_tables(tmp_path / "domain", from_files=small_wheels, progress=quiet)
    assert not list((tmp_path / "domain").iterdir())


def test_the_real_domain_joins_most_films_and_nearly_all_ratings(real_wheels, tmp_path):
    report = build_tables(tmp_path / "ml-100k", from_files=real_wheels, progress=quiet)
    domain = check(tmp_path / "ml-100k")
    assert report["joined"] >= 1400
    assert report["rating_share"] > 0.95
    assert report["untitled"] == ["267"]
    assert report["joined"] + len(report["unjoined"]) + 1 == report["films"] == 1682
    assert len(report["merged"]) == 19
    assert domain.catalogue.n_items == 1662
