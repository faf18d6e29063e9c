"""What a domain's items are called, so that requests can speak of books as well as of films."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rerec.catalogue.manifest import MANIFEST_FILE, read_manifest

VOCABULARY = "vocabulary"
"""Where a manifest's settings keep it."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words for the items of a domain."""

    nouns: tuple[str, ...]
    """In the singular, each with a plural in "s"."""
    verb: str
    """What one does with an item: "watch", "read", "use"."""
    past: str
    """The same, done: "watched"."""
    is_film: bool = False
    """Whether the sentences about films fit."""

    def worded(self, frame: str) -> str:
        """A sentence with the domain's words in its holes for them.

        >>> THINGS.worded("Which {noun} should I {verb}? {a}")
        'Which item should I try? {a}'
        """
        words = {"noun": self.nouns[0], "nouns": f"{self.nouns[0]}s"}
        words |= {"verb": self.verb, "past": self.past}
        for hole, word in words.items():
            frame = frame.replace(f"{{{hole}}}", word)
        return frame


FILMS = Vocabulary(("film", "movie", "picture"), "watch", "watched", is_film=True)
THINGS = Vocabulary(("item", "product"), "try", "tried")


def vocabulary_of(settings: Mapping[str, Any]) -> Vocabulary:
    """The words that a manifest's settings give; films for the embedded domain, else things.

    >>> settings = {"vocabulary": {"nouns": ["book"], "verb": "read", "past": "read"}}
    >>> vocabulary_of(settings).nouns
    ('book',)
    """
    given = settings.get(VOCABULARY)
    if isinstance(given, dict):
        nouns = tuple(given["nouns"])
        return FILMS if "film" in nouns else Vocabulary(nouns, given["verb"], given["past"])
    return FILMS if settings.get("source") == "ml-100k" else THINGS


def words_of(folder: Path) -> Vocabulary:
    """What a domain's manifest says that its items are called; things where it has none.

    Raises:
        DataError: the manifest cannot be read.
    """
    is_listed = (folder / MANIFEST_FILE).is_file()
    settings = read_manifest(folder)["settings"] if is_listed else {}
    return vocabulary_of(settings if isinstance(settings, dict) else {})
