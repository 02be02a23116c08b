"""A resource of an invented API: a discovery document, a `Service`, a schema and five verbs are all that it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, TypedDict

import pytest
from typing_extensions import Required, Unpack

from gcp.services import Service
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.schema.fields import Schema, fixed, mutable, output, path
from tests.engine import Engine, write_program
from tests.resources.engine.zoo import PLACE, Zoo, serving

_PARROTS = {"request": {"$ref": "Parrot"}, "response": {"$ref": "Parrot"}}


def _method(name: str, verb: str, key: str, tail: str = "", *query: str) -> State:
    keys = {key: {"location": "path", "type": "string"}, **{each: {"location": "query"} for each in query}}
    whole = {"id": f"zoo.projects.locations.{name}", "httpMethod": verb, "path": f"v1/{{+{key}}}{tail}"}
    return {name.rpartition(".")[2]: {**whole, "parameters": keys, **_PARROTS}}


_METHODS = _method("parrots.get", "GET", "name") | _method("parrots.delete", "DELETE", "name")
_METHODS |= _method("parrots.create", "POST", "parent", "/parrots", "parrotId")
_METHODS |= _method("parrots.patch", "PATCH", "name", "", "updateMask")
_LOCATIONS = {"parrots": {"methods": _METHODS}, "operations": {"methods": _method("operations.get", "GET", "name")}}
DOCUMENT: State = {"name": "zoo", "version": "v1", "rootUrl": "https://zoo.googleapis.com/", "servicePath": ""}
DOCUMENT |= {"schemas": {"Parrot": {"id": "Parrot", "type": "object"}}, "parameters": {}}
DOCUMENT |= {"resources": {"projects": {"resources": {"locations": {"resources": _LOCATIONS}}}}}
ZOO = Service(name="zoo", document=lambda: json.dumps(DOCUMENT), operations=("projects.locations.operations",))


class ParrotArgs(TypedDict, total=False):
    """What a program says of a parrot."""

    name: Required[Annotated[str, path("Name.")]]
    colour: Annotated[str, fixed("Colour.")]
    words: Annotated[list[str], mutable("What it says.")]


class ParrotOutputs(TypedDict, total=False):
    """What comes back of a parrot."""

    age: Annotated[int, output("In years.")]


class ParrotProvider(Provider):
    """`projects.locations.parrots`; what its verbs do is in `Provider`."""

    schema, service = Schema("parrot", "Parrot", ParrotArgs, ParrotOutputs), ZOO

    def identity(self, inputs: State) -> str:  # noqa: D102
        return f"{PLACE}/parrots/{inputs['name']}"

    def observe(self, call: Call, inputs: State) -> State:  # noqa: D102
        return dict(call.api.call(call.methods("projects.locations.parrots").get(name=self.identity(inputs))))

    def make(self, call: Call, inputs: State) -> State:  # noqa: D102
        create, body = call.methods("projects.locations.parrots").create, self.schema.body(inputs)
        call.operate(create(parent=PLACE, parrotId=inputs["name"], body=body), repeatable=False)
        return self.observe(call, inputs)

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:  # noqa: D102
        request = {"name": self.identity(news), "updateMask": ",".join(mask), "body": self.schema.pick(news, mask)}
        return dict(call.api.call(call.methods("projects.locations.parrots").patch(**request), repeatable=True))

    def remove(self, call: Call, inputs: State) -> None:  # noqa: D102
        delete = call.methods("projects.locations.parrots").delete
        call.operate(delete(name=self.identity(inputs)), repeatable=True)


class Parrot(Resource, module="zoo", name="Parrot"):
    """A parrot."""

    provider = ParrotProvider

    def __init__(self, resource_name: str, **args: Unpack[ParrotArgs]) -> None:
        super().__init__(resource_name, args, None)


PROGRAM = """
import pulumi
from tests.resources.engine.test_second_api import Parrot
config = pulumi.Config()
if config.get("words"):
    made = Parrot("polly", name="polly", colour=config.get("colour"), words=config.require_object("words"))
    pulumi.export("age", made.age)
"""


@pytest.mark.engine
def test_a_resource_of_another_api_lives(tmp_path: Path) -> None:
    """It is created, patched, refreshed, refused and deleted by what `Provider` knows of every resource."""
    engine = Engine(tmp_path / "engine", write_program(tmp_path / "program", PROGRAM))
    with serving() as url:
        config = {"tf2-models:endpoint": url, "tf2-models:colour": "green"}
        engine.write({**config, "tf2-models:words": '["hi"]'})
        assert (engine.up()["created"], engine.outputs()) == (2, {"age": 3})
        engine.write({**config, "tf2-models:words": '["hi", "bye"]'})
        assert engine.preview() == {"Parrot polly": "update"}
        assert engine.up() == {"updated": 1, "unchanged": 1}
        Zoo.parrots[f"{PLACE}/parrots/polly"]["words"] = ["no"]
        assert engine.up("--refresh") == {"updated": 1, "unchanged": 1}
        engine.write({**config, "tf2-models:colour": "red", "tf2-models:words": '["hi", "bye"]'})
        refused = engine.stack("up", "--skip-preview", fails=True)
        engine.write(config)
        assert engine.up() == {"deleted": 1, "unchanged": 1}

    assert "colour of parrot projects/p/locations/here/parrots/polly cannot be changed in place: colour was " in refused
    assert [Zoo.calls.count(f"{verb} polly") for verb in ("POST", "PATCH", "DELETE")] == [1, 2, 1]
    assert (Zoo.parrots, Zoo.calls.count("GET 1")) == ({}, 2)
