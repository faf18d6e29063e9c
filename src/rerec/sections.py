"""Sections of settings: read from YAML, changed by `a.b=c`, closed to keys they do not have."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from rerec.errors import SettingsError


class Section(BaseModel):
    """One table of a recipe: frozen, and closed to keys it does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=Section)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file."""
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); give a recipe") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: holds a {type(table).__name__}, not sections with settings")
    return table


def merged(table: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The table with `a.b=c` overrides put in; values are read as YAML, the argument is left alone.

    >>> merged({"train": {"max_steps": 3}}, ["train.max_steps=5", "seed=1"])
    {'train': {'max_steps': 5}, 'seed': 1}
    """
    result = _copied(table)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise SettingsError(f"override {override!r} is not of the form section.key=value")
        *parents, last = key.strip().split(".")
        place = result
        for parent in parents:
            if not isinstance(place.setdefault(parent, {}), dict):
                raise SettingsError(f"override {override!r}: {parent!r} has no keys of its own")
            place = place[parent]
        place[last] = _value(override, value)
    return result


def read_section(kind: type[S], table: Mapping[str, Any], *, where: str) -> S:
    """Fill one section from its table; a key that it does not have is an error.

    >>> class Reward(Section):
    ...     w_qas: float = 0.0
    >>> read_section(Reward, {"w_qsa": 0.1}, where="x.yaml")
    Traceback (most recent call last):
    ...
    rerec.errors.SettingsError: x.yaml: there is no setting 'w_qsa'; did you mean 'w_qas'?
    """
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        raise SettingsError(f"{where}: {_sentence(kind, error)}") from None


def unknown_key(name: str, known: Sequence[str]) -> str:
    """The sentence for a key that does not exist, with the nearest one that does."""
    near = get_close_matches(name.rpartition(".")[2], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}"
    return f"there is no setting {name!r}; {hint}"


def _sentence(kind: type[Section], error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return unknown_key(name, list(_section_at(kind, first["loc"][:-1]).model_fields))
    return f"{name} is {first['input']!r}: {first['msg']}"


def _section_at(kind: type[Section], path: Sequence[int | str]) -> type[Section]:
    for part in path:
        kind = kind.model_fields[str(part)].annotation  # ty: ignore[invalid-assignment]
    return kind


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if isinstance(v, Mapping) else v for k, v in table.items()}


def _value(override: str, text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise SettingsError(f"override {override!r}: the value is not YAML") from None
    return _number(value) if isinstance(value, str) else value


def _number(text: str) -> str | float:
    """YAML 1.1 reads `1e-5` as text; a person who writes it means a number."""
    try:
        return float(text)
    except ValueError:
        return text
