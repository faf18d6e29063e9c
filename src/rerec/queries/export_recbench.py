"""A domain in the form of RecBench+: its query files, and its tables as MovieLens-1M has them.

One JSON list for each category that the domain has; the personalised requests of a category stand
in the same file. The benchmark has no splits, so `splits.json` tells which `data_idx` is of which.
A request has one wording here and two there: it stands in both places. Candidates have no place.

Source: the files of jiani-huang/RecBench (Huang et al. 2025, arXiv 2503.09382). What they do not
tell is ours: `reason` names what is asked, and the TF-IDF of a group is that of what it interacted
with, users as documents.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rerec.catalogue.domain import Domain, queries_path, read_domain
from rerec.catalogue.files import new_folder, write_json
from rerec.queries.dat_files import write_dat_files
from rerec.queries.groups_told import Groups
from rerec.queries.vocabulary import words_of
from rerec.records import SPLITS, Item, Query
from rerec.settings import PERSONAL

FILES = {
    "explicit": "ExplicitQuery.json",
    "implicit": "ImplicitQuery.json",
    "misinformed": "MisinformedQuery.json",
    "interest": "InterestBasedQuery.json",
    "demographics": "UserBasedQuery.json",
}
SPLITS_FILE = "splits.json"

Record = dict[str, Any]


def export_recbench(folder: Path, out: Path) -> None:
    """Write a domain's queries and tables in the form of RecBench+.

    Args:
        folder: the domain.
        out: a folder that is not there yet.

    Raises:
        DataError: the domain is missing or malformed, or the folder is there already or cannot be
            written.
    """
    domain = read_domain(folder)
    writer = _Writer(domain, noun_of(folder))
    for split in SPLITS:
        if queries_path(folder, split).is_file():
            for query in domain.queries(split):
                writer.add(split, query)
    with new_folder(out) as temporary:
        for name, records in writer.files.items():
            write_json(temporary / name, records)
        write_json(temporary / SPLITS_FILE, writer.splits)
        write_dat_files(domain, temporary, items_file=f"{writer.noun}s.dat")


def noun_of(folder: Path) -> str:
    """What RecBench+ calls the items of a domain: books are `book`, all else is `movie`."""
    return "book" if "book" in words_of(folder).nouns else "movie"


def id_of(item_id: str) -> int | str:
    """An item id as JSON has it there: a number where it is one.

    >>> id_of("50"), id_of("050"), id_of("b7")
    (50, '050', 'b7')
    """
    return int(item_id) if item_id.isdecimal() and str(int(item_id)) == item_id else item_id


class _Writer:
    """The records of each file, as queries are added."""

    def __init__(self, domain: Domain, noun: str) -> None:
        self.noun = noun
        self.files: dict[str, list[Record]] = {}
        self.splits: dict[str, dict[str, list[int]]] = {}
        self._domain = domain
        self._facts = facts_of(domain)
        self._groups = Groups(domain)
        self._shared: dict[tuple[str, ...], Record] = {}

    def add(self, split: str, query: Query) -> None:
        """Add a query to the file of its category; another category has none."""
        category = query.category.removesuffix(PERSONAL)
        name = FILES.get(category)
        if name is None:
            return
        if category in ("interest", "demographics"):
            record, is_new = self._with_child(split, category, query)
        else:
            record, is_new = self._conditioned(category, query), True
        if is_new:
            records = self.files.setdefault(name, [])
            record["data_idx"] = len(records)
            records.append(record)
            self.splits.setdefault(name, {}).setdefault(split, []).append(record["data_idx"])

    def _conditioned(self, category: str, query: Query) -> Record:
        record: Record = {
            "source_user": query.user_id,
            "condition_num": len(query.conditions),
            f"{self.noun}Count": len(query.ground_truth),
            f"{self.noun}Subset": [self._label(item_id) for item_id in query.ground_truth],
            f"{self.noun}SubsetId": [id_of(item_id) for item_id in query.ground_truth],
            "sharedRelationships": [[c.relation, c.value] for c in query.conditions],
            "direct_description_query": query.text,
            "situational_description_query": query.text,
        }
        if category == "implicit":
            record["multihop_info"] = [
                {self.noun: self._label(h.item_id), "relation": h.relation, "person": h.value}
                for h in query.hops
            ]
        if category == "misinformed":
            record |= {"query": query.text, "misinformed": list(self._misinformed(query))}
        return record

    def _misinformed(self, query: Query) -> Iterator[Record]:
        """What is told wrongly: the item does not have the value that the hop names."""
        asked = {condition.value.casefold() for condition in query.conditions}
        for hop in query.hops:
            own = [v for r, v in self._facts.get(hop.item_id, ()) if r == hop.relation]
            true = [value for value in own if value.casefold() in asked]
            yield {
                self.noun: self._label(hop.item_id),
                "relation": hop.relation,
                "person": hop.value,
                "original person": (true or own or [""])[0],
            }

    def _with_child(self, split: str, category: str, query: Query) -> tuple[Record, bool]:
        """The record that a query belongs to, with the query in it, and whether it is a new one."""
        group = self._groups.of(query.text) if category == "demographics" else ()
        told = [f"{c.relation}={c.value}" for c in group] or [*query.history, str(query.user_id)]
        key = (split, query.category, *told)
        is_new = key not in self._shared
        if is_new:
            made = self._group(group) if category == "demographics" else self._interest(query)
            self._shared[key] = {"data_idx": 0, **made, "query & ground true": []}
        record = self._shared[key]
        record["query & ground true"].append(
            {
                "reason": _reason(query),
                "query": query.text,
                f"{self.noun} subset": [self._label(item_id) for item_id in query.ground_truth],
            }
        )
        return record, is_new

    def _interest(self, query: Query) -> Record:
        fans = [query.user_id] if query.user_id else self._groups.fans_of(query.history)
        shared = [self._label(item_id) for item_id in query.history]
        return {f"Shared consecutive {self.noun}s": shared, "source_users": fans}

    def _group(self, group: tuple) -> Record:
        best = self._groups.best(group)
        return {
            "group_type": " & ".join(condition.relation for condition in group),
            "group": " & ".join(condition.value for condition in group),
            f"top_10_{self.noun}s": [[id_of(item_id), worth] for item_id, worth in best],
            "summary": self._groups.summary(group, best, noun=self.noun) if group else "",
        }

    def _label(self, item_id: str) -> str:
        return self._item(item_id).label

    def _item(self, item_id: str) -> Item:
        catalogue = self._domain.catalogue
        return catalogue.items[catalogue.row_of(item_id)]


def facts_of(domain: Domain) -> dict[str, list[tuple[str, str]]]:
    """Every item's (relation, value) pairs, in display order."""
    facts: dict[str, list[tuple[str, str]]] = {}
    columns = (domain.attributes[name].to_pylist() for name in ("item_id", "relation", "value"))
    for item_id, relation, value in zip(*columns, strict=True):
        facts.setdefault(item_id, []).append((relation, value))
    return facts


def _reason(query: Query) -> str:
    if not query.conditions:
        return "Users who liked these liked this next." if query.history else "The group likes it."
    return "It asks for " + ", ".join(f"{c.relation} {c.value}" for c in query.conditions) + "."
