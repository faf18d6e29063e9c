"""The items of a domain in one fixed order, and the only way between item ids and rows.

An id is text that comes from outside; a row (0 to n_items - 1) is a position in this order, the
one that every array of the house (graphs, embeddings, rewards) is laid out in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rerec.catalogue.kernels import pc
from rerec.errors import DataError
from rerec.records import Item


@dataclass(frozen=True)
class Catalogue:
    """The items, in the order of `items.parquet`.

    Raises:
        DataError: there is no item, two share an id, or two share a label (title with year): an
            answer that names the label could then mean either.

    >>> shop = Catalogue((Item("7", "Heat", 1995, (), 3), Item("4", "Ronin", 1998, (), 2)))
    >>> shop.row_of("4"), shop.rows_of(["4", "7"]).tolist(), shop.item_ids
    (1, [1, 0], ('7', '4'))
    """

    items: tuple[Item, ...]
    item_ids: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _rows: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.items:
            raise DataError("the catalogue holds no item; build the domain again")
        refuse_repeats((item.item_id for item in self.items), what="the item id")
        refuse_repeats((item.label for item in self.items), what="the title with its year")
        item_ids = tuple(item.item_id for item in self.items)
        object.__setattr__(self, "item_ids", item_ids)
        object.__setattr__(self, "_rows", {item_id: row for row, item_id in enumerate(item_ids)})

    @cached_property
    def id_order(self) -> NDArray[np.intp]:
        """(n_items,) the place of each item among all, by the order of their ids as text."""
        by_id = np.array(sorted(range(self.n_items), key=self.item_ids.__getitem__), dtype=np.intp)
        place = np.empty_like(by_id)
        place[by_id] = np.arange(self.n_items)
        return place

    @property
    def n_items(self) -> int:
        """Number of items, which is also one more than the last row."""
        return len(self.items)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._rows

    def row_of(self, item_id: str) -> int:
        """The row of an item id.

        Raises:
            DataError: the catalogue has no item of that id.
        """
        try:
            return self._rows[item_id]
        except KeyError:
            raise DataError(
                f"the item id {item_id!r} is not in the catalogue of {self.n_items} items; "
                "ids are those of items.parquet"
            ) from None

    def rows_of(self, item_ids: Iterable[str]) -> NDArray[np.intp]:
        """The rows of some item ids, in their order, as (n,) row numbers.

        Raises:
            DataError: the catalogue lacks one of them.
        """
        return np.fromiter((self.row_of(item_id) for item_id in item_ids), dtype=np.intp)

    def rows_of_column(self, item_ids: pa.ChunkedArray) -> NDArray[np.intp]:
        """The rows of a column of item ids, as (n,) row numbers; no id is touched one by one.

        Raises:
            DataError: the catalogue lacks one of them.
        """
        known = pa.array(self.item_ids, pa.string())
        rows = pc.index_in(item_ids.cast(pa.string()), value_set=known).combine_chunks()
        if rows.null_count:
            missing = item_ids[rows.is_null().to_pylist().index(True)].as_py()
            self.row_of(missing)
        return rows.to_numpy(zero_copy_only=False).astype(np.intp)


def refuse_repeats(names: Iterable[str], *, what: str, where: str = "the catalogue") -> None:
    """Raise a DataError that names the first value standing twice.

    >>> refuse_repeats(["a", "b", "a"], what="the item id")
    Traceback (most recent call last):
    ...
    rerec.errors.DataError: the catalogue: the item id 'a' stands there twice; keep one of them
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{where}: {what} {name!r} stands there twice; keep one of them")
        seen.add(name)
