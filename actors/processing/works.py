"""Which kinds of work are done here? By job type; a job of a type that is not here is not queued."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from nats.aio.client import Client
from obstore.store import ObjectStore

from actors.outside.sandbox import Sandbox
from actors.processing.jobs.work import Work
from actors.processing.ladder.transcode_work import TranscodeWork
from actors.processing.pictures.analyze_work import AnalyzeWork
from actors.processing.pictures.thumbnail_work import ThumbnailWork
from actors.processing.said import Said
from media.transcode.encoder import X264
from schemas.media import RUNGS
from schemas.processing import JobType


class Tools(Struct, frozen=True):
    """What works have to work with; whoever made it closes it."""

    nats: Client
    store: ObjectStore
    sandbox: Sandbox
    rungs: Sequence[str] = RUNGS
    video_encoder: str = X264


def works(tools: Tools) -> Mapping[JobType, Work]:
    """All of them."""
    return {
        "transcode": TranscodeWork(tools.nats, tools.store, tools.sandbox, tools.rungs, tools.video_encoder),
        "thumbnail": ThumbnailWork(tools.store, tools.sandbox),
        "analyze": AnalyzeWork(tools.store, tools.sandbox, Said(tools.nats)),
    }
