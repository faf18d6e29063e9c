"""Conversations kept in SQLite: the state of each, and what was said and replied.

One connection and a lock serve every thread of a process; the write-ahead log lets other processes
read and write the same file. A conversation is found by its id alone, so an id is not guessable.
"""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rerec.assistant.exchange import State, state_from, to_json
from rerec.errors import DataError

BUSY_S = 10.0
"""How long a write waits for another process."""
_TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    conversation_id TEXT PRIMARY KEY, state TEXT NOT NULL, changed_s REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    conversation_id TEXT NOT NULL, said TEXT NOT NULL, replied TEXT NOT NULL, at_s REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS turns_of ON turns (conversation_id);
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """One request and what was replied."""

    said: str
    replied: str
    at_s: float
    """Seconds since 1970."""


class Conversations:
    """All conversations of an assistant; safe for several threads and processes."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, which is made where it is not there.

        Args:
            path: a file of its own; None keeps everything in memory.

        Raises:
            DataError: the file cannot be opened, or is no such file.

        >>> conversations = Conversations(None)
        >>> number = conversations.new("ann")
        >>> conversations.save(number, State(turns=1), said="A comedy?", replied="It (1927).")
        >>> conversations.state(number).turns, conversations.turns(number)[0].said
        (1, 'A comedy?')
        """
        self._where = "conversations in memory" if path is None else str(path)
        self._lock = threading.RLock()
        with self._told():
            # Autocommit; what belongs together is written between BEGIN and COMMIT.
            self._database = sqlite3.connect(
                ":memory:" if path is None else path,
                timeout=BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")  # no wait for the disk each time
            self._database.executescript(_TABLES)

    def new(self, user_id: str | None = None) -> str:
        """Begin a conversation and return its id, 128 random bits as text.

        Args:
            user_id: a user of the domain whose log counts as history.
        """
        conversation_id = secrets.token_urlsafe(16)
        with self._writing() as database:
            database.execute(
                "INSERT INTO conversations VALUES (?, ?, ?)",
                (conversation_id, _written(State(user_id=user_id)), time.time()),
            )
        return conversation_id

    def state(self, conversation_id: str) -> State | None:
        """What is remembered of a conversation; None where there is none of that id.

        Raises:
            DataError: what the file holds is no state.
        """
        with self._lock, self._told():
            found = self._database.execute(
                "SELECT state FROM conversations WHERE conversation_id = ?", (conversation_id,)
            ).fetchone()
        if found is None:
            return None
        try:
            return state_from(json.loads(found[0]))
        except ValueError as error:
            raise DataError(
                f"{self._where}: the state of a conversation cannot be read ({error}); "
                "forget the conversation, or name another file"
            ) from None

    def save(
        self, conversation_id: str, state: State, *, said: str = "", replied: str = ""
    ) -> None:
        """Keep the state of a conversation, and a turn where something was said or replied.

        Raises:
            DataError: there is no conversation of that id, or the file cannot be written.
        """
        with self._writing() as database:
            changed = database.execute(
                "UPDATE conversations SET state = ?, changed_s = ? WHERE conversation_id = ?",
                (_written(state), time.time(), conversation_id),
            )
            if not changed.rowcount:
                raise DataError(
                    f"{self._where}: there is no conversation {conversation_id!r}; begin a new one"
                )
            if said or replied:
                turn = (conversation_id, _storable(said), _storable(replied), time.time())
                database.execute("INSERT INTO turns VALUES (?, ?, ?, ?)", turn)

    def turns(self, conversation_id: str) -> list[Turn]:
        """What was said and replied, oldest first; nothing where there is no such conversation."""
        with self._lock, self._told():
            rows = self._database.execute(
                "SELECT said, replied, at_s FROM turns WHERE conversation_id = ? ORDER BY rowid",
                (conversation_id,),
            ).fetchall()
        return [Turn(*row) for row in rows]

    def forget(self, conversation_id: str) -> None:
        """Delete a conversation and its turns; one that is not there is no fault."""
        with self._writing() as database:
            for table in ("turns", "conversations"):
                database.execute(
                    f"DELETE FROM {table} WHERE conversation_id = ?", (conversation_id,)
                )

    def close(self) -> None:
        """Close the file; nothing can be asked of this object afterwards."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        """All that is done inside is written, or none of it."""
        with self._lock, self._told():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DataError(
                f"{self._where}: conversations cannot be kept there ({error}); "
                "name a file that can be written and that nothing else uses"
            ) from None


def _written(state: State) -> str:
    return json.dumps(to_json(state))


def _storable(text: str) -> str:
    """The text without halves of character pairs, which no database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
