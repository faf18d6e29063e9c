"""A file of responses to a domain's queries: a JSON object a line, `{"query_id", "response"}`."""

import json
from pathlib import Path

from rerec.catalogue.domain import Domain, queries_path
from rerec.errors import DataError
from rerec.records import SPLITS, Query


def read_responses(path: Path, domain: Domain) -> tuple[list[Query], list[str]]:
    """Read every line; empty lines and further keys are passed over.

    Returns:
        The query of each line, of whichever split, and the response to it.

    Raises:
        DataError: the file cannot be read, a line is no JSON object with both texts, or it names a
            query that the domain does not have.
    """
    queries = _queries_by_id(domain)
    asked, responses = [], []
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            query_id, response = _texts(f"{path}:{number}", line)
            if query_id not in queries:
                raise DataError(
                    f"{path}:{number}: the query {query_id!r} is not among the {len(queries)} "
                    f"queries of {domain.folder}; give responses to its own queries"
                )
            asked.append(queries[query_id])
            responses.append(response)
    return asked, responses


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); give a file of responses"
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text ({error}); convert it") from None
    # Not `splitlines`: a response may hold others of the characters that it cuts at.
    return content.split("\n")


def _texts(where: str, line: str) -> tuple[str, str]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: is not JSON ({error}); write one object on each line") from None
    texts = record if isinstance(record, dict) else {}
    for key in ("query_id", "response"):
        if not isinstance(texts.get(key), str):
            raise DataError(
                f"{where}: has no text {key!r}; each line is an object "
                'like {"query_id": "...", "response": "..."}'
            )
    return texts["query_id"], texts["response"]


def _queries_by_id(domain: Domain) -> dict[str, Query]:
    found: dict[str, Query] = {}
    splits = [split for split in SPLITS if queries_path(domain.folder, split).is_file()]
    for query in (query for split in splits for query in domain.queries(split)):
        if query.query_id in found:
            raise DataError(
                f"{domain.folder}: two splits have a query {query.query_id!r}; build them again"
            )
        found[query.query_id] = query
    if not found:
        raise DataError(f"{domain.folder}: there are no queries; build them first")
    return found
