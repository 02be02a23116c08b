"""Which machine types are known, and the warning about others in a stack file."""

from __future__ import annotations

from typing import Any

import pytest

from resources import platforms
from resources.vertex import machine_types
from tests.resources.vertex.config.test_entries import V1, model, reader, stack, version
from tests.resources.vertex.config.test_job_entries import JOB

KNOWN = (
    *("n1-standard-2", "n1-highmem-16", "n1-highcpu-32", "n2d-standard-4", "e2-highcpu-8", "c3-standard-192-metal"),
    *("c4-standard-4-lssd", "z3-highmem-14-standardlssd", "t2a-standard-1", "h4d-highmem-192-lssd", "g2-standard-4"),
    *("m1-megamem-96", "m3-ultramem-32", "m2-hypermem-416"),
    *("a2-highgpu-1g", "a2-megagpu-16g", "a2-ultragpu-8g", "a3-edgegpu-8g", "a3-megagpu-8g", "a4x-maxgpu-4g-metal"),
    *("ct4p-hightpu-4t", "ct5lp-hightpu-1t", "ct5p-hightpu-4t", "ct6e-standard-4t", "tpu7x-standard-4t"),
)
UNKNOWN = {
    "n1-standrad-2": "n1-standard-2",
    "a2-higpgu-1g": "a2-highgpu-1g",
    "ct5lp-hightpus-1t": "ct5lp-hightpu-1t",
    "n1-standrad-4-lssd": "n1-standard-4-lssd",
    "n1-x-2": "",
    "n1-standard": "",
    "n1-standard-two": "",
    "N1-standard-2": "",
    "n2-custom-4-8192": "",
    "e2-micro": "",
    "standard-2": "",
}
"""Machine type -> the one that was meant, if that can be said."""


@pytest.mark.parametrize("type_", KNOWN)
def test_machine_types_of_every_family_are_known(type_: str) -> None:
    """Processors, memory, GPUs and TPUs; with local disks and bare metal."""
    assert machine_types.is_known(type_)


@pytest.mark.parametrize(("type_", "meant"), UNKNOWN.items())
def test_a_misspelt_machine_type_is_unknown(type_: str, meant: str) -> None:
    """The type that was meant is suggested if only its kind is misspelt."""
    assert not machine_types.is_known(type_)
    assert machine_types.suggestion(type_) == meant


def test_the_preview_warns_of_an_unknown_machine_type() -> None:
    """Of a version, a pool and a job; it is not an error, because Google adds types."""
    wrong: dict[str, Any] = {"machineType": "n1-standrad-2"}
    job = {**JOB, "machineType": "n1-x-2"}

    found = platforms.read(
        stack(version(**wrong), resourcePools={"a": wrong}, batchPredictionJobs={"j": job}), reader
    ).warnings

    unknown = "is not a known machine type; Vertex AI may refuse it"
    assert found == [
        f"resourcePools.a.machineType: 'n1-standrad-2' {unknown}; did you mean n1-standard-2?",
        f"{V1}.machineType: 'n1-standrad-2' {unknown}; did you mean n1-standard-2?",
        f"batchPredictionJobs.j.machineType: 'n1-x-2' {unknown}; check the spelling",
    ]
    assert platforms.read(stack(model()), reader).warnings == []
