"""What travels beside every message: who, since when, because of what. Headers on the wire, `Meta` in code."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, UserId, WorkspaceId

MESSAGE_ID: Final = "Nats-Msg-Id"
EXPECTED_LAST_SUBJECT_SEQUENCE: Final = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: Final = "Nats-Expected-Last-Subject-Sequence-Subject"
CORRELATION_ID: Final = "Loom-Correlation-Id"
CAUSATION_ID: Final = "Loom-Causation-Id"
USER_ID: Final = "Loom-User-Id"
WORKSPACE_ID: Final = "Loom-Workspace-Id"
TIME: Final = "Loom-Time"
SCHEMA_VERSION: Final = "Loom-Schema-Version"
ERROR_CODE: Final = "Nats-Service-Error-Code"  # ADR-32
ERROR: Final = "Nats-Service-Error"  # ADR-32


class Caller(Struct, frozen=True):
    """On whose behalf a message is sent."""

    user_id: UserId = LOCAL_USER
    workspace_id: WorkspaceId = LOCAL_WORKSPACE
    correlation_id: str = ""


class Meta(Struct, frozen=True):
    """What is known of a stored event beside its body."""

    id: str
    sequence: int
    time: datetime
    caller: Caller
    causation_id: str = ""
    version: int = 1
