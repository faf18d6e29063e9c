"""What is exported, networkx reads back: the same nodes, names and edges."""

import networkx as nx
import pytest

from rerec.catalogue.domain import read_domain, write_tables
from rerec.errors import DataError
from rerec.graph.export import attribute_network, export, interaction_network
from rerec.records import Item

READERS = {"gexf": nx.read_gexf, "graphml": nx.read_graphml}
NETWORKS = {"attributes": attribute_network, "interactions": interaction_network}


def edges_of(network: nx.Graph) -> set[frozenset[str]]:
    return {frozenset(edge) for edge in network.edges()}


@pytest.mark.parametrize("graph", sorted(NETWORKS))
@pytest.mark.parametrize("format", sorted(READERS))
def test_what_is_written_is_read_back(corner_shop, tmp_path, format, graph):
    out = tmp_path / "new" / f"shop.{format}"
    export(corner_shop, out, format=format, graph=graph)
    read, drawn = READERS[format](out), NETWORKS[graph](read_domain(corner_shop))
    assert set(read) == set(drawn)
    assert edges_of(read) == edges_of(drawn)
    for node, attributes in drawn.nodes(data=True):
        assert attributes.items() <= read.nodes[node].items()


def test_the_two_graphs_hold_what_the_tables_say(corner_shop):
    domain = read_domain(corner_shop)
    facts, seen = attribute_network(domain), interaction_network(domain)
    assert facts.number_of_edges() == domain.attributes.num_rows
    assert facts.nodes["item:1"]["label"] == "Heat (1995)"
    assert facts.has_edge("item:1", "starring:Al Pacino")
    assert seen.number_of_edges() == domain.interactions.num_rows
    assert seen.edges["user:ann", "item:1"]["rating"] == 5.0


@pytest.mark.parametrize("format", sorted(READERS))
def test_the_same_domain_gives_the_same_bytes_without_a_date(corner_shop, tmp_path, format):
    outs = [tmp_path / f"{number}.{format}" for number in range(2)]
    for out in outs:
        export(corner_shop, out, format=format, graph="attributes")
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert b"lastmodifieddate" not in outs[0].read_bytes()


@pytest.mark.parametrize("format", sorted(READERS))
def test_titles_with_control_characters_and_markup_are_still_xml(corner_shop, tmp_path, format):
    domain = read_domain(corner_shop)
    items = [Item("1", 'A <b> & "c" \x00\x1b 東京', 1995, (), 1), *domain.catalogue.items[1:]]
    tables = (domain.attributes, domain.interactions, domain.users)
    write_tables(
        corner_shop, items=items, attributes=tables[0], interactions=tables[1], users=tables[2]
    )
    out = tmp_path / "shop.xml"
    export(corner_shop, out, format=format, graph="interactions")
    label = READERS[format](out).nodes["item:1"]["label"]
    assert label == 'A <b> & "c" \ufffd\ufffd 東京 (1995)'


def test_a_domain_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="there is no such folder"):
        export(tmp_path / "gone", tmp_path / "x.gexf", format="gexf", graph="attributes")
    assert not (tmp_path / "x.gexf").exists()
