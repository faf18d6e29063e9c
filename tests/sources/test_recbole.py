"""RecBole's atomic files: typed headers, sequences, triples of a knowledge graph."""

import shutil
import zipfile

import pytest

from rerec.catalogue.domain import check
from rerec.errors import SourceError
from rerec.sources import wheels
from rerec.sources.recbole import import_recbole
from rerec.sources.wheels import RECBOLE

FILES = {
    "x.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "u1\t1\t5\t881250949\nu2\t2\t3.5\t881250950.0\n",
    "x.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\t"
    "class:token_seq\tprice:float\n"
    '1\tHeat "uncut"\t1995\tCrime Drama\t3\n2\tTea\tV\tHot\t4\n3\tRonin (1998)\t\t\t\n',
    "x.user": "user_id:token\tage:float\tcity:token\nu1\t24\tRome\nu2\t57\tOslo\n",
    "x.kg": "head_id:token\trelation_id:token\ttail_id:token\n"
    "e1\tfilm.film.starring\tm.9\nm.9\tfilm.actor.film\te1\ne1\tfilm.film.sequel\te2\n"
    "e2\thttp://x.org/onto/maker\tm.8\ne7\tr\tm.8\n",
    "x.link": "item_id:token\tentity_id:token\n1\te1\n2\te2\n",
}


@pytest.fixture
def folder(tmp_path):
    """A folder of atomic files."""
    folder = tmp_path / "x"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def imported(folder, **more):
    out = folder.parent / "made"
    return import_recbole(out, folder, progress=print, **more), check(out)


def facts(domain):
    return [tuple(row.values()) for row in domain.attributes.to_pylist()]


def test_sequences_and_triples_become_attributes(folder):
    report, domain = imported(folder, renames={"class": "genre"})
    assert [item.label for item in domain.catalogue.items] == [
        'Heat "uncut" (1995)',
        "Tea",
        "Ronin (1998)",
    ]
    assert facts(domain) == [
        ("1", "genre", "Crime"),
        ("1", "genre", "Drama"),
        ("1", "starring", "m.9"),
        ("1", "sequel", "Tea"),
        ("1", "decade", "1990s"),
        ("2", "genre", "Hot"),
        ("2", "maker", "m.8"),
        ("3", "decade", "1990s"),
    ]
    assert report["files"][str(folder / "x.kg")]["facts"] == 3
    assert report["files"][str(folder / "x.item")]["columns_not_used"] == ["price"]
    assert domain.users.to_pylist()[0] == {"user_id": "u1", "age": 24, "city": "Rome"}
    assert domain.interactions["timestamp"].to_pylist() == [881250949, 881250950]


def test_only_interactions_and_items_are_needed(folder):
    for name in ("x.user", "x.kg", "x.link"):
        (folder / name).unlink()
    (folder / "x.item").write_text("item_id:token\tname:token\n1\tHeat\n2\tTea\n")
    _, domain = imported(folder)
    assert facts(domain) == []
    assert domain.users.to_pylist() == [{"user_id": "u1"}, {"user_id": "u2"}]


def test_a_type_that_is_misspelt_is_told_with_the_nearest(folder):
    (folder / "x.inter").write_text("user_id:tokn\titem_id:token\n1\t1\n")
    with pytest.raises(SourceError, match=r"'user_id:tokn' has no type .* \(did you mean 'token'"):
        imported(folder)


def test_movielens_as_recbole_ships_it(tmp_path):
    wheel = wheels.cache_folder() / RECBOLE.file_name
    if not wheel.is_file():
        pytest.skip("the wheel is not in the cache; building the embedded domain puts it there")
    folder = tmp_path / "ml-100k"
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for ending in ("inter", "item", "user", "kg", "link"):
            member = f"recbole/dataset_example/ml-100k/ml-100k.{ending}"
            with archive.open(member) as packed, (folder / f"x.{ending}").open("wb") as out:
                shutil.copyfileobj(packed, out)
    report, _ = imported(folder, renames={"class": "genre"})
    counts = {name: report[name] for name in ("items", "interactions", "users")}
    assert counts == {"items": 1682, "interactions": 100_000, "users": 943}
    assert report["files"][str(folder / "x.kg")]["facts"] > 70_000
