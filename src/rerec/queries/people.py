"""A group of users in words: "a woman between 18 and 24 who works as a librarian"."""

import re
from collections.abc import Sequence

from rerec.queries import frames_taste
from rerec.queries.wordings import with_article
from rerec.records import Condition

_SPAN = re.compile(r"(\d+)\s*-\s*(\d+)")


def person(group: Sequence[Condition]) -> str:
    """Somebody of a group of users.

    >>> person([Condition("age_group", "18-24"), Condition("gender", "F")])
    'a woman between 18 and 24'
    >>> person([Condition("occupation", "artist")])
    'a person who works as an artist'
    >>> person([Condition("membership", "gold")])
    'a person whose membership is gold'
    """
    said = {condition.relation: condition.value for condition in group}
    gender = said.pop("gender", "")
    noun = frames_taste.GENDERS.get(gender, "person" if not gender else f"{gender} person")
    parts = [with_article(noun)]
    if "age_group" in said:
        parts.append(_age(said.pop("age_group")))
    if "occupation" in said:
        parts.append(_occupation(said.pop("occupation")))
    parts += [f"whose {name.replace('_', ' ')} is {value}" for name, value in said.items()]
    return " ".join(parts)


def _age(group: str) -> str:
    span = _SPAN.fullmatch(group)
    if span:
        return f"between {span[1]} and {span[2]}"
    return frames_taste.AGES.get(group, f"whose age group is {group}")


def _occupation(name: str) -> str:
    if name in frames_taste.OTHERWISE:
        return frames_taste.OTHERWISE[name]
    if name in frames_taste.FIELDS:
        return f"who works in {name}"
    return f"who works as {with_article(name)}"
