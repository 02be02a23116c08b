"""The gate before a new default version, with real versions on the emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resources.deploy_errors import ArtifactError, GateFailed
from resources.gate import comparison, samples
from resources.ml import default_handover
from resources.ml.default_version import DefaultVersionProvider
from resources.ml.version import VersionProvider
from tests.emulator import saved_models
from tests.kinds.ml.version import VERSION
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator

Sample = tuple[Any, Any]
Declare = Callable[..., State]


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> World:
    """A project of the test's own."""
    return World(emulator, project, tmp_path)


@pytest.fixture
def default(world: World) -> Declare:
    """Deploys `v1` and then `v2` of an artifact with these samples, and declares `v2` the default."""

    def declare(*samples: Sample, **gate: Any) -> State:
        facts = [{"instance": instance, "prediction": prediction} for instance, prediction in samples]
        (world.folder / "manifest.json").write_text(json.dumps({"samples": facts}), encoding="utf-8")
        return declare_second(world, **gate)

    return declare


def declare_second(world: World, **gate: Any) -> State:
    """Deploys `v1` and then `v2` of the world's artifact, and declares `v2` the default."""
    version = VERSION.declare(world)
    for name in ("v1", "v2"):
        world.made(VersionProvider, {**version, "name": name})
    inputs = {"project": version["project"], "model": "m", "version": "v2", "gate": gate}
    return world.made(DefaultVersionProvider, inputs)


def current(emulator: RunningEmulator, project: str) -> str:
    """The version that serves."""
    model = emulator.ml().projects().models().get(name=f"projects/{project}/models/m").execute()
    name: str = model["defaultVersion"]["name"]
    return name.rpartition("/")[2]


@pytest.mark.tensorflow
def test_a_version_that_answers_its_samples_becomes_the_default(
    default: Declare, emulator: RunningEmulator, project: str
) -> None:
    """Twice the instance, as the manifest says."""
    assert default((1.0, 2.0), (2.5, 5.0))["version"] == "v2"
    assert current(emulator, project) == "v2"


@pytest.mark.tensorflow
@pytest.mark.parametrize("prediction", [2.0, {"y": 2.0}], ids=["bare", "named"])
@pytest.mark.parametrize("display", ["float32[?]", None], ids=["signature known", "not known"])
def test_samples_of_either_form_are_compared(world: World, prediction: Any, display: str | None) -> None:
    """By the output's name where the manifest says it, else by the only value; another value is seen in both forms."""
    signatures = {"serving_default": {"inputs": {"x": display}, "outputs": {"y": display}}} if display else None
    facts = {"samples": [{"instance": 1.0, "prediction": prediction}], "signatures": signatures}
    (world.folder / "manifest.json").write_text(json.dumps(facts), encoding="utf-8")
    assert declare_second(world)["version"] == "v2"

    wrong = world.folder.parent / "wrong.json"
    sample = {"instance": 1.0, "prediction": {"y": 7.0} if isinstance(prediction, dict) else 7.0}
    wrong.write_text(json.dumps([sample]), encoding="utf-8")
    inputs = {"project": world.project, "model": "m", "version": "v1", "gate": {"samples": str(wrong)}}
    with pytest.raises(GateFailed, match=r"instance 0( \(y\))?: expected 7\.0, got 2\.0"):
        world.made(DefaultVersionProvider, inputs)


@pytest.mark.tensorflow
def test_a_model_that_takes_one_instance_at_a_time_is_asked_so(world: World, default: Declare) -> None:
    """Samples that it does not take together are no failure; one that it does not answer still is."""
    (world.folder / "saved_model.pb").write_bytes(saved_models.multiplier(2, rows=1))
    assert default((1.0, 2.0), (2.5, 5.0))["version"] == "v2"

    wrong = world.folder.parent / "wrong.json"
    wrong.write_text('[{"instance": 1.0, "prediction": 2.0}, {"instance": 2.0, "prediction": 7.0}]', encoding="utf-8")
    inputs = {"project": world.project, "model": "m", "version": "v1", "gate": {"samples": str(wrong)}}
    with pytest.raises(GateFailed, match=r"instance 1( \(y\))?: expected 7\.0, got 4\.0"):
        world.made(DefaultVersionProvider, inputs)


@pytest.mark.tensorflow
def test_a_version_that_does_not_leaves_the_old_default(
    default: Declare, emulator: RunningEmulator, project: str
) -> None:
    """The error names the instance, what was expected and what came."""
    reason = r"v2: gate failed against gs://\S+manifest.json: instance 1( \(y\))?: expected 7.0, got 6.0"
    with pytest.raises(GateFailed, match=rf"{reason}\. The current default still serves; v2 stays deployed"):
        default((1.0, 2.0), (3.0, 7.0))

    assert current(emulator, project) == "v1"
    name = f"projects/{project}/models/m/versions/v2"
    assert emulator.ml().projects().models().versions().get(name=name).execute()["state"] == "READY"


@pytest.mark.tensorflow
def test_a_version_that_refuses_its_samples_leaves_the_old_default(
    default: Declare, emulator: RunningEmulator, project: str
) -> None:
    """The model's own error is in the message, and what was going on, and the method that answered."""
    doing, cause = (
        "^create default version projects/.*/models/m/defaultVersion",
        "versions/v2: prediction failed: Prediction",
    )
    with pytest.raises(GateFailed, match=rf"{doing}: .*{cause} failed.* \(ml\.projects\.predict\)\. The"):
        default(("text", 2.0))

    assert current(emulator, project) == "v1"


@pytest.mark.tensorflow
def test_a_version_that_is_too_slow_leaves_the_old_default(
    default: Declare, emulator: RunningEmulator, project: str
) -> None:
    """The bound is optional; nothing answers within no time."""
    with pytest.raises(GateFailed, match=r"responds in 0\.\d+ s .*maxLatency is 1e-09 s"):
        default((1.0, 2.0), maxLatency=1e-9)

    assert current(emulator, project) == "v1"


@pytest.mark.tensorflow
def test_a_users_own_samples_count(default: Declare, tmp_path: Path) -> None:
    """In the place of the manifest's, which may be the wrong ones for what this team cares about."""
    own = tmp_path / "own.json"
    own.write_text(json.dumps([{"instance": 1.0, "prediction": 2.0}]), encoding="utf-8")

    assert default((1.0, 99.0), samples=str(own))["version"] == "v2"


@pytest.mark.tensorflow
@pytest.mark.parametrize("samples", [5, {"a": 1}, [1], [{"instance": 1.0}], "text"])
def test_a_manifest_without_samples_of_the_gate_is_an_error(samples: Any, world: World) -> None:
    """Somebody else's, in a folder that a version was deployed from: it is reported, with what can be done."""
    (world.folder / "manifest.json").write_text(json.dumps({"samples": samples}), encoding="utf-8")
    message = r"manifest\.json: .*must be a list of .*, or set gate\.skip: true"

    with pytest.raises(ArtifactError, match=message):
        declare_second(world)


@pytest.mark.tensorflow
def test_a_missing_manifest_is_requested_once(world: World, emulator: RunningEmulator, project: str) -> None:
    """Signatures and samples are both read from it."""
    version = VERSION.declare(world)
    for name in ("v1", "v2"):
        world.made(VersionProvider, {**version, "name": name})
    emulator.storage().objects().delete(bucket=world.bucket, object="multiplier/one/manifest.json").execute()
    emulator.reset_calls()

    world.made(DefaultVersionProvider, {"project": project, "model": "m", "version": "v2"})

    assert emulator.calls()["storage.objects.get"] == 1
    assert current(emulator, project) == "v2"


@pytest.mark.tensorflow
def test_the_gate_can_be_opened(default: Declare) -> None:
    """By a line that a reviewer sees."""
    assert default((1.0, 99.0), skip=True)["version"] == "v2"


@pytest.mark.tensorflow
def test_a_default_from_outside_that_is_made_again_leaves_it_to_the_declared_one(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """Not to the newest; and it does not take the default back, unlike one that the stack serves."""
    world = World(emulator, project, tmp_path)
    inputs, served = VERSION.declare(world), {"project": project, "model": "m", "version": "v1"}
    for name in ("v1", "v2", "v3"):
        world.made(VersionProvider, {**inputs, "name": name})
    versions, provider = emulator.ml().projects().models().versions(), world.provider(VersionProvider)
    versions.setDefault(name=f"projects/{project}/models/m/versions/v2", body={}).execute()
    world.provider(DefaultVersionProvider).check(served, served)

    provider.delete("", as_engine({**inputs, "name": "v2"}))
    assert current(emulator, project) == "v1"
    world.made(VersionProvider, {**inputs, "name": "v2"})
    assert current(emulator, project) == "v1"

    provider.delete("", as_engine({**inputs, "name": "v1"}))
    assert current(emulator, project) == "v2", "the newest"
    world.made(VersionProvider, {**inputs, "name": "v1"})
    assert current(emulator, project) == "v1"


@pytest.mark.parametrize(
    ("goes", "successor"), [("v3", "v2"), ("v4", "v3"), ("v1", "v4")], ids=["among others", "the newest", "the oldest"]
)
def test_an_older_version_is_the_preferred_successor(goes: str, successor: str) -> None:
    """It mostly was the default once; what came after the default may be what the gate refused."""
    versions = [{"name": f"v{day}", "createTime": f"2026-05-0{day}T10:00:00Z"} for day in (2, 4, 1, 3)]
    (live,) = (item for item in versions if item["name"] == goes)

    assert default_handover.nearest([item for item in versions if item is not live], live)["name"] == successor


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "[1]", '[{"instance": 1}]'], ids=["empty", "object", "none", "number", "no prediction"]
)
def test_a_file_that_holds_no_samples_is_an_error(tmp_path: Path, content: str) -> None:
    """It is not passed over: a gate that checks nothing is worse than none."""
    own = tmp_path / "own.json"
    own.write_text(content, encoding="utf-8")

    with pytest.raises(ArtifactError, match=r"must be a list|not valid JSON"):
        samples.read(str(own))


DIFFERENCES = [
    ([0.1, 0.9], [0.1, 0.9], []),
    ([0.1, 0.9], [0.1004, 0.9004], []),
    ([0.1, 0.9], [0.2, 0.8], ["[0]", "[1]"]),
    ([0.49, 0.51], [0.51, 0.49], [""]),
    (1000.0, 1000.9, []),
    (1000.0, 1001.5, [""]),
    (1.0, "1.0", [""]),
    (True, 1, []),
    ("a", "b", [""]),
    ({"a": 1.0, "b": [[1.0, 2.0]]}, {"a": 1.0, "b": [[1.0, 2.1]]}, ["b[0][1]"]),
    ({"a": 1.0}, {"b": 1.0}, [""]),
    ([1.0, 2.0], [1.0], [""]),
    ([1.0, 2.0], None, [""]),
    (1.0, float("nan"), [""]),
    (float("nan"), 1.0, [""]),
    (float("nan"), float("nan"), []),
    ([float("nan"), 1.0, 2.0], [float("nan"), 1.0, 2.0], []),
    ([float("nan"), 1.0, 2.0], [float("nan"), 2.0, 1.0], ["[1]", "[2]"]),
    ([0.5, 0.5000001], [0.5000001, 0.5], []),
    ([0.5, 0.5014], [0.5007, 0.5006], []),
    ([0.0, 1.0], [0.5, 0.4999], ["[0]", "[1]"]),
    (5000, 5003, [""]),
    (5000, 5000, []),
    (5000, 5003.0, []),
    ({"class_id": 5000}, {"class_id": 5003}, ["class_id"]),
    ([[5000], [7]], [[5001], [7]], ["[0][0]"]),
    ([5000, 7], [5001, 7], ["[0]"]),
    ([5000, 5003], [5003, 5000], [""]),
    (10**400, 1.0, [""]),
    ([10**400, 1.0], [1.0, 2.0], [""]),
    ([1.0, 10**400], [1.0, 2.0], ["[1]"]),
]


@pytest.mark.parametrize(("expected", "came", "paths"), DIFFERENCES)
def test_classes_must_be_equal_and_numbers_within_the_tolerance(expected: Any, came: Any, paths: list[str]) -> None:
    """Each difference stands at its path; of a vector with another class, one difference says so.

    A tie within the tolerance is no class; a number that is none is equal to another such. Two whole numbers are equal
    or are not, however large: classes are such.
    """
    assert [path for path, *_ in comparison.differences(expected, came, (), comparison.TOLERANCE)] == paths
