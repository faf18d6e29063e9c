"""MovieLens in its three forms, as a folder and as a zip file."""

import zipfile

import pytest

from rerec.catalogue.domain import check
from rerec.sources.movielens import GENRES, OCCUPATIONS, import_movielens

FLAGS = {name: n for n, name in enumerate(GENRES)}


def film(item_id: str, title: str, date: str, *genres: str) -> str:
    """A line of `u.item`."""
    flags = ["1" if name in genres else "0" for name in GENRES]
    return "|".join([item_id, title, date, "", "http://us.imdb.com/?a|b"[:18], *flags])


HUNDRED = {
    "u.item": "\n".join(
        [
            film("1", "Usual Suspects, The (1995)", "14-Aug-1995", "Crime", "Thriller"),
            film("2", "Hate (Haine, La) (1995)", "01-Jan-1995", "Drama"),
            film("267", "unknown", "", "unknown"),
            film("1412", "Land Before Time III (1995) (V)", "01-Jan-1995", "Animation"),
            film("9", "Kätzchen, Das", "03-Feb-1997"),
        ]
    ),
    "u.data": "7\t1\t5\t30\n7\t2\t4\t20\n8\t267\t1\t10\n8\t1\t3\t40\n",
    "u.user": "7|24|F|writer|00000\n8|17|M|student|T8H1N\n",
    "u.genre": "unknown|0\n",
}
MILLION = {
    "movies.dat": "1::Usual Suspects, The (1995)::Crime|Thriller\n"
    "2::Misérables, Les (1995)::Drama\n3::Nothing (1990)::\n",
    "ratings.dat": "7::1::5::30\n7::2::4::20\n8::1::3::40\n",
    "users.dat": "7::F::1::20::00000\n8::M::56::0::1\n",
}
LATEST = {
    "movies.csv": 'movieId,title,genres\n1,"Usual Suspects, The (1995)",Crime|Thriller\n'
    '2,"Say ""Cheese"" (2001)",(no genres listed)\n'
    "3,Confessions (2002),Drama\n4,Confessions (2002),Comedy\n",
    "ratings.csv": "userId,movieId,rating,timestamp\n7,1,4.5,30\n7,2,0.5,20\n8,3,3.0,40\n",
    "tags.csv": "userId,movieId,tag,timestamp\n7,1,good,30\n",
}


@pytest.fixture(params=["folder", "inner folder", "zip"])
def published(request, tmp_path):
    """A function that writes the files of MovieLens as they are published."""

    def write(files: dict[str, str], encoding: str = "latin-1"):
        root = tmp_path / "source"
        if request.param == "zip":
            with zipfile.ZipFile(tmp_path / "ml.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                for name, text in files.items():
                    archive.writestr(f"ml-x/{name}", text.encode(encoding))
            return tmp_path / "ml.zip"
        folder = root / "ml-x" if request.param == "inner folder" else root
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding=encoding)
        return root

    return write


def imported(tmp_path, source):
    report = import_movielens(tmp_path / "made", source, progress=print)
    return check(tmp_path / "made"), report


def facts(domain, item_id):
    return [
        (a["relation"], a["value"])
        for a in domain.attributes.to_pylist()
        if a["item_id"] == item_id
    ]


def test_100k_has_flags_ages_and_titles_with_names_in_brackets(published, tmp_path):
    domain, _ = imported(tmp_path, published(HUNDRED))
    items = {item.item_id: item for item in domain.catalogue.items}
    assert items["1"].label == "The Usual Suspects (1995)"
    assert (items["2"].label, items["2"].aliases[-1]) == ("Hate (1995)", "La Haine")
    assert items["1412"].label == "Land Before Time III (1995)"
    assert (items["9"].label, items["9"].aliases) == ("Das Kätzchen (1997)", ("Kätzchen, Das",))
    assert facts(domain, "1") == [("genre", "Crime"), ("genre", "Thriller"), ("decade", "1990s")]
    assert facts(domain, "267") == []
    assert domain.users.to_pylist() == [
        {"user_id": "7", "age": 24, "age_group": "18-24", "gender": "F", "occupation": "writer"},
        {
            "user_id": "8",
            "age": 17,
            "age_group": "under 18",
            "gender": "M",
            "occupation": "student",
        },
    ]
    assert [tuple(row.values()) for row in domain.interactions.to_pylist()][:2] == [
        ("7", "2", 4.0, 20),
        ("7", "1", 5.0, 30),
    ]


def test_1m_has_latin1_groups_and_numbers_for_occupations(published, tmp_path):
    domain, report = imported(tmp_path, published(MILLION))
    assert [item.label for item in domain.catalogue.items] == [
        "The Usual Suspects (1995)",
        "Les Misérables (1995)",
        "Nothing (1990)",
    ]
    assert facts(domain, "3") == [("decade", "1990s")]
    assert domain.users.to_pylist() == [
        {"user_id": "7", "age_group": "under 18", "gender": "F", "occupation": "writer"},
        {"user_id": "8", "age_group": "56+", "gender": "M", "occupation": "other"},
    ]
    encodings = {name.rpartition("/")[2]: f["encoding"] for name, f in report["files"].items()}
    assert encodings == {"movies.dat": "cp1252", "ratings.dat": "utf-8", "users.dat": "utf-8"}


def test_the_csv_form_has_no_users_and_may_have_one_title_twice(published, tmp_path):
    domain, report = imported(tmp_path, published(LATEST, "utf-8"))
    assert [item.label for item in domain.catalogue.items] == [
        "The Usual Suspects (1995)",
        'Say "Cheese" (2001)',
        "Confessions (2002)",
        "Confessions [4] (2002)",
    ]
    assert report["titles_told_apart"] == 1
    assert facts(domain, "2") == [("decade", "2000s")]
    assert domain.users.to_pylist() == [{"user_id": "7"}, {"user_id": "8"}]
    assert domain.interactions["rating"].to_pylist() == [0.5, 4.5, 3.0]


def test_the_numbers_of_occupations_are_those_of_the_readme():
    assert (OCCUPATIONS[0], OCCUPATIONS[12], OCCUPATIONS[20]) == ("other", "programmer", "writer")
    assert len(OCCUPATIONS) == 21
    assert len(GENRES) == 19
