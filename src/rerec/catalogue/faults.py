"""Everything that a broken domain has wrong: each fault with its file, its row and its remedy.

A command that reads a domain stops at the first thing that is wrong; this goes through all of it,
so that whoever mends a domain sees the whole of the work.
"""

from pathlib import Path
from typing import Any

from rerec.catalogue.embeddings import read_embeddings
from rerec.catalogue.faults_of_queries import query_faults
from rerec.catalogue.faults_of_tables import table_faults
from rerec.catalogue.files import sha256_of
from rerec.catalogue.findings import Fault, Findings
from rerec.catalogue.manifest import (
    EMBEDDINGS_FILE,
    MANIFEST_FILE,
    queries_path,
    read_manifest,
    table_paths,
)
from rerec.errors import DataError
from rerec.records import SPLITS

__all__ = ["Fault", "faults_of"]

NO_FOLDER = "there is no such folder; build a domain there first"
_ANEW = "build the domain again, or write the manifest anew"


def faults_of(folder: Path) -> list[Fault]:
    """The faults of a domain, file by file; notes are among them.

    Of each kind the first are listed and the others counted.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: {NO_FOLDER}")
    tables, known = table_faults(folder)
    n_items = None if known.item_ids is None else len(known.item_ids)
    found = [
        *tables,
        *query_faults(folder, known),
        _embeddings(folder, n_items),
        *_manifest(folder),
    ]
    return [fault for findings in found for fault in findings.faults()]


def _manifest(folder: Path) -> list[Findings]:
    """What the manifest has wrong, and which files are not those that it lists."""
    findings = Findings(MANIFEST_FILE)
    try:
        files = read_manifest(folder)["files"]
    except DataError as error:
        findings.add_error(error)
        return [findings]
    if not isinstance(files, dict):
        findings.add("files", "its `files` are no list of files with their hashes", _ANEW)
        return [findings]
    for path in (*table_paths(folder), *(queries_path(folder, s) for s in SPLITS)):
        _is_listed(folder, path, files, findings)
    _is_listed(folder, folder / EMBEDDINGS_FILE, files, findings)
    return [findings, *(_listed(folder, name, listed) for name, listed in files.items())]


def _is_listed(folder: Path, path: Path, files: dict[str, Any], findings: Findings) -> None:
    name = path.relative_to(folder).as_posix()
    if path.is_file() and name not in files:
        findings.add("does not list a file", f"does not list {name}", _ANEW)


def _listed(folder: Path, name: str, listed: Any) -> Findings:
    """Whether a file is the one that the manifest lists."""
    findings = Findings(name)
    path = folder / name
    if not path.is_file():
        what = f"is not there, but {MANIFEST_FILE} lists it"
        findings.add("gone", what, "build the domain again, or put it back")
    elif not isinstance(listed, dict) or listed.get("sha256") != sha256_of(path):
        what = f"is not the file that {MANIFEST_FILE} lists (another SHA-256)"
        findings.add("another", what, _ANEW)
    return findings


def _embeddings(folder: Path, n_items: int | None) -> Findings:
    findings = Findings(EMBEDDINGS_FILE)
    if n_items is None or not (folder / EMBEDDINGS_FILE).is_file():
        return findings
    try:
        read_embeddings(folder, n_items=n_items)
    except DataError as error:
        findings.add_error(error)
    return findings
