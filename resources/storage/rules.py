"""Rules for the values of a Bucket and a SavedModel. Pure.

Source: Cloud Storage, "Bucket naming guidelines", "Object Lifecycle Management".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from gcp.settings import REGION
from resources.schema import labels
from resources.schema.types import Failure, join, shown

_PART = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?\Z")
_GOOGLE = re.compile(r"g[o0][o0]g[l1]e")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
MULTI_REGIONS = frozenset({"US", "EU", "ASIA"})
DUAL_REGIONS = frozenset({"ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4"})
MOST_FILES = 1000
"""Maximum files of an artifact."""
CLAIMS = ".claims/"
"""The folder of a bucket's claims, where no artifact may be."""
SERVING_FOLDER = "1"
"""On Vertex AI, an artifact's files are in this subfolder, since TensorFlow Serving looks for numbered folders."""
MOST_BYTES = 10 * 2**30
MOST_BYTES_MLS1 = 500 * 2**20


def bucket_name_failure(name: str) -> str:
    """Why this is not a valid bucket name; empty if it is."""
    if not 3 <= len(name) <= 222 or (("." not in name) and len(name) > 63):
        return f"must have 3 to 63 characters (222 with dots); it has {len(name)}"
    if not all(_PART.match(part) for part in name.split(".")):
        return f"must be small letters, digits, - and _, with dots between them; it is {shown(name)}"
    if _is_address(name) or name.startswith("goog") or _GOOGLE.search(name):
        return f"must not be an IP address, start with goog or contain google or g00gle; it is {shown(name)}"
    return ""


def bucket_of(text: str) -> str:
    """The bucket that `BUCKET`, `gs://BUCKET` or `gs://BUCKET/` names."""
    return text.removeprefix("gs://").removesuffix("/")


def split_uri(uri: str) -> tuple[str, str]:
    """`gs://BUCKET/NAME` as (BUCKET, NAME); missing parts are empty."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name


def folder_uri(inputs: Mapping[str, Any]) -> str:
    """`gs://BUCKET/PREFIX/` of a SavedModel's inputs."""
    return f"gs://{inputs['bucket']}/{inputs['prefix']}/"


def other_layout(prefix: str) -> str:
    """The folder in which stacks of the other platform store this artifact."""
    plain = prefix.removesuffix(f"/{SERVING_FOLDER}")
    return f"{prefix}/{SERVING_FOLDER}" if plain == prefix else plain


def junk_hint(uri: str, declared: Iterable[Mapping[str, Any]]) -> str:
    """How to keep a version whose artifact differs only because junk is now left out; empty if none was left out.

    Args:
        uri: `gs://BUCKET/PREFIX/` of the wanted artifact.
        declared: inputs of everything that the program declares, including SavedModels.
    """
    wanted = ("bucket", "prefix", "leftOut")
    for inputs in declared:
        if all(inputs.get(key) for key in wanted) and folder_uri(inputs) == uri:
            names, verb = ", ".join(map(str, inputs["leftOut"])), "is" if len(inputs["leftOut"]) == 1 else "are"
            return (
                f"{names} {verb} no longer part of the artifact (junk), so its content digest differs from that of an "
                "earlier release. If nothing else changed, keep the version unchanged: copy manifest.json from its "
                "current bucket folder into the SavedModel's folder; files it lists are kept. Otherwise: "
            )
    return ""


def bucket_failures(values: Mapping[str, Any], where: str = "") -> Iterator[Failure]:
    """Everything wrong with a bucket's inputs."""
    name = values.get("name")
    reason = bucket_name_failure(name) if isinstance(name, str) else ""
    if reason:
        yield join(where, "name"), reason
    location = values.get("location")
    if isinstance(location, str) and not is_location(location):
        several = ", ".join(sorted(MULTI_REGIONS | DUAL_REGIONS))
        yield join(where, "location"), f"must be a region, us-central1, or one of {several}; it is {shown(location)}"
    yield from labels.label_failures(values.get("labels"), join(where, "labels"))
    lifecycle = values.get("lifecycle")
    rules = lifecycle.get("rule") if isinstance(lifecycle, Mapping) else None
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        for path, reason in _rule_failures(rule):
            yield join(where, f"lifecycle.rule[{index}].{path}"), reason


def is_location(text: str) -> bool:
    """Whether this may be a location of Cloud Storage; case is ignored."""
    return text.upper() in MULTI_REGIONS | DUAL_REGIONS or bool(REGION.match(text.lower()) and text.isascii())


def saved_model_failures(values: Mapping[str, Any], where: str = "") -> Iterator[Failure]:
    """Everything wrong with a SavedModel's inputs: the limits of an artifact, and paths that leave its folder."""
    prefix, source = values.get("prefix"), values.get("artifactSource")
    if isinstance(prefix, str) and f"{prefix}/".startswith(CLAIMS):
        yield join(where, "prefix"), f"must not be in {CLAIMS}, the folder for the claims of stacks"
    if isinstance(source, str) and (reason := bucket_name_failure(source)):
        yield join(where, "artifactSource"), reason
    files = values.get("files")
    if not isinstance(files, Mapping):
        return
    if "saved_model.pb" not in files:
        text = "; saved_model.pbtxt, its text form, must be converted: see docs/reference/artifacts.md"
        yield join(where, "files"), "has no saved_model.pb" + text * ("saved_model.pbtxt" in files)
    if len(files) > MOST_FILES:
        yield join(where, "files"), f"must be at most {MOST_FILES} files; it is {len(files)}"
    for name in files:
        if not is_inside(str(name)):
            yield join(where, "files"), f"has the path {shown(name)}, which leaves the folder"
    limit = values.get("sizeLimit") or MOST_BYTES
    sizes = [item.get("size") for item in files.values() if isinstance(item, Mapping)]
    size = sum(
        item for item in sizes if isinstance(item, int | float) and 0 <= item < 2**63
    )  # others fail by their type
    if isinstance(limit, int | float) and size > limit:
        yield (
            join(where, "files"),
            f"must be at most {limit:.0f} bytes for its versions' machines; it is {size:.0f}",
        )


def is_inside(name: str) -> bool:
    """Whether a relative path stays inside its folder and is in normal form."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and str(PurePosixPath(name)) == name


def _rule_failures(rule: Any) -> Iterator[Failure]:
    action, condition = (rule.get(key) if isinstance(rule, Mapping) else None for key in ("action", "condition"))
    if isinstance(action, Mapping):
        sets = action.get("type") == "SetStorageClass"
        if sets and "storageClass" not in action:
            yield "action.storageClass", "is missing: SetStorageClass needs it"
        if not sets and "storageClass" in action:
            yield "action.storageClass", f"is only for SetStorageClass, not for {shown(action.get('type'))}"
    if isinstance(condition, Mapping):
        if not condition:
            yield "condition", "is empty: it would match every object"
        for key, value in condition.items():
            if str(key).endswith("Before") and isinstance(value, str) and not DATE.match(value):
                yield f"condition.{key}", f"must be a date, 2026-01-31; it is {shown(value)}"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
