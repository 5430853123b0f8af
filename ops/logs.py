"""What does a log line look like? Readable on a console, JSON for machines; one line an event, with its request id."""

import logging
import sys

import structlog


def configure(form: str, level: str, process: str) -> None:
    """Set up structlog and the standard library's logging for this process."""
    number = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        else [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=0)]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(
        stream=sys.stdout, level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s"
    )
