"""`rerec data import`: what can be wrong with published files, and what the four commands write."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rerec.catalogue.domain import check, read_domain
from rerec.cli import main

SHOP = Path(__file__).parents[2] / "examples" / "corner_shop"
FILES = {
    "items.csv": "item_id,title,year\n1,Heat,1995\n2,Ronin,1998\n3,Tea,\n",
    "attributes.csv": "item_id,relation,value\n1,genre,Crime\n2,genre,Action\n",
    "log.csv": "user_id,item_id,rating,timestamp\nann,1,5,10\nann,2,4,20\nbob,3,2,30\n",
    "users.csv": "user_id,city\nann,Rome\nbob,Oslo\n",
}
TABLE = (
    "table --items items.csv --attributes attributes.csv --interactions log.csv --users users.csv"
)
INTER = "user_id:token\titem_id:token\trating:float\n1\t1\t5\n2\t2\t3\n"
ITEM = "item_id:token\tmovie_title:token_seq\tgenre:token_seq\n1\tHeat\tCrime Drama\n2\tTea\tHot\n"
ML = {
    "ml/movies.dat": "1::Heat (1995)::Crime\n2::Ronin (1998)::Action\n",
    "ml/ratings.dat": "1::1::5::10\n2::2::4::20\n",
    "ml/users.dat": "1::F::25::3::0\n2::M::18::4::0\n",
}
BENCH = {
    "rb/movies.dat": "1::Heat (1995)::Crime\n2::Ronin (1998)::Action\n",
    "rb/UserBasedQuery.json": json.dumps(
        [{"group": "F", "query & ground true": [{"query": "?", "movie subset": ["Heat (1995)"]}]}]
    ),
}
RECBENCH = "recbench rb --no-facts"


def changed(name: str, old: str, new: str) -> dict[str, str | bytes]:
    """One file with something else in it."""
    return {name: {**FILES, **ML}[name].replace(old, new)}


def zipped(members: Mapping[str, str], *, cut: int = 0) -> bytes:
    """A zip file with some members, some bytes short."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text * 500)
    return content.getvalue()[: len(content.getvalue()) - cut]


LONG = "x" * 70_000
# case: what is asked, what stands in the files, and what is said
BAD: dict[str, tuple[str, Mapping[str, str | bytes | None], str]] = {
    "a file that is not there": (
        TABLE,
        {"items.csv": None, "item.csv": ""},
        "items.csv: there is no such file; did you mean item.csv?",
    ),
    "a file of no known format": (
        TABLE.replace("log.csv", "log.xlsx"),
        {"log.xlsx": "x"},
        "log.xlsx: is of no known format; the name must end in .csv, .tsv or .jsonl",
    ),
    "a folder in place of a file": (
        TABLE.replace("log.csv", "folder.csv"),
        {"folder.csv/x": "x"},
        "folder.csv: is a folder, not a file",
    ),
    "a missing column": (
        TABLE,
        changed("items.csv", "item_id", "itemid"),
        "items.csv: has no column 'item_id', only itemid, title, year (did you mean 'itemid'?)",
    ),
    "a column that stands twice": (
        TABLE,
        changed("items.csv", "year", "Title"),
        "items.csv: has the column 'Title' twice",
    ),
    "a year that is no number": (
        TABLE,
        changed("items.csv", "1998", "late"),
        "items.csv, line 3: the year 'late' is no whole number",
    ),
    "a rating that is no number": (
        TABLE,
        changed("log.csv", "ann,2,4", "ann,2,good"),
        "log.csv, line 3: the rating 'good' is no number; mend it, or leave such rows out with "
        "--skip-bad-rows",
    ),
    "a rating without end": (TABLE, changed("log.csv", "ann,2,4", "ann,2,inf"), "rating 'inf'"),
    "no rating in a row": (TABLE, changed("log.csv", "ann,2,4", "ann,2,"), "the rating '' is no"),
    "a timestamp that is no time": (
        TABLE,
        changed("log.csv", ",30", ",noon"),
        "log.csv, line 4: the timestamp 'noon' is neither seconds since 1970 nor a date",
    ),
    "a row with too few values": (
        TABLE,
        changed("log.csv", "ann,2,4,20", "ann,2"),
        "log.csv, line 3: has 2 values, but the file has 4 columns",
    ),
    "a row with too many values": (
        TABLE,
        changed("items.csv", "Ronin,1998", "Ronin,The,1998"),
        "items.csv, line 3: has 4 values, but the file has 3 columns",
    ),
    "a quote that is not closed": (
        TABLE,
        changed("items.csv", "Ronin", '"Ronin'),
        "items.csv, line 3: a quote is opened and not closed",
    ),
    "an item without id": (
        TABLE,
        changed("items.csv", "2,Ronin", ",Ronin"),
        "items.csv, line 3: the item_id is empty",
    ),
    "an item without title": (
        TABLE,
        changed("items.csv", "Ronin", "  "),
        "items.csv, line 3: the title is empty",
    ),
    "an item id that stands twice": (
        TABLE,
        changed("items.csv", "3,Tea", "1,Tea"),
        "items.csv, line 4: the item_id '1' stands there a second time",
    ),
    "the line of a row behind line ends in quotes": (
        TABLE,
        {"items.csv": 'item_id,title\n1,"Heat\n\nor not"\n\n2,Ronin\n2,Tea\n'},
        "items.csv, line 7: the item_id '2' stands there a second time",
    ),
    "a user id that stands twice": (
        TABLE,
        changed("users.csv", "bob", "ann"),
        "users.csv, line 3: the user_id 'ann' stands there a second time",
    ),
    "an attribute of an unknown item": (
        TABLE,
        changed("attributes.csv", "2,genre", "9,genre"),
        "attributes.csv, line 3: the item '9' is not among the items",
    ),
    "an attribute without value": (
        TABLE,
        changed("attributes.csv", "Action", ""),
        "attributes.csv, line 3: the value is empty",
    ),
    "an interaction with an unknown item": (
        TABLE,
        changed("log.csv", "bob,3", "bob,33"),
        "log.csv, line 4: the item '33' is not among the items",
    ),
    "an interaction of an unknown user": (
        TABLE,
        changed("log.csv", "bob", "rob"),
        "log.csv, line 4: the user 'rob' is not among the users",
    ),
    "items and no row": (TABLE, {"items.csv": "item_id,title\n"}, "items.csv: holds no row"),
    "interactions and no row": (
        TABLE,
        {"log.csv": "user_id,item_id\n"},
        "log.csv: holds no row; give the whole file",
    ),
    "an empty file": (TABLE, {"log.csv": ""}, "log.csv: is empty; give the whole file"),
    "interactions of one user": (
        TABLE,
        changed("log.csv", "bob", "ann"),
        "all interactions are of one user, 'ann'",
    ),
    "mixed encodings": (
        TABLE,
        {"items.csv": "item_id,title\n1,Amélie\n".encode() + "2,Müll\n".encode("latin-1")},
        "items.csv, line 3: is not UTF-8, but line 2 is; save the file in one encoding",
    ),
    "bytes of no encoding": (
        TABLE,
        {"items.csv": b"item_id,title\n1,Heat\n2,\x81\x8d\n"},
        "items.csv, line 3: is neither UTF-8 nor latin-1",
    ),
    "a file that is no text": (
        TABLE,
        {"items.csv": "item_id,title\n1,Heat\n".encode("utf-16")},
        "items.csv, line 1: holds a zero byte",
    ),
    "a gigantic value": (
        TABLE,
        changed("items.csv", "Ronin", LONG),
        "items.csv, line 3: the title has 70000 bytes, more than 65,536",
    ),
    "a gigantic line": (
        TABLE,
        changed("items.csv", "Ronin", LONG * 30),
        "items.csv, line 3: is longer than 2,000,000 bytes",
    ),
    "a gzip file cut short": (
        TABLE.replace("items.csv", "items.csv.gz"),
        {"items.csv.gz": gzip.compress(b"item_id,title\n1,Heat\n" * 99)[:-20]},
        "items.csv.gz: is no whole gzip file",
    ),
    "a gzip file that is none": (
        TABLE.replace("items.csv", "items.csv.gz"),
        {"items.csv.gz": b"item_id,title\n"},
        "items.csv.gz: is no whole gzip file",
    ),
    "a line that is no JSON": (
        TABLE.replace("items.csv", "items.jsonl"),
        {"items.jsonl": '{"item_id": 1, "title": "Heat"}\n\n{"item_id": 2,\n'},
        'items.jsonl, line 3: is no JSON object: {"item_id": 2,',
    ),
    "a Parquet file that is none": (
        TABLE.replace("items.csv", "items.parquet"),
        {"items.parquet": b"PAR1 or not"},
        "items.parquet: is no readable Parquet file",
    ),
    "a rename that is none": (TABLE + " --map x", {}, "--map 'x' is not of the form old=new"),
    "a rename of no column": (
        TABLE + " --map ratings=rating",
        {},
        "--map: no file has the column 'ratings' (did you mean 'rating'?)",
    ),
    "a domain that is there already": (
        TABLE,
        {"new/notes.txt": "mine"},
        "new: is there already; give a new folder, or remove it first",
    ),
    "two items of one label": (
        TABLE,
        {"items.csv": "item_id,title\n1,Heat\n2,Heat\n3,Heat [2]\n"},
        "are both 'Heat [2]'; rename one of them",
    ),
    "no MovieLens": ("movielens gone", {}, "gone: there is no such folder or zip file"),
    "a folder without MovieLens": (
        "movielens ml",
        {"ml/x.txt": "x"},
        "ml: holds no MovieLens; it has u.item and u.data, movies.dat and ratings.dat",
    ),
    "half of MovieLens": ("movielens ml", {"ml/u.data": "x"}, "ml: has u.data but no u.item"),
    "a zip file cut short": (
        "movielens ml.zip",
        {"ml.zip": zipped(ML, cut=200)},
        "ml.zip: is no whole zip file",
    ),
    "a zip file that is none": (
        "movielens ml.zip",
        {"ml.zip": b"movies"},
        "ml.zip: is no whole zip file",
    ),
    "a damaged member of a zip file": (
        "movielens ml.zip",
        {"ml.zip": zipped(ML).replace(zipped(ML)[60:80], bytes(20), 1)},
        "ml.zip: is no whole zip file",
    ),
    "a line of a zip file's member": (
        "movielens ml.zip",
        {"ml.zip": zipped({"ml-1m/movies.dat": "1::Heat::Crime\n", "ml-1m/ratings.dat": ""})},
        "ml.zip/movies.dat, line 2: the item_id '1' stands there a second time (one of 499 such "
        "rows)",
    ),
    "a MovieLens user without age": (
        "movielens ml",
        {**ML, **changed("ml/users.dat", "::18::", "::young::")},
        "users.dat, line 2: the age 'young' is no age in years",
    ),
    "a MovieLens line that is cut": (
        "movielens ml",
        {**ML, **changed("ml/ratings.dat", "2::2::4::20", "2::2")},
        "ratings.dat, line 2: has 2 values, but the file has 4 columns",
    ),
    "no RecBole folder": ("recbole gone", {}, "gone: there is no such folder"),
    "RecBole without items": (
        "recbole rb",
        {"rb/x.inter": INTER},
        "rb: has no .item file, only x.inter; add it",
    ),
    "two data sets in a RecBole folder": (
        "recbole rb",
        {"rb/x.inter": INTER, "rb/y.inter": INTER, "rb/x.item": ITEM},
        "rb: has x.inter and y.inter; keep one data set in a folder",
    ),
    "a RecBole header without types": (
        "recbole rb",
        {"rb/x.inter": INTER, "rb/x.item": "item_id\ttitle\n1\tHeat\n"},
        "x.item, line 1: the column 'item_id' has no type behind a colon",
    ),
    "a RecBole rating that is none": (
        "recbole rb",
        {"rb/x.inter": INTER.replace("\t3\n", "\tno\n"), "rb/x.item": ITEM},
        "x.inter, line 3: the rating 'no' is no number",
    ),
    "RecBole items without title": (
        "recbole rb",
        {"rb/x.inter": INTER, "rb/x.item": ITEM.replace("movie_title", "what")},
        "x.item: has no column 'title', only item_id, what, genre",
    ),
    "no RecBench+ folder": ("recbench gone", {}, "gone: there is no such folder"),
    "RecBench+ without items": (
        RECBENCH,
        {"rb/UserBasedQuery.json": "[]"},
        "rb: has no movies.dat or books.dat, only UserBasedQuery.json; add it",
    ),
    "RecBench+ without queries": (
        RECBENCH,
        {"rb/movies.dat": BENCH["rb/movies.dat"]},
        "rb: has no query file (ExplicitQuery.json, ",
    ),
    "RecBench+ queries that are no JSON": (
        RECBENCH,
        {**BENCH, "rb/ExplicitQuery.json": "[{"},
        "ExplicitQuery.json: is not JSON",
    ),
    "RecBench+ queries that are no list": (
        RECBENCH,
        {**BENCH, "rb/ExplicitQuery.json": "{}"},
        "ExplicitQuery.json: holds no list of records",
    ),
    "a RecBench+ record without conditions": (
        RECBENCH,
        {**BENCH, "rb/ExplicitQuery.json": '[{"movieSubset": ["Heat (1995)"], "query": "?"}]'},
        "ExplicitQuery.json, record 0: has no 'sharedRelationships'",
    ),
    "RecBench+ queries of other items": (
        RECBENCH,
        {**BENCH, "rb/movies.dat": "1::Some Other Thing (1950)::Drama\n"},
        "rb: no title of its queries is an item of movies.dat",
    ),
    "facts that are not there": (
        "recbench rb --from-files gone",
        BENCH,
        "or leave out --from-files; or do without the facts: --no-facts",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lay(folder: Path) -> Callable[[Mapping[str, str | bytes | None]], None]:
    """A function that writes the files of the table import, changed by what it is given."""

    def write(changes: Mapping[str, str | bytes | None]) -> None:
        for name, content in {**FILES, **changes}.items():
            if content is not None:
                path = folder / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def ordered(line: str) -> int:
    return main(["data", "import", *line.split(), "--out", "new"])


@pytest.mark.parametrize(("line", "files", "said"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_sentence(line, files, said, folder, lay, capsys):
    lay(files)
    before = sorted(folder.rglob("*"))
    assert ordered(line) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith("rerec: ")
    assert said in told[-1]
    assert not [line for line in told if "Traceback" in line]
    assert sorted(folder.rglob("*")) == before, "something was written"


def test_bad_rows_are_left_out_and_counted(folder, lay, capsys):
    lay(
        {
            "items.csv": "item_id,title,year\n1,Héat,1995\n2,Ronin,late\n3,Tea,\n4\n".encode()
            + b"5,\xe9,\n",
            "log.csv": FILES["log.csv"] + "cat,3,good,40\ncat,3,bad,50\ncat,3,4,60\n",
        }
    )
    assert ordered(f"{TABLE} --skip-bad-rows --json") == 0
    report = json.loads(capsys.readouterr().out)
    items, log = report["files"]["items.csv"], report["files"]["log.csv"]
    assert (items["rows"], items["skipped"]) == (5, 3)
    assert [fault["first"] for fault in items["faults"]] == [
        "line 5: has 1 values, but the file has 3 columns",
        "line 6: is not UTF-8",
        "line 3: the year 'late' is no whole number",
    ]
    assert report["files"]["attributes.csv"]["skipped"] == 1  # of the item that was left out
    told = {fault["first"]: fault["rows"] for fault in log["faults"]}
    assert told == {
        "line 3: the item '2' is not among the items": 1,
        "line 5: the rating 'good' is no number": 2,
        "line 7: the user 'cat' is not among the users": 1,
    }
    domain = check(folder / "new")
    assert domain.catalogue.item_ids == ("1", "3")
    assert domain.interactions.num_rows == 2


def test_nothing_is_left_to_import_when_every_row_is_bad(folder, lay, capsys):
    lay({"log.csv": "user_id,item_id\nann,8\nbob,9\n"})
    assert ordered(f"{TABLE} --skip-bad-rows") == 2
    assert "log.csv: holds no row that is not bad" in capsys.readouterr().err
    assert not (folder / "new").exists()


def test_folders_made_for_a_domain_go_again_when_it_fails(folder, lay):
    lay(changed("log.csv", "ann,2,4", "ann,2,good"))
    assert main(["data", "import", *TABLE.split(), "--out", "some/new/place"]) == 2
    assert not (folder / "some").exists()
    lay({})
    assert main(["data", "import", *TABLE.split(), "--out", "some/new/place"]) == 0
    assert sorted(path.name for path in (folder / "some" / "new").iterdir()) == ["place"]


def test_an_empty_folder_is_taken_and_another_name_of_a_column_too(folder, lay, capsys):
    (folder / "new").mkdir()
    lay(changed("log.csv", "user_id,item_id", "userId,movieId"))
    assert ordered(f"{TABLE} --map userId=user_id --map movieId=item_id") == 0
    assert capsys.readouterr().out.startswith("new: 3 items, 4 attributes, 3 interactions, 2 users")
    assert read_domain(folder / "new").users.to_pylist()[0] == {"user_id": "ann", "city": "Rome"}


def test_western_letters_are_read_and_said(folder, lay, capsys):
    lay({"items.csv": "item_id,title\n1,Amélie “1”\n2,Ronin\n3,Tea\n".encode("cp1252")})
    assert ordered(TABLE) == 0
    assert "items.csv: read as cp1252, it is not UTF-8" in capsys.readouterr().out
    assert read_domain(folder / "new").catalogue.items[0].title == "Amélie “1”"


def test_the_corner_shop_is_a_domain_after_its_import(tmp_path):
    files = {name: str(SHOP / f"{name}.csv") for name in ("items", "attributes", "interactions")}
    options = [text for name, file in files.items() for text in (f"--{name}", file)]
    assert main(["data", "import", "table", *options, "--out", str(tmp_path / "shop")]) == 0
    domain = check(tmp_path / "shop")
    assert domain.catalogue.n_items == 8
    assert len(domain.user_ids) >= 12
    likes = domain.interactions["rating"].to_numpy() >= 4
    assert likes.sum() >= 3 * len(domain.user_ids)
    assert main(["data", "check", str(tmp_path / "shop")]) == 0


def test_each_source_becomes_a_domain(folder, lay, capsys):
    lay({**ML, **BENCH, "atomic/x.inter": INTER, "atomic/x.item": ITEM})
    for n, line in enumerate(("movielens ml", "recbole atomic", RECBENCH)):
        out = folder / f"new-{n}"
        assert main(["data", "import", *line.split(), "--out", str(out)]) == 0
        assert check(out).catalogue.n_items == 2
        assert json.loads((out / "sources.json").read_text())["source"] == line.split()[0]
        assert pq.read_schema(out / "interactions.parquet").field("rating").nullable is False
    assert "1 queries (1 test); 100.0% of their 1 titles resolved" in capsys.readouterr().out
