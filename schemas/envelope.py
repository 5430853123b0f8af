"""What travels beside every message: who, since when, because of what. Headers on the wire, `Meta` in code.

Events carry the attributes of CloudEvents 1.0 as well (its NATS protocol binding, 3.1: binary mode), so that others
can read them.
"""

from datetime import datetime
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
SCHEMA_VERSION: Final = "Loom-Schema-Version"
ERROR_CODE: Final = "Nats-Service-Error-Code"  # ADR-32
ERROR: Final = "Nats-Service-Error"  # ADR-32

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


class Caller(Struct, frozen=True):
    """On whose behalf a message is sent, and because of what.

    `command_id` makes a command idempotent: sent again under the same id within the duplicate window of EVENTS (two
    minutes), it changes nothing more.
    """

    user_id: UserId = LOCAL_USER
    workspace_id: WorkspaceId = LOCAL_WORKSPACE
    correlation_id: str = ""
    causation_id: str = ""
    command_id: str = ""


class Meta(Struct, frozen=True):
    """What is known of a stored event beside its body."""

    id: str
    sequence: int
    time: datetime
    caller: Caller
    version: int = 1

    def because(self, step: str) -> Caller:
        """On whose behalf to send what follows from this event; delivered twice, it follows once."""
        return structs.replace(self.caller, causation_id=self.id, command_id=f"{self.id}.{step}")
