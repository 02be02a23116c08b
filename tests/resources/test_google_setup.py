"""What `googleSetup: true` declares. Pulumi's mocks stand for the gcp plugin, which cannot run without Google."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from resources.google_setup import account_id
from tests.running import BOUND, ROOT

PROGRAM = """
import json, sys
import pulumi

class Mocks(pulumi.runtime.Mocks):
    def __init__(self): self.made = []
    def new_resource(self, args):
        self.made.append([args.typ, args.name, {k: v for k, v in args.inputs.items() if v is not None}])
        return [args.name, {**args.inputs, "email": "a@p.iam.gserviceaccount.com"}]
    def call(self, args): return {}

mocks = Mocks()
pulumi.runtime.set_mocks(mocks, project="tf2-models", stack="Staging_1")
from gcp.settings import Settings
from resources import google_setup
from resources.config.plan import Stack
from resources.vertex.service import VERTEX

given = json.loads(sys.argv[1])
settings = Settings(endpoint="regional", region="us-central1", impersonate=given["impersonate"])
stack = Stack(project="p", settings=settings, google_setup=given["google_setup"], bucket={"name": "p-tf2-models"})

@pulumi.runtime.test
def run():
    setup = google_setup.declare(stack, VERTEX)
    bucket = pulumi.ComponentResource("t:t:Bucket", "bucket")
    return pulumi.Output.from_input(dict(setup.account(bucket))).apply(outputs.update)

outputs = {}
run()
print(json.dumps([mocks.made, outputs]))
"""


def declared(**given: Any) -> tuple[dict[tuple[str, str], dict[str, Any]], dict[str, str]]:
    """What a stack registers, (type, name) -> inputs, and its outputs. In a process of its own: mocks are global."""
    given = {"google_setup": True, "impersonate": "", **given}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(given)],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=BOUND,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made, outputs = json.loads(done.stdout.splitlines()[-1])
    return {(type_, name): inputs for type_, name, inputs in made if type_.startswith(("gcp", "pulumi:prov"))}, outputs


def test_it_enables_the_apis_and_makes_an_account_that_reads_the_bucket() -> None:
    """Destroy leaves the APIs enabled, and the account has one right."""
    made, outputs = declared()

    services = {inputs["service"]: inputs for (type_, _), inputs in made.items() if "service:Service" in type_}
    assert set(services) == {f"{api}.googleapis.com" for api in ("aiplatform", "storage", "iam", "artifactregistry")}
    assert all(inputs["disableOnDestroy"] is False and inputs["project"] == "p" for inputs in services.values())
    assert made["gcp:serviceaccount/account:Account", "serving"]["accountId"] == "tf2-models-staging-1"
    assert made["gcp:storage/bucketIAMMember:BucketIAMMember", "serving"] == {
        "bucket": "p-tf2-models",
        "member": "serviceAccount:a@p.iam.gserviceaccount.com",
        "role": "roles/storage.objectViewer",
    }
    assert outputs == {"serviceAccount": "a@p.iam.gserviceaccount.com"}
    assert ("pulumi:providers:gcp", "google") not in made


def test_it_acts_as_the_account_that_the_stack_impersonates() -> None:
    """As the project's own resources do."""
    principal = "deployer@p.iam.gserviceaccount.com"

    made, _ = declared(impersonate=principal)

    assert made["pulumi:providers:gcp", "google"]["impersonateServiceAccount"] == principal


def test_without_the_key_nothing_is_set_up() -> None:
    """As in the stacks of this machine."""
    assert declared(google_setup=False) == ({}, {})


@pytest.mark.parametrize(
    ("stack", "expected"),
    [("prod", "tf2-models-prod"), ("Team.A", "tf2-models-team-a"), ("x" * 60, "tf2-models-" + "x" * 19)],
)
def test_the_account_has_a_valid_id(stack: str, expected: str) -> None:
    """Google takes 6 to 30 small letters, digits and hyphens."""
    assert account_id(stack) == expected
