"""A domain as RecBole's atomic files: tab-separated tables whose headers name each field's type.

The folder's name is the name of the data set, as RecBole has it: `shop/shop.inter`, `.item`,
`.user`, `.kg`, `.link`. Attributes become the knowledge graph: an item is the entity `item:<id>`, a
value stands as it is. Aliases and queries have no place there.

Source: the files and the reader of RecBole 1.2 (Zhao et al. 2021, arXiv 2011.01731). It reads with
quotes on, so that a field that begins with one would swallow the lines behind it.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from rerec.catalogue.domain import Domain, read_domain
from rerec.catalogue.files import new_folder
from rerec.catalogue.kernels import pc
from rerec.errors import DataError

LINES_AT_ONCE = 1 << 20
_NO_FIELD = r"[\p{Cc}\x{2028}\x{2029}]"
"""What would end a field or a line for one reader or another."""


def export_recbole(folder: Path, out: Path) -> None:
    """Write a domain as atomic files.

    Args:
        folder: the domain.
        out: a folder that is not there yet; its name becomes that of the data set.

    Raises:
        DataError: the domain is missing or malformed, an id cannot stand in such a file, or the
            folder is there already or cannot be written.
    """
    domain = read_domain(folder)
    _refuse_odd_ids(folder, "item", pa.array(domain.catalogue.item_ids))
    _refuse_odd_ids(folder, "user", domain.users["user_id"])
    name = out.absolute().name
    with new_folder(out) as temporary:
        for suffix, table in _tables(domain).items():
            with (temporary / f"{name}.{suffix}").open("wb") as file:
                file.writelines(_lines(table))


def _tables(domain: Domain) -> dict[str, pa.Table]:
    """The atomic files, each column under its typed name."""
    items = domain.catalogue.items
    linked = domain.attributes["item_id"].unique()
    entities = _entities(domain.attributes["item_id"])
    return {
        "inter": _named(domain.interactions, {"rating": "float", "timestamp": "float"}),
        "item": pa.table(
            {
                "item_id:token": [item.item_id for item in items],
                "title:token_seq": [item.title for item in items],
                "year:token": pa.array([item.year for item in items], pa.int32()),
                "popularity:float": [item.popularity for item in items],
            }
        ),
        "user": _named(domain.users, {}),
        "kg": pa.table(
            {
                "head_id:token": entities,
                "relation_id:token": domain.attributes["relation"],
                "tail_id:token": domain.attributes["value"],
            }
        ),
        "link": pa.table({"item_id:token": linked, "entity_id:token": _entities(linked)}),
    }


def _named(table: pa.Table, kinds: dict[str, str]) -> pa.Table:
    """A table under typed names; what has no kind is a token."""
    # The first colon of a header ends the name.
    names = [f"{_clean(n).replace(':', '_')}:{kinds.get(n, 'token')}" for n in table.column_names]
    return table.rename_columns(names)


def _entities(item_ids: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.binary_join_element_wise("item:", item_ids, "")


def _lines(table: pa.Table) -> Iterator[bytes]:
    """The header, then the rows in large pieces of text."""
    yield ("\t".join(table.column_names) + "\n").encode()
    for start in range(0, table.num_rows, LINES_AT_ONCE):
        rows = table.slice(start, LINES_AT_ONCE)
        fields = [_field(column) for column in rows.columns]
        lines = pc.binary_join_element_wise(*fields, "\t")
        yield "".join(f"{line}\n" for line in lines.to_pylist()).encode()


def _field(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as text that no reader takes apart; empty where there is no value."""
    text = pc.fill_null(column.cast(pa.string()), "")
    text = pc.replace_substring_regex(text, _NO_FIELD, " ")
    quoted = pc.starts_with(text, '"')
    return pc.if_else(quoted, pc.replace_substring(text, '"', "'"), text)


def _clean(text: str) -> str:
    return " ".join(text.split())


def _refuse_odd_ids(folder: Path, kind: str, ids: pa.Array | pa.ChunkedArray) -> None:
    """What is mended in a title would make one of two ids."""
    odd = ids.filter(pc.match_substring_regex(ids, rf'^"|{_NO_FIELD}')).to_pylist()
    if odd:
        raise DataError(
            f"{folder}: the {kind} id {odd[0]!r} holds a tab, a line end or a quote, which no "
            "RecBole file can; rename it"
        )
