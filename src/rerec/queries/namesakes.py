"""Items that share a name with others: whoever reads one may mean another."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerec.catalogue.items import Catalogue
from rerec.catalogue.titles import normalise


@dataclass(frozen=True)
class Namesakes:
    """For each item row, the rows of all items that share a name with it, whatever their year."""

    shared: Mapping[int, NDArray[np.intp]]
    """Rows by row, ascending, itself among them; items whose names are their own are left out."""

    def __getitem__(self, row: int) -> NDArray[np.intp]:
        """Rows of the items that share a name with an item, ascending, itself among them."""
        return self.shared.get(row, np.array([row], dtype=np.intp))

    def have_none(self, n_items: int) -> NDArray[np.bool_]:
        """(n_items,) true where no other item shares a name with an item."""
        alone = np.ones(n_items, dtype=bool)
        alone[list(self.shared)] = False
        return alone


def namesakes_of(catalogue: Catalogue) -> Namesakes:
    """Who shares a name, by title or alias, articles, accents and case evened out."""
    first: dict[str, int] = {}
    rows_of: dict[str, list[int]] = {}
    for row, item in enumerate(catalogue.items):
        for name in {normalise(name) for name in (item.title, *item.aliases)}:
            if name in first:
                rows_of.setdefault(name, [first[name]]).append(row)
            else:
                first[name] = row
    shared: dict[int, set[int]] = {}
    for rows in rows_of.values():
        for row in rows:
            shared.setdefault(row, set()).update(rows)
    return Namesakes({row: np.array(sorted(shared[row]), dtype=np.intp) for row in sorted(shared)})
