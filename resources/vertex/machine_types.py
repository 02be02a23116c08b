"""Machine types of `aiplatform`: which names can exist. Preview and emulator use the same table; it is pure.

Google adds types, and which of them a region has differs: a known form is not a promise that the service has it.
"""

from __future__ import annotations

import difflib
import re

FORM = re.compile(r"(?P<family>[a-z]+[0-9]+[a-z]*)-(?P<kind>[a-z]+)-(?P<size>[0-9]+)(?P<unit>[gt]?)(-[a-z]+)*")
"""A family, a kind and a size; the unit says what the size counts: cores, GPUs (g) or TPU chips (t)."""
KINDS = (
    *("standard", "highmem", "highcpu"),
    *("megamem", "ultramem", "hypermem"),
    *("highgpu", "megagpu", "ultragpu", "edgegpu", "maxgpu"),
    "hightpu",
)
"""The kinds of machines of Compute Engine's families: by memory per core, with GPUs, with TPUs.

Custom and shared-core types (`n2-custom-4-8192`, `e2-micro`) are not among them: Vertex AI does not serve on these.
"""


def is_known(type_: str) -> bool:
    """Whether a machine type has the form of Compute Engine's types, and a known kind."""
    found = FORM.fullmatch(type_)
    return found is not None and found["kind"] in KINDS


def suggestion(type_: str) -> str:
    """The machine type that was probably meant, if only its kind is misspelt; otherwise empty."""
    found = FORM.fullmatch(type_)
    if found is None:
        return ""
    with_gpus = [kind for kind in KINDS if kind.endswith("gpu")]
    kinds = with_gpus if found["unit"] == "g" else [kind for kind in KINDS if kind not in with_gpus]
    close = difflib.get_close_matches(found["kind"], kinds, 1)
    return f"{found['family']}-{close[0]}{type_[found.end('kind') :]}" if close else ""
