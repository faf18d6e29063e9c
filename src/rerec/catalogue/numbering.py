"""Columns of text as numbers: no row is touched by Python, only the distinct texts are."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def numbered(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.intp]]:
    """The distinct texts of a column in ascending order, and the place of each row's text.

    >>> texts, places = numbered(pa.chunked_array([["b", "a"], ["b"]]))
    >>> texts, places.tolist()
    (['a', 'b'], [1, 0, 1])
    """
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    order = np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.intp)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.intp)
    return [texts[at] for at in order.tolist()], place[codes]
