"""docs/asyncapi.yaml is valid, whole, and what is really said is what it says."""

import asyncio
import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from actors.recording.actor import running
from actors.runtime.client import Client
from actors.sourcing.event_message import event_types
from ops.asyncapi import document, yaml
from ops.catalogue import ACTORS, SERVICES, everything
from ops.documents import ROOT
from schemas.errors import NotFound
from schemas.ids import RecordingId, new_id
from schemas.recording import ConnectSource, GetRecording, PauseRecording, StartRecording, StopRecording
from tests.servers import until
from tests.strangers.install import installed

DOCUMENT = document()


async def test_it_is_valid_asyncapi() -> None:
    folder = await installed()
    schema = json.loads((folder / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json").read_text())
    found = msgspec.yaml.decode((ROOT / "docs" / "asyncapi.yaml").read_bytes())
    errors = [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(found)]
    assert errors == []


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for one in value.values() for found in references(one)]
    return [found for one in value for found in references(one)] if isinstance(value, list) else []


def test_every_reference_leads_somewhere() -> None:
    found = references(DOCUMENT)
    assert len(found) > 100
    for reference in found:
        at: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]


def test_everything_that_is_declared_is_there() -> None:
    names = {one.name for one in everything()}
    declared = {event.__name__ for service in SERVICES for event in event_types(service).values()}
    for actor in ACTORS:
        declared |= {said.__name__ for said in (*actor.routes.requests, *actor.routes.events, *actor.routes.jobs)}
    assert declared <= names
    assert set(DOCUMENT["channels"]) == names | {"Answers"}


def test_it_is_written_as_yaml() -> None:
    assert msgspec.yaml.decode(yaml()) == DOCUMENT


def channel_of(subject: str) -> tuple[str, dict[str, Any]]:
    for name, channel in DOCUMENT["channels"].items():
        if channel["address"] and re.fullmatch(re.sub(r"\{\w+\}", "[^.]+", channel["address"]), subject):
            return name, channel
    raise AssertionError(f"{subject} is no channel")


async def test_what_is_said_for_a_recording_is_what_it_says(nats_client: Nats, database: Any) -> None:
    heard: list[Msg] = []

    async def hear(message: Msg) -> None:
        heard.append(message)

    await nats_client.subscribe("loom.>", cb=hear)
    async with running(nats_client, database):
        entity = RecordingId(new_id())
        client = Client(nats_client)
        for wish in (StartRecording(entity), ConnectSource(entity), PauseRecording(entity), StopRecording(entity)):
            await client.ask(wish)
        with pytest.raises(NotFound):
            await client.ask(GetRecording(RecordingId(new_id())))

        async def saga_began() -> bool:
            return any(message.subject == "loom.cmd.streaming.end_media" for message in heard)

        await until(saga_began)
        await asyncio.sleep(0)
    assert len({message.subject.split(".")[1] for message in heard}) >= 2
    for message in heard:
        name, _ = channel_of(message.subject)
        said = DOCUMENT["components"]["messages"][name]
        schema = {"$ref": said["payload"]["$ref"], "components": DOCUMENT["components"]}
        jsonschema.validate(json.loads(message.data), schema)
        for trait in said.get("traits", []):
            known = DOCUMENT["components"]["messageTraits"][trait["$ref"].rpartition("/")[2]]["headers"]["properties"]
            expected = {"Nats-Expected-Last-Subject-Sequence", "Nats-Expected-Last-Subject-Sequence-Subject"}
            assert set(message.headers or {}) - expected <= set(known)
