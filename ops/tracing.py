"""How do traces get out? As spans by OTLP over HTTP; Jaeger, Tempo and others read that.

The one module that knows OpenTelemetry; imported only where `LOOM_OTLP_URL` is set. Spans are named and described as
its semantic conventions want: https://opentelemetry.io/docs/specs/semconv/messaging/, …/http/, …/database/.
"""

import logging
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from actors.runtime import tracing
from actors.runtime.outcome import Dead, Late, Refused, Retry
from actors.runtime.tracing import Headers, Kind, Work
from schemas.envelope import CORRELATION_ID, MESSAGE_ID, TRACE
from schemas.ids import LENGTH, is_id
from subjects import peers

T = TypeVar("T")
EVERY_MS: Final = 1_000
DEADLINE_S: Final = 3
DEFECT: Final = 500
KINDS: Final = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
OPERATIONS: Final = {"client": ("send", "request"), "producer": ("send", "publish"), "consumer": ("process", "process")}
"""By kind: `messaging.operation.type` and `messaging.operation.name`."""
log = structlog.get_logger(__name__)
_propagator: Final = TraceContextTextMapPropagator()


@contextmanager
def exporting(url: str, ratio: float, process: str, instance: int) -> Iterator[None]:
    """Exports while the block runs, and what is left at its end, for a few seconds at most."""
    ids = _Ids()
    resource = Resource.create(
        {
            "service.name": process,
            "service.namespace": "loom",
            "service.instance.id": f"{socket.gethostname()}-{process}-{instance}-{os.getpid()}",
        }
    )
    provider = TracerProvider(ParentBased(_Roots(ratio)), resource, id_generator=ids, shutdown_on_exit=False)
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)  # it has a line for each attempt
    outlet = _Outlet(OTLPSpanExporter(f"{url}/v1/traces", timeout=DEADLINE_S))
    provider.add_span_processor(BatchSpanProcessor(outlet, schedule_delay_millis=EVERY_MS))
    postgres = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
    postgres.instrument(tracer_provider=provider)
    tracing.spans = Exported(provider, ids, ratio)
    try:
        yield
    finally:
        tracing.spans = None
        outlet.is_last = True
        postgres.uninstrument()
        provider.shutdown()


class Exported:
    """`actors.runtime.tracing.Spans`, in OpenTelemetry's words."""

    def __init__(self, provider: TracerProvider, ids: "_Ids", ratio: float) -> None:
        self.ratio = ratio
        self._ids = ids
        self._tracer = provider.get_tracer("loom")

    async def around(
        self,
        kind: Kind,
        name: str,
        headers: Headers,
        work: Work[T],
        *arguments: Any,
        begins: bool = False,
        others: Iterable[Headers] = (),
    ) -> T:
        """Work within a span. One that begins a trace is the very span that the headers name, and has no parent."""
        said, attributes = _http(name) if kind == "server" else _messaging(kind, name, headers)
        parent = _propagator.extract(headers)
        if begins:
            self._ids.next = get_current_span(parent).get_span_context()
            parent = Context()
        with self._tracer.start_as_current_span(
            said, parent if TRACE in headers else None, KINDS[kind], attributes, links=_links(others)
        ) as span:
            carrier: Headers = {}
            _propagator.inject(carrier)
            result = await work({**headers, **carrier}, *arguments)
            _tell(span, result)
            return result


class _Outlet(SpanExporter):
    """Whoever collects may be away: that is said once, and nobody waits long for it at the end."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._is_away = False
        self.is_last = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self.is_last and self._is_away:
            return SpanExportResult.FAILURE
        result = self._inner.export(spans)
        is_away = result is not SpanExportResult.SUCCESS
        if is_away and not self._is_away:
            log.warning("traces do not get out, and are dropped for now")
        elif self._is_away and not is_away:
            log.info("traces get out again")
        self._is_away = is_away
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


class _Ids(RandomIdGenerator):
    """Random, unless a span is to begin a trace whose name is known already."""

    next: SpanContext | None = None

    def generate_trace_id(self) -> int:
        return self.next.trace_id if self.next else super().generate_trace_id()

    def generate_span_id(self) -> int:
        found, self.next = self.next, None
        return found.span_id if found else super().generate_span_id()


class _Roots(Sampler):
    """A share of traces, whole ones; a query that belongs to none (a look at the clock) is no trace by itself."""

    def __init__(self, ratio: float) -> None:
        self._share = TraceIdRatioBased(ratio)

    def should_sample(self, *asked: Any, **more: Any) -> SamplingResult:
        attributes = more.get("attributes") or (asked[4] if len(asked) > 4 else None)  # noqa: PLR2004
        if attributes and "db.system" in attributes:
            return SamplingResult(Decision.DROP)
        return self._share.should_sample(*asked, **more)

    def get_description(self) -> str:
        return self._share.get_description()


def _http(name: str) -> tuple[str, dict[str, str]]:
    method, _, route = name.partition(" ")
    return name, {"http.request.method": method, "http.route": route}


def _messaging(kind: Kind, subject: str, headers: Headers) -> tuple[str, dict[str, str]]:
    """A subject may name an entity; the template, and so the span's name, does not."""
    subject = headers.get(peers.SUBJECT, subject) if kind == "consumer" else subject
    template = ".".join("*" if is_id(token[-LENGTH:]) else token for token in subject.split("."))
    operation, verb = OPERATIONS[kind]
    found = {
        "messaging.system": "nats",
        "messaging.operation.type": operation,
        "messaging.operation.name": verb,
        "messaging.destination.name": subject,
        "messaging.destination.template": template,
        "messaging.message.id": headers.get(MESSAGE_ID, ""),
        "messaging.message.conversation_id": headers.get(CORRELATION_ID, ""),
    }
    return f"{verb} {template}", {key: value for key, value in found.items() if value}


def _links(others: Iterable[Headers]) -> list[Link]:
    found = [get_current_span(_propagator.extract(headers)).get_span_context() for headers in others]
    return [Link(context) for context in found if context.is_valid]


def _tell(span: Span, result: object) -> None:
    """How it ended, where that is no exception."""
    match result:
        case Refused(error=error):
            span.set_attribute("loom.refused", error.code)
        case Dead(error=error) | Late(error=error) | Retry(error=error):
            span.set_attribute("error.type", type(error).__qualname__)
            span.record_exception(error)
            span.set_status(StatusCode.ERROR)
    status = getattr(result, "status", None)
    if isinstance(status, int):
        span.set_attribute("http.response.status_code", status)
        if status >= DEFECT:
            span.set_attribute("error.type", str(status))
            span.set_status(StatusCode.ERROR)
