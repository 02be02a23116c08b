"""Which job a command asks for: the same files and options are the same job, if an earlier run was killed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from prediction.batch.job_plan import Plan
from prediction.targets.target import Deployed


def digest(plan: Plan, url: str, version: Deployed, paths: Sequence[Path]) -> str:
    """A name of what a job does: 32 hexadecimal digits.

    Args:
        plan: what it does.
        url: of the endpoint.
        version: that predicts.
        paths: the files that are sent: their content counts, not their names.
    """
    output = plan.local_output
    facts = {
        **asdict(plan),
        "inputs": [*plan.bucket_inputs, *map(_content, paths)],
        "output": str(output.absolute()) if output else plan.output,
        "endpoint": [url, version.name, version.uri],
    }
    return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16).hexdigest()


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
