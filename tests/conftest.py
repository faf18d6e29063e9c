"""The corner shop: a domain small enough to know by heart, for every test that needs one."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import settings

from rerec.catalogue.domain import (
    write_embeddings,
    write_manifest,
    write_queries,
    write_tables,
)
from rerec.catalogue.tables import ATTRIBUTES, INTERACTIONS
from rerec.records import Condition, Item, Query
from rerec.rng import stream

# A busy machine is no failure, and a test that passed once is to pass again.
settings.register_profile("rerec", deadline=None, derandomize=True)
settings.load_profile("rerec")

# id | title | year | aliases | genre | director | writer | starring
SHELF = """
1|Heat|1995||Crime,Drama|Michael Mann|Michael Mann|Al Pacino,Robert De Niro,Val Kilmer
2|The Usual Suspects|1995|Usual Suspects, The|Crime,Thriller|Bryan Singer|C. McQuarrie|Kevin Spacey
3|Cape Fear|1991||Crime,Thriller|Martin Scorsese|Wesley Strick|Robert De Niro,Nick Nolte
4|Cape Fear|1962||Thriller|J. Lee Thompson|James R. Webb|Gregory Peck,Robert Mitchum
5|Pinocchio|1940||Animation,Fantasy|Ben Sharpsteen|Carlo Collodi|Cliff Edwards
6|The Adventures of Pinocchio|1996||Fantasy,Adventure|Steve Barron|Carlo Collodi|Martin Landau
7|Die Hard|1988||Action,Thriller|John McTiernan|Jeb Stuart|Bruce Willis,Alan Rickman
8|Die Hard 2|1990|Die Hard 2: Die Harder|Action,Thriller|Renny Harlin|Doug Richardson|Bruce Willis
9|Léon|1994|The Professional|Action,Crime,Drama|Luc Besson|Luc Besson|Jean Reno,Natalie Portman
10|Sense & Sensibility|1995||Drama,Romance|Ang Lee|Emma Thompson|Emma Thompson,Alan Rickman
11|It|1927||Comedy,Romance|Clarence G. Badger|Elinor Glyn|Clara Bow
12|Goodfellas|1990|GoodFellas|Crime,Drama|Martin Scorsese|Nicholas Pileggi|Robert De Niro,Ray Liotta
"""
USERS = {
    "ann": (24, "F", "student"),
    "bob": (51, "M", "engineer"),
    "cat": (33, "F", "writer"),
    "dan": (45, "M", "student"),
}
# user: (item, rating) in the order of time
SEEN = {
    "ann": [("1", 5), ("3", 4), ("12", 5), ("10", 3), ("2", 4), ("7", 2)],
    "bob": [("7", 5), ("8", 4), ("1", 4), ("9", 5), ("4", 3), ("12", 4)],
    "cat": [("10", 5), ("11", 4), ("5", 4), ("6", 2), ("3", 4), ("9", 3)],
    "dan": [("2", 5), ("1", 4), ("12", 4), ("3", 5), ("8", 4)],
}


def shelf() -> tuple[list[Item], list[tuple[str, str, str]]]:
    """The items of the corner shop, and its (item_id, relation, value) rows in display order."""
    n_ratings = {
        n: sum(n == i for s in SEEN.values() for i, _ in s) for n in map(str, range(1, 13))
    }
    items, attributes = [], []
    for line in SHELF.strip().splitlines():
        item_id, title, year, aliases, *lists = line.split("|")
        names = tuple(filter(None, aliases.split(";")))
        items.append(Item(item_id, title, int(year), names, n_ratings[item_id]))
        for relation, values in zip(
            ("genre", "director", "writer", "starring"), lists, strict=True
        ):
            attributes += [(item_id, relation, value) for value in values.split(",")]
        language = "French" if item_id == "9" else "English"
        country = "France" if item_id == "9" else "United States"
        decade = f"{int(year) // 10 * 10}s"
        last = {"country": country, "language": language, "decade": decade}
        attributes += [(item_id, relation, value) for relation, value in last.items()]
    return items, attributes


def asked(query_id: str, text: str, conditions: str, right: str, others: str, user: str) -> Query:
    """A query from texts: conditions as `relation=value;...`, items as ids with spaces between."""
    pairs = (pair.partition("=") for pair in conditions.split(";"))
    truth = tuple(right.split())
    history = [i for i, rating in SEEN[user] if rating >= 4 and i not in truth]
    return Query(
        query_id=query_id,
        category="explicit",
        text=text,
        conditions=tuple(Condition(relation, value) for relation, _, value in pairs),
        hops=(),
        ground_truth=truth,
        candidates=tuple(sorted((*truth, *others.split()))),
        user_id=user,
        history=tuple(history),
        seed=int(query_id[1:]),
    )


QUERIES = {
    "train": [
        asked("q1", "A crime film by Scorsese, please.", "genre=Crime;director=Martin Scorsese",
              "12", "1 2 9 10 5", "ann"),
        asked("q2", "Something with Bruce Willis.", "starring=Bruce Willis",
              "7", "1 9 11 4", "bob"),
        asked("q3", "A romance from the 1990s.", "genre=Romance;decade=1990s",
              "10", "11 1 3 6", "cat"),
        asked("q4", "A crime drama with De Niro.",
              "genre=Crime;genre=Drama;starring=Robert De Niro", "1 12", "3 9 10", "dan"),
    ],
    "valid": [
        asked("q5", "A French film with action.", "genre=Action;country=France",
              "9", "7 8 1", "bob"),
        asked("q6", "A thriller with Robert De Niro.", "genre=Thriller;starring=Robert De Niro",
              "3", "1 12 2 4", "dan"),
    ],
    "test": [
        asked("q7", "A thriller by Bryan Singer.", "genre=Thriller;director=Bryan Singer",
              "2", "3 7 8 1", "dan"),
        asked("q8", "An animated fantasy.", "genre=Animation;genre=Fantasy", "5", "6 11 9", "cat"),
        asked("q9", "Anything Michael Mann wrote and directed.",
              "director=Michael Mann;writer=Michael Mann", "1", "2 12 9 3", "ann"),
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def corner_shop_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corner shop, written once; not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "corner-shop"
    items, attributes = shelf()
    seen = [
        (user, item_id, rating, 1000 * number + place)
        for number, (user, ratings) in enumerate(SEEN.items())
        for place, (item_id, rating) in enumerate(ratings)
    ]
    users = [(user, *groups) for user, groups in USERS.items()]
    write_tables(
        folder,
        items=items,
        attributes=pa.table([list(c) for c in zip(*attributes, strict=True)], schema=ATTRIBUTES),
        interactions=pa.table([list(c) for c in zip(*seen, strict=True)], schema=INTERACTIONS),
        users=pa.table(
            [list(c) for c in zip(*users, strict=True)],
            names=["user_id", "age", "gender", "occupation"],
        ),
    )
    for split, queries in QUERIES.items():
        write_queries(folder, split, queries)
    rows = stream(7, "corner shop").normal(size=(len(items), 8)).astype(np.float32)
    write_embeddings(folder, rows)
    write_manifest(folder, {"source": "corner shop"})
    return folder


@pytest.fixture
def corner_shop(corner_shop_made: Path, tmp_path: Path) -> Path:
    """A domain folder of 12 films, 4 users, 23 ratings and 9 queries; a copy, free to be spoilt."""
    return shutil.copytree(corner_shop_made, tmp_path / "corner-shop")
