"""A domain's graphs as GEXF (Gephi) or GraphML, written by networkx.

Both are bipartite: items and their (relation, value) pairs, or users and the items they rated.
Node names say what they are (`item:50`, `user:7`, `genre:Drama`), so that the two graphs of a
domain can be laid over each other. The same domain gives the same bytes.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import networkx as nx

from rerec.catalogue.domain import Domain, read_domain
from rerec.catalogue.files import replaced
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.graph.interactions import InteractionGraph

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DATE = re.compile(r' lastmodifieddate="[^"]*"')


def export(
    folder: Path,
    out: Path,
    *,
    format: Literal["gexf", "graphml"],
    graph: Literal["attributes", "interactions"],
) -> None:
    """Write one graph of a domain to a file that other tools open.

    Args:
        folder: the domain.
        out: the file to write; its folder is made where it is missing.
        format: of the file.
        graph: `attributes`: items and what they have; `interactions`: users and what they rated,
            with `rating` and `timestamp` on the edges.

    Raises:
        DataError: the domain is missing or malformed, or the file cannot be written.
    """
    drawn = _GRAPHS[graph](read_domain(folder))
    text = "\n".join(_FORMATS[format](drawn)) + "\n"
    # networkx stamps the day into a GEXF header: the one thing that is not of the domain.
    text = _DATE.sub("", text, count=1)
    with replaced(out) as temporary:
        temporary.write_text(text, encoding="utf-8")


def attribute_network(domain: Domain) -> nx.Graph:
    """Items and (relation, value) pairs; an edge where the item has the pair."""
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    network = _item_network(domain.catalogue)
    names = [_text(f"{pair.relation}:{pair.value}") for pair in graph.pairs]
    for name, pair in zip(names, graph.pairs, strict=True):
        network.add_node(name, kind=_text(pair.relation), label=_text(pair.value))
    for row, item in enumerate(map(_item_node, domain.catalogue.item_ids)):
        network.add_edges_from((item, names[column]) for column in graph.columns_of(row))
    return network


def interaction_network(domain: Domain) -> nx.Graph:
    """Users and items; an edge with rating and time where the user rated the item."""
    graph = InteractionGraph.from_table(domain.catalogue, domain.interactions)
    network = _item_network(domain.catalogue)
    users = [_text(f"user:{user_id}") for user_id in graph.user_ids]
    for node, user_id in zip(users, graph.user_ids, strict=True):
        network.add_node(node, kind="user", label=_text(user_id))
    items = [_item_node(item_id) for item_id in domain.catalogue.item_ids]
    edges = zip(graph.users, graph.indices, graph.ratings, graph.timestamps, strict=True)
    for user, row, rating, timestamp in edges:
        network.add_edge(users[user], items[row], rating=float(rating), timestamp=int(timestamp))
    return network


def _item_network(catalogue: Catalogue) -> nx.Graph:
    network = nx.Graph()
    for item in catalogue.items:
        known_year = {} if item.year is None else {"year": item.year}
        named = {"kind": "item", "label": _text(item.label)}
        network.add_node(
            _item_node(item.item_id), popularity=item.popularity, **named, **known_year
        )
    return network


def _item_node(item_id: str) -> str:
    return _text(f"item:{item_id}")


def _text(text: str) -> str:
    """Without the characters that no XML file may hold."""
    return _NOT_XML.sub("\ufffd", text)


_GRAPHS: dict[str, Callable[[Domain], nx.Graph]] = {
    "attributes": attribute_network,
    "interactions": interaction_network,
}
_FORMATS: dict[str, Callable[[nx.Graph], Iterable[str]]] = {
    "gexf": nx.generate_gexf,
    "graphml": nx.generate_graphml,
}
