from pathlib import Path

import pytest

from rerec.assistant.exchange import State, Wish
from rerec.catalogue.domain import check, read_domain
from rerec.catalogue.files import sha256_of
from rerec.catalogue.manifest import read_manifest
from rerec.errors import DataError
from rerec.records import Condition, Hop, Query
from rerec.serve.feedback import Feedback, FeedbackStore
from rerec.serve.next_round import from_feedback
from rerec.settings import QuerySettings

SETTINGS = QuerySettings(n_candidates=4)
PACINO = Wish(Condition("starring", "Al Pacino"))
CRIME = Wish(Condition("genre", "Crime"))
DE_NIRO = Wish(Condition("starring", "Robert De Niro"), through="3")
FRENCH = Wish(Condition("country", "France"))


def liked(item_id: str, *wishes: Wish, opinion="like", user_id=None, text="As asked.", turns=1):
    """What somebody thinks of an item that was recommended to them."""
    state = State(wishes=wishes, turns=turns)
    return Feedback(item_id, opinion, f"c{item_id}", user_id, text, state, 5000.0)


@pytest.fixture
def store(tmp_path: Path):
    """Writes opinions to a file, and returns its path."""

    def write(*feedback: Feedback, name: str = "feedback.db") -> Path:
        path = tmp_path / name
        opened = FeedbackStore(path)
        for one in feedback:
            opened.add(one)
        opened.close()
        return path

    return write


@pytest.fixture
def made(corner_shop: Path, tmp_path: Path, store):
    """Makes the next round of the corner shop: its folder, and the report."""

    def make(*feedback: Feedback, out: str = "next"):
        path = store(*feedback, name=f"{out}.db")
        return tmp_path / out, from_feedback(path, corner_shop, tmp_path / out, SETTINGS, seed=7)

    return make


def new_queries(folder: Path) -> list[Query]:
    queries = read_domain(folder).queries("train")
    return [query for query in queries if query.query_id.endswith("-feedback")]


def test_what_was_asked_and_liked_becomes_a_query(made):
    folder, report = made(liked("1", PACINO, CRIME, text="  Pacino,\n please "))
    check(folder)
    (query,) = new_queries(folder)
    assert report["queries"] == 1
    assert query.text == "Pacino, please"
    assert query.conditions == (PACINO.condition, CRIME.condition)
    assert (query.ground_truth, query.category) == (("1",), "explicit")
    assert len(query.candidates) == len(set(query.candidates)) == 4
    assert "1" in query.candidates
    assert query.user_id == "feedback:conversation:c1"


def test_no_other_candidate_could_be_right_too(made):
    folder, _ = made(liked("12", CRIME))
    domain = read_domain(folder)
    (query,) = new_queries(folder)
    crime = {
        row["item_id"]
        for row in domain.attributes.to_pylist()
        if (row["relation"], row["value"]) == ("genre", "Crime")
    }
    assert crime & set(query.candidates) == {"12"}


def test_a_wish_told_through_an_item_makes_an_implicit_query(made):
    folder, _ = made(liked("12", CRIME, DE_NIRO))
    (query,) = new_queries(folder)
    assert query.category == "implicit"
    assert query.hops == (Hop("3", "starring", "Robert De Niro"),)


def test_what_took_several_turns_is_said_in_one_sentence(made):
    folder, _ = made(liked("1", PACINO, CRIME, text="With Pacino.", turns=2))
    (query,) = new_queries(folder)
    assert "Al Pacino" in query.text
    assert "crime" in query.text.casefold()
    assert query.text != "With Pacino."


@pytest.mark.parametrize(
    ("feedback", "reason"),
    [
        (liked("1"), "nothing was asked that the catalogue knows"),
        (liked("1", FRENCH), "the liked item has not all that was asked"),
        (
            liked("1", Wish(Condition("genre", "Opera"))),
            "the liked item has not all that was asked",
        ),
        (
            liked("9", FRENCH, Wish(Condition("genre", "Action"))),
            "held-out queries ask the same, or are of the same user",
        ),
        (
            liked("1", PACINO, user_id="bob"),
            "held-out queries ask the same, or are of the same user",
        ),
    ],
)
def test_what_keeps_no_promise_of_a_query_makes_none_and_is_counted(made, feedback, reason):
    folder, report = made(feedback)
    assert new_queries(folder) == []
    assert report["likes_without_query"] == {reason: 1}
    check(folder)


def test_an_unwanted_value_is_no_condition(made):
    wish = Wish(Condition("genre", "Romance"), wanted=False)
    folder, _ = made(liked("1", PACINO, wish))
    assert new_queries(folder)[0].conditions == (PACINO.condition,)


def test_the_log_the_users_and_the_popularity_have_the_opinions_in_them(made, corner_shop):
    before = read_domain(corner_shop)
    folder, report = made(
        liked("1", PACINO), liked("4", opinion="dislike", user_id="ann"), liked("5", opinion="seen")
    )
    after = check(folder)
    assert after.n_interactions == before.n_interactions + 2 == report["interactions"]
    assert after.user_ids - before.user_ids == {"feedback:conversation:c1"}
    popularity = {item.item_id: item.popularity for item in after.catalogue.items}
    assert sum(popularity.values()) == after.n_interactions
    assert (report["likes"], report["dislikes"], report["seen"]) == (1, 1, 1)


def test_the_history_of_a_query_is_what_the_person_liked_before(made):
    earlier = Feedback("5", "like", "c1", None, "", State(), 4000.0)
    folder, _ = made(earlier, liked("1", PACINO))
    (query,) = new_queries(folder)
    assert query.history == ("5",)


def test_the_domain_that_was_served_is_left_as_it_is_and_so_are_its_held_out_queries(
    made, corner_shop
):
    files = [path for path in sorted(corner_shop.rglob("*")) if path.is_file()]
    before = [sha256_of(path) for path in files]
    folder, _ = made(liked("1", PACINO))
    assert [sha256_of(path) for path in files] == before
    for split in ("valid", "test"):
        assert read_domain(folder).queries(split) == read_domain(corner_shop).queries(split)
    old, new = (read_domain(f).queries("train") for f in (corner_shop, folder))
    assert new[: len(old)] == old


def test_the_same_feedback_makes_the_same_domain(made):
    feedback = [liked("1", PACINO), liked("12", CRIME)]
    first, second = (made(*feedback, out=name)[0] for name in ("a", "b"))
    assert read_manifest(first) == read_manifest(second)


def test_another_round_of_the_same_feedback_adds_nothing(made, store, tmp_path):
    folder, _ = made(liked("1", PACINO))
    path = store(name="next.db")
    report = from_feedback(path, folder, tmp_path / "third", SETTINGS, seed=7)
    assert (report["queries"], report["new_users"]) == (0, 0)
    third, second = read_domain(tmp_path / "third"), read_domain(folder)
    assert third.n_interactions == second.n_interactions
    assert third.queries("train") == second.queries("train")


def test_an_item_that_is_gone_and_an_opinion_of_nobody_are_left_out_and_counted(made):
    nobody = Feedback("1", "like", None, None, "", State(), 1.0)
    folder, report = made(liked("99", PACINO), nobody)
    assert (report["of_unknown_items"], report["of_nobody"], report["likes"]) == (1, 1, 0)
    check(folder)


def test_a_domain_without_queries_gets_its_first(made, corner_shop):
    for split in ("train", "valid", "test"):
        (corner_shop / "queries" / f"{split}.parquet").unlink()
    folder, _ = made(liked("1", PACINO))
    assert len(new_queries(folder)) == 1


def test_nothing_is_written_over(corner_shop, store):
    path = store(liked("1", PACINO))
    with pytest.raises(DataError, match="is there already"):
        from_feedback(path, corner_shop, corner_shop, SETTINGS, seed=7)
