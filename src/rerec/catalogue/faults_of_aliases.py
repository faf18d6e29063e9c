"""What an item's other names can have wrong: they must lead to it, and to nothing else."""

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from rerec.catalogue.columns import text_faults
from rerec.catalogue.findings import Findings, shown
from rerec.catalogue.titles import normalise

_REMEDY = "leave the alias out where it is not the item's"


def alias_faults(findings: Findings, titles: pa.Array, years: pa.Array, aliases: pa.Array) -> None:
    """Record aliases that say nothing, or lead to another item as well.

    A name may be borne by items of different years, since a name is read with its year. Spellings
    are compared as titles are looked up: case, accents, punctuation and a moved article even out.

    Args:
        findings: of the items.
        titles: (n_items,) titles, null where one cannot be used.
        years: (n_items,) whole numbers or null.
        aliases: (n_items,) lists of names.
    """
    rows = aliases.value_parent_indices().to_numpy(zero_copy_only=False)
    names = aliases.flatten()
    text_faults(findings, "alias", names, rows)
    given = [
        (r, n) for r, n in zip(rows.tolist(), names.to_pylist(), strict=True) if n and n.strip()
    ]
    named = _Names(findings, titles.to_pylist(), years.to_pylist())
    for row, alias in given:
        named.check(row, alias)
    named.check_circles()


class _Names:
    """Which item bears which name, as the aliases are gone through."""

    def __init__(
        self, findings: Findings, titles: list[str | None], years: list[int | None]
    ) -> None:
        self._findings = findings
        self._titles = titles
        self._years = years
        self._bearers: dict[tuple[str, int | None], int] = {}
        self._titled: dict[str, list[int]] = {}
        self._edges: set[tuple[int, int]] = set()
        for row, title in enumerate(titles):
            if title and title.strip():
                key = normalise(title)
                self._bearers.setdefault((key, years[row]), row)
                self._titled.setdefault(key, []).append(row)

    def check(self, row: int, alias: str) -> None:
        """Record what is wrong with an alias, and take it in."""
        title = self._titles[row]
        if alias == title:
            what = f"the alias {shown(alias)} is the item's own title"
            self._add("an alias is the item's own title", what, row, "leave it out")
            return
        key = normalise(alias)
        bearer = self._bearers.setdefault((key, self._years[row]), row)
        if bearer != row:
            what = f"the alias {shown(alias)} also names the item of row {bearer}"
            self._add("an alias names two items", what, row, _REMEDY)
        if title is None or key != normalise(title):
            self._edges |= {(row, other) for other in self._titled.get(key, ()) if other != row}

    def check_circles(self) -> None:
        """Record items whose aliases are each other's titles."""
        if not self._edges:
            return
        n = len(self._titles)
        start, end = np.array(sorted(self._edges)).T
        graph = csr_matrix((np.ones(len(start)), (start, end)), shape=(n, n))
        _, group = connected_components(graph, directed=True, connection="strong")
        for number in np.flatnonzero(np.bincount(group) > 1).tolist():
            rows = np.flatnonzero(group == number).tolist()
            listed = ", ".join(shown(self._titles[row]) for row in rows[:4])
            what = f"aliases go round in a circle between {len(rows)} items: {listed}"
            self._add("aliases go round in a circle", what, rows[0], _REMEDY)

    def _add(self, kind: str, what: str, row: int, remedy: str) -> None:
        self._findings.add(kind, what, remedy, row=row)
