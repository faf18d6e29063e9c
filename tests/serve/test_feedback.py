import sqlite3
from pathlib import Path

import pytest

from rerec.assistant.exchange import State, Wish
from rerec.errors import DataError
from rerec.records import Condition
from rerec.serve.feedback import Feedback, FeedbackStore, read_feedback

STATE = State(wishes=(Wish(Condition("genre", "Crime")),), turns=1)
LIKE = Feedback("1", "like", "c1", None, "A crime film?", STATE, 1000.5)
TAKEN_BACK = Feedback("1", None, None, "ann", "", State(), 1001.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "feedback.db"


def test_what_is_stored_is_read_back_in_its_order(path: Path):
    store = FeedbackStore(path)
    store.add(LIKE)
    store.add(TAKEN_BACK)
    assert read_feedback(path) == [LIKE, TAKEN_BACK]  # while the server has it open
    store.close()
    assert read_feedback(path) == [LIKE, TAKEN_BACK]


def test_what_was_stored_before_stays(path: Path):
    for feedback in (LIKE, TAKEN_BACK):
        store = FeedbackStore(path)
        store.add(feedback)
        store.close()
    assert read_feedback(path) == [LIKE, TAKEN_BACK]


def test_a_forgotten_conversation_leaves_nothing(path: Path):
    store = FeedbackStore(path)
    store.add(LIKE)
    store.add(TAKEN_BACK)
    store.forget("c1")
    store.close()
    assert read_feedback(path) == [TAKEN_BACK]
    assert b"A crime film?" not in path.read_bytes()


def test_the_file_is_written_ahead_and_for_its_owner_alone(path: Path):
    store = FeedbackStore(path)
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert path.stat().st_mode & 0o077 == 0
    store.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be taken for one\n" * 100)
    for use in (FeedbackStore, read_feedback):
        with pytest.raises(DataError, match=r"notes\.txt: cannot be used for feedback"):
            use(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="there is no such file"):
        read_feedback(tmp_path / "none.db")


def test_a_broken_state_is_said(path: Path):
    store = FeedbackStore(path)
    store.add(LIKE)
    store.close()
    with sqlite3.connect(path) as database:
        database.execute('UPDATE feedback SET state = \'{"turns": "many"}\'')
    with pytest.raises(DataError, match="the state of a row cannot be read"):
        read_feedback(path)
