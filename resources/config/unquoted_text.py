"""Explains failures that are caused by unquoted text in a stack file, which YAML has converted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gcp import errors
from resources.config import stack_file, stack_yaml
from resources.config.secret_values import Source
from resources.config.stack_file import NAMESPACE
from resources.config.stack_yaml import Unquoted
from resources.schema.types import Failure, join, members

if TYPE_CHECKING:
    from collections.abc import Iterable

_DATE = "YAML reads it as a date, and rewrites it: put it in quotes"
Read = TypeVar("Read")


def explained(config: Mapping[str, str], source: Source, keys: type, read: Callable[[Source], Read]) -> Read:
    """The configuration as `read` reads it, with better errors.

    Args:
        config: every key of the stack, as passed by Pulumi.
        source: its file. If the values match the configuration, failures name lines of the file.
        keys: `TypedDict` of the keys below the namespace.
        read: reads the configuration.

    Raises:
        InvalidInput: the explained failures, and each text that YAML has altered, even if `read` accepts it.
    """
    found = list(_of(config, source.file))
    altered = _altered(config, found, keys)
    try:
        read_value = read(source)
    except errors.InvalidInput as error:
        failures = [_explained(failure, found) for failure in error.failures]
        raise errors.InvalidInput(dict.fromkeys([*altered, *_others(failures, altered, found)])) from None
    if altered:
        raise errors.InvalidInput(altered)
    return read_value


def path_of(unquoted: Unquoted) -> str:
    """Its path as in failures, but with the key as written in the file."""
    return join_all((*unquoted.path[:-1], unquoted.text) if unquoted.is_key else unquoted.path)


def join_all(parts: tuple[str, ...]) -> str:
    """The path made of these keys."""
    first, *rest = parts
    for part in rest:
        first = join(first, int(part) if isinstance(part, stack_yaml.Index) else part)
    return first


def _of(config: Mapping[str, str], file: Path) -> Iterator[Unquoted]:
    """The unquoted scalars of a stack file whose values match the configuration."""
    try:
        found = stack_file.read(file).unquoted
    except (FileNotFoundError, stack_file.UnreadableStackFile):
        return  # the configuration may come from another file
    yield from (each for each in found if _holds(config.get(each.path[0]), each))


def _holds(text: str | None, unquoted: Unquoted) -> bool:
    """Whether the configuration has this value, or key, at its path."""
    if text is None:
        return False
    _, *inner = unquoted.path
    if not inner:
        return text == stack_yaml.written(unquoted.value)
    try:
        value = json.loads(text)
    except ValueError:
        return False
    for part in inner[:-1]:
        value = _below(value, part)
    if unquoted.is_key:
        return isinstance(value, Mapping) and inner[-1] in value
    return bool(_below(value, inner[-1]) == unquoted.value)


def _below(value: Any, part: str) -> Any:
    if isinstance(value, list):
        return value[int(part)] if part.isdecimal() and int(part) < len(value) else None
    return value.get(part) if isinstance(value, Mapping) else None


def _altered(config: Mapping[str, str], found: list[Unquoted], keys: type) -> list[Failure]:
    """Texts that YAML has altered: keys, dates, and the value of any key that must be text."""
    failures, known = [], set()
    for each in found:
        if each.is_altered and (each.is_key or each.is_date or _is_text(each, keys)):
            failures.append((_as_written(join_all(each.path), found), each.reason))
            known.add(str(each.value))
    for key, text in config.items():
        failures += [(path, _DATE) for path, date in _dates(_plain(text), key) if date not in known]
    return failures


def _is_text(unquoted: Unquoted, keys: type) -> bool:
    (key, *inner), namespace = unquoted.path, f"{NAMESPACE}:"
    is_own = key.startswith(namespace) and members(keys).get(key.removeprefix(namespace)) is str
    return not inner and (is_own or key.startswith("gcp:"))


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _dates(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path and text of every key and value that was a date."""
    if isinstance(value, str) and stack_yaml.is_written_date(value):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _dates(item, join(path, index))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if stack_yaml.is_written_date(key):
                yield join(path, key), key
            yield from _dates(item, join(path, key))


def _explained(failure: Failure, found: list[Unquoted]) -> Failure:
    """The failure with keys as in the file; where text is expected, also with what YAML made of the unquoted text."""
    path, reason = failure
    shown = _as_written(path, found)
    due = path.removesuffix("artifact") + reason.partition(":")[0] if " is no str;" in reason else path
    for each in found:
        wrong = reason.startswith(("must be a string", "must be one of")) or due != path
        if not each.is_key and wrong and due == join_all(each.path):
            return shown, f"{reason.partition(';')[0]}; {each.reason}"
    return shown, reason


def _as_written(path: str, found: list[Unquoted]) -> str:
    """A path with the keys as written in the file, not as YAML reads them."""
    for each in reversed(found):  # a key comes before what is below it
        if each.is_key and each.is_altered:
            path = _renamed(path, join_all(each.path), path_of(each))
    return path


def _renamed(path: str, old: str, new: str) -> str:
    return new + path.removeprefix(old) if path == old or path.startswith((f"{old}.", f"{old}[")) else path


def _others(failures: Iterable[Failure], altered: list[Failure], found: list[Unquoted]) -> list[Failure]:
    """The failures with another cause: neither at the path of an altered text, nor in an entry that repeats it."""
    paths = {path for path, _ in altered}
    lost = [each for each in found if each.is_altered and _as_written(join_all(each.path), found) in paths]
    texts = [re.escape(repr(stack_yaml.written(each.value))) for each in lost]
    # A stack-wide value, such as a runtime, is reported without quotes for each version.
    texts += [rf"(?<![\w.]){re.escape(str(each.value))}(?!\w|\.\d)" for each in lost if _is_fraction(each)]
    return [(path, why) for path, why in failures if path not in paths and not any(re.search(it, why) for it in texts)]


def _is_fraction(unquoted: Unquoted) -> bool:
    return not unquoted.is_key and len(unquoted.path) == 1 and isinstance(unquoted.value, float)
