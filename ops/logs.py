"""What does a log line look like? Readable on a console, JSON for machines; one line an event, with its trace."""

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog

from actors.runtime.tracing import current


class _Patient:
    """Standard output whose reader may be gone, or whose disk full: what is being done is worth more than its log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def configure(form: str, level: str, process: str) -> None:
    """Set up structlog and the standard library's logging for this process."""
    number = getattr(logging, level.upper())
    output = cast("TextIO", _Patient(sys.stdout))
    structlog.configure(
        processors=[*_shared(), *_last(form)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(output)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=_of_others(form), foreign_pre_chain=_shared()))
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _trace(_: structlog.typing.WrappedLogger, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if trace := current.get().trace:
        line["trace"] = trace[3:35]
    return line


def _last(form: str) -> list[structlog.typing.Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=0, exception_formatter=plain)]


def _of_others(form: str) -> list[structlog.typing.Processor]:
    """The standard library's records, those of aiohttp and aiortc among them, in the same form."""
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(form)]
