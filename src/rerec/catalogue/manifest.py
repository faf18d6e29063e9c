"""What files a domain has, and its manifest: each file with its hash, and what it was made from."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from rerec.catalogue.files import n_rows_of, read_json, sha256_of, write_json
from rerec.errors import DataError
from rerec.records import SPLITS

TABLES = ("items", "attributes", "interactions", "users")
EMBEDDINGS_FILE = "item_embeddings.safetensors"
MANIFEST_FILE = "manifest.json"


def table_paths(folder: Path) -> tuple[Path, Path, Path, Path]:
    """Where a domain's items, attributes, interactions and users stand."""
    items, attributes, interactions, users = (folder / f"{name}.parquet" for name in TABLES)
    return items, attributes, interactions, users


def queries_path(folder: Path, split: str) -> Path:
    """Where the queries of a split stand.

    Raises:
        DataError: the split is none of train, valid and test.
    """
    if split not in SPLITS:
        raise DataError(f"{folder}: there is no split {split!r}; there are: {', '.join(SPLITS)}")
    return folder / "queries" / f"{split}.parquet"


def write_manifest(folder: Path, settings: Mapping[str, Any] | None = None) -> None:
    """List the files of a domain with their hashes and rows in `manifest.json`.

    Args:
        folder: the domain.
        settings: what it was made from, ready for JSON; None keeps those of the last manifest.

    Raises:
        DataError: a file cannot be read, or the manifest cannot be written.
    """
    path = folder / MANIFEST_FILE
    if settings is None:
        settings = read_manifest(folder)["settings"] if path.is_file() else {}
    files: dict[str, dict[str, str | int]] = {
        file.relative_to(folder).as_posix(): {"sha256": sha256_of(file), "rows": n_rows_of(file)}
        for file in (*table_paths(folder), *(queries_path(folder, split) for split in SPLITS))
        if file.is_file()
    }
    embeddings = folder / EMBEDDINGS_FILE
    if embeddings.is_file():
        files[EMBEDDINGS_FILE] = {"sha256": sha256_of(embeddings)}
    write_json(path, {"format": 1, "settings": dict(settings), "files": files})


def hashes_of(folder: Path, *, embeddings: bool) -> dict[str, str]:
    """SHA-256 of each file of a domain, as its manifest lists them.

    Args:
        folder: the domain.
        embeddings: whether that of the item embeddings is wanted too: embedding a domain anew
            leaves its items and queries what they were.

    Raises:
        DataError: the manifest is missing or is none.
    """
    files = read_manifest(folder)["files"]
    wanted = (name for name in sorted(files) if embeddings or name != EMBEDDINGS_FILE)
    return {name: files[name]["sha256"] for name in wanted}


def fingerprint(folder: Path) -> str:
    """One SHA-256 for a domain's items, attributes, interactions, users and queries.

    Raises:
        DataError: the manifest is missing or is none.
    """
    lines = (f"{name} {digest}" for name, digest in hashes_of(folder, embeddings=False).items())
    return sha256("\n".join(lines).encode()).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """A domain's manifest: `settings`, and `files` with their hashes.

    Raises:
        DataError: it is missing or is none.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise DataError(f"{folder}: is no domain, {MANIFEST_FILE} is missing; build it first")
    manifest = read_json(path)
    if not isinstance(manifest, dict) or not {"settings", "files"} <= manifest.keys():
        raise DataError(f"{path}: is no manifest of a domain; build the domain again")
    return manifest
