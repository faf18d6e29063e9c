"""Items, users and ratings as MovieLens-1M has them: fields between `::`, in latin-1.

Whatever latin-1 does not have is written in ASCII: letters without their accents, else `?`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from rerec.catalogue.domain import Domain
from rerec.catalogue.kernels import pc

LINES_AT_ONCE = 1 << 20
_NO_FIELD = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|:(?=:)")
_USER_COLUMNS = (("gender",), ("age", "age_group"), ("occupation",), ("zip_code", "zip"))
"""Of a user's line, behind the id; the first name that the domain has."""
_SIGNS = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "..."}
)


def write_dat_files(domain: Domain, folder: Path, *, items_file: str) -> None:
    """Write the items under their name, `users.dat` and `ratings.dat`."""
    _write(folder / items_file, _item_lines(domain))
    _write(folder / "users.dat", _user_lines(domain.users))
    _write(folder / "ratings.dat", _rating_lines(domain.interactions))


def latin1(text: str) -> str:
    """A text with nothing in it that latin-1 lacks.

    >>> latin1("Amélie, Łódź \u2013 \u201cRan\u201d \u4e71")
    'Amélie, Lódz - "Ran" ?'
    """
    return text if text.isascii() else "".join(map(_latin1_character, text.translate(_SIGNS)))


@lru_cache(maxsize=65536)
def _latin1_character(character: str) -> str:
    if ord(character) < 256:
        return character
    if unicodedata.category(character) == "Pd":
        return "-"
    if unicodedata.combining(character):
        return ""
    plain = [c for c in unicodedata.normalize("NFKD", character) if ord(c) < 128]
    return "".join(plain) or _STROKES.get(character, "?")


_STROKES = {
    "Ł": "L",
    "ł": "l",
    "Đ": "D",
    "đ": "d",
    "Œ": "OE",
    "œ": "oe",
    "Ħ": "H",
    "ħ": "h",
}
"""Letters that decomposition leaves whole."""


def _item_lines(domain: Domain) -> Iterator[str]:
    genres = _genres(domain.attributes)
    for item in domain.catalogue.items:
        own = "|".join(genre.replace("|", "/") for genre in genres.get(item.item_id, ()))
        yield _line((item.item_id, item.label, own))


def _genres(attributes: pa.Table) -> Mapping[str, Sequence[str]]:
    kept = attributes.filter(pc.equal(pc.utf8_lower(attributes["relation"]), "genre"))
    genres: dict[str, list[str]] = {}
    for item_id, genre in zip(kept["item_id"].to_pylist(), kept["value"].to_pylist(), strict=True):
        genres.setdefault(item_id, []).append(genre)
    return genres


def _user_lines(users: pa.Table) -> Iterator[str]:
    names = [next((n for n in some if n in users.column_names), None) for some in _USER_COLUMNS]
    columns = [users[n].to_pylist() if n else [None] * users.num_rows for n in names]
    for user_id, *groups in zip(users["user_id"].to_pylist(), *columns, strict=True):
        yield _line((user_id, *("" if group is None else str(group) for group in groups)))


def _rating_lines(interactions: pa.Table) -> Iterator[str]:
    """Large pieces of lines at a time: there may be a hundred million."""
    for start in range(0, interactions.num_rows, LINES_AT_ONCE):
        rows = interactions.slice(start, LINES_AT_ONCE)
        fields = [column.cast(pa.string()) for column in rows.columns]
        for i in (0, 1):  # the ids are anybody's text
            encoded = pc.dictionary_encode(fields[i]).combine_chunks()
            clean = pa.array([_field(text) for text in encoded.dictionary.to_pylist()])
            fields[i] = clean.take(encoded.indices)
        lines = pc.binary_join_element_wise(*fields, "::")
        yield "".join(f"{line}\n" for line in lines.to_pylist())


def _line(fields: Iterable[str]) -> str:
    return "::".join(map(_field, fields)) + "\n"


def _field(text: str) -> str:
    """A text without what ends a field or a line."""
    clean = _NO_FIELD.sub(lambda found: "" if found[0] == ":" else " ", latin1(text))
    return clean.strip(":") if clean.startswith(":") or clean.endswith(":") else clean


def _write(path: Path, pieces: Iterable[str]) -> None:
    with path.open("w", encoding="latin-1", newline="\n") as file:
        file.writelines(pieces)
