"""What may be asked of the WHIP endpoint (RFC 9725), as data; gateways/ingest answers."""

from typing import Annotated, Final

from msgspec import Meta

from gateways.http.operation import TEXT, Answer, Operation, Parameter
from schemas.ids import LENGTH

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
ENDPOINT: Final = "/whip/{id}"
SESSION: Final = "/whip/sessions/{instance}/{session}"

Id = Annotated[str, Meta(pattern=f"^[0-9A-Za-z]{{{LENGTH}}}$", description="The recording's `id`.")]
Instance = Annotated[int, Meta(ge=0, description="Which gateway has the session; part of `Location`.")]
Name = Annotated[str, Meta(description="The session's unguessable name; part of `Location`.")]
Matched = Annotated[str, Meta(description="The session's ETag, from the answer to the offer (RFC 9725, 4.3.1).")]

ID: Final = Parameter("id", "path", Id)
_SESSION: Final = (Parameter("instance", "path", Instance), Parameter("session", "path", Name))
_ALLOWED: Final = Answer(
    204,
    "What may be sent.",
    headers={
        "Accept-Post": "What a POST may carry.",
        "Access-Control-Allow-Headers": "For the preflight of a browser.",
        "Access-Control-Allow-Methods": "For the preflight of a browser.",
        "Access-Control-Allow-Origin": "Any page may send.",
    },
)
_CREATED: Final = Answer(
    201,
    "The answer, with every candidate in it; nothing needs to be trickled.",
    {SDP: TEXT},
    {
        "Location": "The session, for PATCH and DELETE.",
        "ETag": "Names the ICE session.",
        "Link": "STUN and TURN servers to use, one a field (RFC 9725, 4.6).",
        "Accept-Patch": "What a PATCH may carry.",
    },
)

OPERATIONS: Final = (
    Operation(
        name="openWhipSession",
        method="POST",
        path=ENDPOINT,
        tag="sending",
        summary="Begin to send",
        description="A further session of the same recording takes over from the one before and goes on behind it.",
        parameters=(ID,),
        takes={SDP: TEXT},
        answers=(_CREATED,),
        refuses=(400, 401, 404, 409, 410, 413, 415, 422, 429, 507),
        bearer="required",
    ),
    Operation(
        name="whatWhipTakes",
        method="OPTIONS",
        path=ENDPOINT,
        tag="sending",
        summary="Ask what may be posted",
        parameters=(ID,),
        answers=(_ALLOWED,),
    ),
    Operation(
        name="trickleCandidates",
        method="PATCH",
        path=SESSION,
        tag="sending",
        summary="Tell further candidates",
        description="They are not needed: the source is found by what it sends. An ICE restart is not supported.",
        parameters=(*_SESSION, Parameter("If-Match", "header", Matched, required=True)),
        takes={FRAGMENT: TEXT},
        answers=(Answer(204, "Heard.", headers={"ETag": "Names the ICE session."}),),
        refuses=(400, 401, 404, 412, 413, 415, 422, 428),
        bearer="optional",
    ),
    Operation(
        name="closeWhipSession",
        method="DELETE",
        path=SESSION,
        tag="sending",
        summary="End the session",
        description="The recording goes on: another session may follow, until it is stopped.",
        parameters=_SESSION,
        answers=(Answer(200, "All that was sent is stored."),),
        refuses=(401, 404),
        bearer="optional",
    ),
    Operation(
        name="whatWhipSessionTakes",
        method="OPTIONS",
        path=SESSION,
        tag="sending",
        summary="Ask what a session takes",
        parameters=_SESSION,
        answers=(_ALLOWED,),
        refuses=(404,),
    ),
)
