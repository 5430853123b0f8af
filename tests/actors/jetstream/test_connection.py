"""Headers are read as nats-py reads them, and reach who they are for."""

from hypothesis import example, given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.aio.msg import Msg

from actors.jetstream.connection import Connection

pieces = st.sampled_from(
    [b"Name", b"ce-id", b": ", b":", b" ", b"\t", b"value", b"\r\n", b"\n", b"\r", b"\xc3\xa9", b"\xa0", b"\x1f"]
)


@given(st.lists(pieces, max_size=20).map(b"".join), st.sampled_from([b"", b"\r\n", b"\r\n\r\n"]))
@example(b"A: 1\r\nB: 2 3", b"\r\n\r\n")
@example(b"bad\nA: 1", b"\r\n\r\n")
@example(b"A: 1\r\nA: 2", b"\r\n\r\n")
def test_any_block_is_read_as_nats_py_reads_it(lines: bytes, end: bytes) -> None:
    assert Connection._parse_header_lines(lines + end) == Client._parse_header_lines(lines + end)


async def test_headers_arrive(nats_url: str) -> None:
    client = Connection()
    await client.connect(nats_url)
    try:
        subject = client.new_inbox()
        subscription = await client.subscribe(subject)
        sent = {"One": "1", "Two": "zwei: größer", "Three": "3 3"}
        await client.publish(subject, b"body", headers=sent)
        message: Msg = await subscription.next_msg(5)
        assert message.headers == sent
    finally:
        await client.close()
