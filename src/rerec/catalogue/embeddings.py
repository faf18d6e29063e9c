"""The item embeddings of a domain, read with checks."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from rerec.catalogue.manifest import EMBEDDINGS_FILE
from rerec.errors import DataError


def read_embeddings(folder: Path, *, n_items: int) -> NDArray[np.float32]:
    """The embeddings of a domain's items, (n_items, d) float32.

    Raises:
        DataError: they are missing, unreadable, not finite, or not one row for each item.
    """
    path = folder / EMBEDDINGS_FILE
    remedy = f"run `rerec embed {folder}`"
    if not path.is_file():
        raise DataError(f"{path}: there are no item embeddings; {remedy}")
    try:
        rows = load_file(path)["embeddings"]
    except (OSError, KeyError, SafetensorError) as error:
        raise DataError(f"{path}: no tensor `embeddings` to read ({error}); {remedy}") from None
    if rows.ndim != 2 or rows.shape[0] != n_items:
        raise DataError(
            f"{path}: the embeddings are {rows.shape}, but the catalogue has "
            f"{n_items} items; {remedy}"
        )
    if not np.isfinite(rows).all():
        bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise DataError(
            f"{path}: an embedding is not a finite number, first in row {bad}; {remedy}"
        )
    return rows.astype(np.float32, copy=False)
