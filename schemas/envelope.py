"""What travels beside every message: who, until when, because of what. Headers on the wire, Caller and Meta in code.

Events carry the attributes of CloudEvents 1.0 as well (its NATS protocol binding, 3.1: binary mode), so that others
can read them.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct, structs

from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, UserId, WorkspaceId

MESSAGE_ID: Final = "Nats-Msg-Id"
EXPECTED_LAST_SUBJECT_SEQUENCE: Final = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: Final = "Nats-Expected-Last-Subject-Sequence-Subject"
CORRELATION_ID: Final = "Loom-Correlation-Id"
CAUSATION_ID: Final = "Loom-Causation-Id"
USER_ID: Final = "Loom-User-Id"
WORKSPACE_ID: Final = "Loom-Workspace-Id"
COMMAND_ID: Final = "Loom-Command-Id"
DEADLINE: Final = "Loom-Deadline"
TRACE: Final = "traceparent"  # W3C Trace Context
SCHEMA_VERSION: Final = "Loom-Schema-Version"
ERROR_CODE: Final = "Nats-Service-Error-Code"  # ADR-32
ERROR: Final = "Nats-Service-Error"  # ADR-32
STORED_AT: Final = "Nats-Time-Stamp"  # the server's, in direct gets

DEAD_SUBJECT: Final = "Loom-Dead-Subject"
DEAD_SEQUENCE: Final = "Loom-Dead-Sequence"
DEAD_REASON: Final = "Loom-Dead-Reason"
DEAD_TRACE: Final = "Loom-Dead-Trace"  # the traceback, its line breaks escaped
DEAD_ID: Final = "Loom-Dead-Id"

BATCH_ID: Final = "Nats-Batch-Id"  # ADR-50: several messages or none
BATCH_SEQUENCE: Final = "Nats-Batch-Sequence"
BATCH_COMMIT: Final = "Nats-Batch-Commit"

CE_SPECVERSION: Final = "ce-specversion"
CE_ID: Final = "ce-id"
CE_SOURCE: Final = "ce-source"
CE_TYPE: Final = "ce-type"
CE_SUBJECT: Final = "ce-subject"
CE_TIME: Final = "ce-time"
CONTENT_TYPE: Final = "content-type"

_UNKNOWN: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Caller(Struct, frozen=True):
    """On whose behalf a message is sent, because of what, and until when.

    `command_id` makes a command idempotent: sent again under the same id, it changes nothing more. `deadline` is in
    seconds since 1970; nobody waits for an answer after it. `trace` is a W3C traceparent.
    """

    user_id: UserId = LOCAL_USER
    workspace_id: WorkspaceId = LOCAL_WORKSPACE
    correlation_id: str = ""
    causation_id: str = ""
    command_id: str = ""
    deadline: float = math.inf
    trace: str = ""


NOBODY: Final = Caller()
"""On nobody's behalf in particular: until there is sign-in, the local user."""


class Meta(Struct, frozen=True):
    """What is known of a stored event, or of a job, beside its body."""

    id: str
    sequence: int
    time: datetime
    caller: Caller
    version: int = 1

    def because(self, step: str) -> Caller:
        """On whose behalf to send what follows from this; delivered twice, it follows once."""
        return structs.replace(self.caller, causation_id=self.id, command_id=f"{self.id}.{step}", deadline=math.inf)


def caller_from_headers(headers: Mapping[str, str]) -> Caller:
    """On whose behalf a message was sent. Raises ValueError for a deadline that is none."""
    said = headers.get
    return Caller(
        UserId(said(USER_ID, LOCAL_USER)),
        WorkspaceId(said(WORKSPACE_ID, LOCAL_WORKSPACE)),
        said(CORRELATION_ID, ""),
        said(CAUSATION_ID, ""),
        said(COMMAND_ID, ""),
        float(said(DEADLINE, "inf")),
        said(TRACE, ""),
    )


def caller_to_headers(caller: Caller) -> dict[str, str]:
    """The same on the wire; what is not known is not said."""
    headers: dict[str, str] = {USER_ID: caller.user_id, WORKSPACE_ID: caller.workspace_id}
    if caller.correlation_id:
        headers[CORRELATION_ID] = caller.correlation_id
    if caller.causation_id:
        headers[CAUSATION_ID] = caller.causation_id
    if caller.command_id:
        headers[COMMAND_ID] = caller.command_id
    if caller.deadline != math.inf:
        headers[DEADLINE] = f"{caller.deadline:.3f}"
    if caller.trace:
        headers[TRACE] = caller.trace
    return headers


def meta_from_headers(headers: Mapping[str, str], sequence: int) -> Meta:
    """What the headers of a stored message say."""
    said_at = headers.get(CE_TIME) or headers.get(STORED_AT)
    return Meta(
        id=headers.get(MESSAGE_ID, ""),
        sequence=sequence,
        time=datetime.fromisoformat(said_at) if said_at else _UNKNOWN,
        caller=caller_from_headers(headers),
        version=int(headers.get(SCHEMA_VERSION, "1")),
    )
