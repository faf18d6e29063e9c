"""What people thought of what they were shown, kept in SQLite until the next round of training.

Each opinion is a row of its own, with what had been asked: a later one stands below, none is
changed. `rerec.serve.next_round` makes a domain of them.
"""

import json
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rerec.assistant.exchange import Opinion, State, state_from, to_json
from rerec.errors import DataError

_TABLE = """
CREATE TABLE IF NOT EXISTS feedback (
    feedback_id INTEGER PRIMARY KEY,
    time_s REAL NOT NULL,
    item_id TEXT NOT NULL,
    opinion TEXT CHECK (opinion IN ('like', 'dislike', 'seen')),
    conversation_id TEXT,
    user_id TEXT,
    text TEXT NOT NULL,
    state TEXT NOT NULL
)
"""
_COLUMNS = "item_id, opinion, conversation_id, user_id, text, state, time_s"
_BUSY_S = 5.0
"""How long a writer waits for another one."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One opinion."""

    item_id: str
    opinion: Opinion | None
    """None takes an earlier one back."""
    conversation_id: str | None
    user_id: str | None
    text: str
    """The last request of the conversation; empty outside of one."""
    state: State
    """Of the conversation, before the opinion."""
    time_s: float
    """Unix time."""


class FeedbackStore:
    """The file, open for writing; threads may share it."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it.

        Raises:
            DataError: it is no such file, or cannot be written.
        """
        self._path, self._lock = path, threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # it holds what people said
            self._database = sqlite3.connect(path, _BUSY_S, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute("PRAGMA secure_delete = ON")
            with self._database:
                self._database.execute(_TABLE)
        except (sqlite3.Error, OSError) as error:
            raise _unusable(path, error) from None

    def add(self, feedback: Feedback) -> None:
        """Keep an opinion.

        Raises:
            DataError: the file cannot be written.
        """
        row = (
            feedback.item_id,
            feedback.opinion,
            feedback.conversation_id,
            feedback.user_id,
            feedback.text,
            json.dumps(to_json(feedback.state)),
            feedback.time_s,
        )
        marks = ", ".join("?" * len(row))
        self._write(f"INSERT INTO feedback ({_COLUMNS}) VALUES ({marks})", row)

    def forget(self, conversation_id: str) -> None:
        """Remove all opinions of a conversation, and what was asked in it.

        Raises:
            DataError: the file cannot be written.
        """
        self._write("DELETE FROM feedback WHERE conversation_id = ?", (conversation_id,))
        with self._lock:  # nor is it to stay in the log that is written ahead
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _write(self, statement: str, values: tuple[str | float | None, ...]) -> None:
        try:
            with self._lock, self._database:
                self._database.execute(statement, values)
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from None


def read_feedback(path: Path) -> list[Feedback]:
    """All opinions, in the order in which they came.

    Raises:
        DataError: the file is missing, is no such file, or a row of it is broken.
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; give the one that `rerec serve` writes")
    try:
        with closing(sqlite3.connect(path, _BUSY_S)) as database:
            rows = database.execute(f"SELECT {_COLUMNS} FROM feedback ORDER BY feedback_id")
            return [Feedback(*row[:5], state_from(json.loads(row[5])), row[6]) for row in rows]
    except sqlite3.Error as error:
        raise _unusable(path, error) from None
    except ValueError:
        raise DataError(f"{path}: the state of a row cannot be read; remove the row") from None


def now_s() -> float:
    """Unix time."""
    return time.time()


def _unusable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: cannot be used for feedback ({error}); give another file")
