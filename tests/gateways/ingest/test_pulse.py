"""One beat for all sockets and followers: nothing waits longer than that, and nobody's trouble is another's."""

import asyncio
import socket
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from gateways.ingest.pulse import BEAT_S, DatagramsProtocol, Pulse, Transport
from gateways.ingest.tray import Datagram, Tray


class Taker(DatagramsProtocol):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.arrived: list[float] = []
        self.lost = False

    def datagrams_received(self, datagrams: list[Datagram], tray: Tray) -> None:
        self.batches.append([tray.data(datagram) for datagram in datagrams])
        self.arrived += [arrived for _, _, arrived in datagrams]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.lost = True


class Thrower(DatagramsProtocol):
    """Cannot take anything."""

    def datagrams_received(self, datagrams: list[Datagram], tray: Tray) -> None:  # noqa: ARG002
        raise RuntimeError(f"{len(datagrams)} too many")


@pytest.fixture
async def pulse() -> Any:
    pulse = Pulse()
    yield pulse
    pulse.close()


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        yield made


def port_of(transport: Transport) -> tuple[str, int]:
    address: tuple[str, int] = transport.get_extra_info("sockname")
    return address


async def test_what_comes_within_a_beat_comes_together_and_in_order(pulse: Pulse, sender: socket.socket) -> None:
    taker = Taker()
    transport = pulse.open("127.0.0.1", 0, taker)
    sent = [bytes((number,)) for number in range(50)]
    for one in sent:
        sender.sendto(one, port_of(transport))
    await asyncio.sleep(5 * BEAT_S)
    assert taker.batches == [sent]
    sender.sendto(b"later", port_of(transport))
    await asyncio.sleep(5 * BEAT_S)
    assert taker.batches == [sent, [b"later"]]
    transport.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel notes arrivals on Linux")
async def test_each_arrival_is_noted_when_it_came_not_when_it_was_read(pulse: Pulse, sender: socket.socket) -> None:
    taker = Taker()
    transport = pulse.open("127.0.0.1", 0, taker)
    loop, sent = asyncio.get_running_loop(), []
    for _ in range(3):
        sent.append(loop.time())
        sender.sendto(b"x", port_of(transport))
        time.sleep(3 * BEAT_S)  # noqa: ASYNC251  nothing is read meanwhile
    await asyncio.sleep(5 * BEAT_S)
    assert len(taker.batches) == 1
    assert taker.arrived == [pytest.approx(at, abs=BEAT_S / 2) for at in sent]
    transport.close()


async def test_a_follower_is_called_on_every_beat_until_it_leaves(pulse: Pulse) -> None:
    beats: list[float] = []
    steps = (beats.append,)
    pulse.follow(steps)
    await asyncio.sleep(20 * BEAT_S)
    pulse.leave(steps)
    count = len(beats)
    assert 5 < count <= 21
    assert beats == sorted(beats)
    await asyncio.sleep(5 * BEAT_S)
    assert len(beats) == count


async def test_packets_come_first_then_everybodys_first_step_then_everybodys_second(
    pulse: Pulse, sender: socket.socket
) -> None:
    seen: list[str] = []
    followers = [tuple(partial(lambda what, _: seen.append(what), what) for what in "12") for _ in range(2)]
    taker = Taker()
    transport = pulse.open("127.0.0.1", 0, taker)
    sender.sendto(b"x", port_of(transport))
    for steps in followers:
        pulse.follow(steps)
    await asyncio.sleep(2 * BEAT_S)
    seen.clear()
    await asyncio.sleep(2 * BEAT_S)
    assert "".join(seen[:4]) == "1122"
    assert taker.batches == [[b"x"]]
    for steps in followers:
        pulse.leave(steps)
    transport.close()


async def test_one_followers_trouble_is_not_anothers(pulse: Pulse) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    beats: list[float] = []

    def throw(now: float) -> None:
        raise RuntimeError(f"not at {now}")

    followers = [(throw,), (beats.append,)]
    for steps in followers:
        pulse.follow(steps)
    await asyncio.sleep(5 * BEAT_S)
    for steps in followers:
        pulse.leave(steps)
    assert told
    assert beats


async def test_one_sources_trouble_is_not_anothers(pulse: Pulse, sender: socket.socket) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    taker = Taker()
    transports = [pulse.open("127.0.0.1", 0, one) for one in (Thrower(), taker)]
    for transport in transports:
        sender.sendto(b"x", port_of(transport))
    await asyncio.sleep(5 * BEAT_S)
    assert taker.batches == [[b"x"]]
    assert [str(context["exception"]) for context in told] == ["1 too many"]
    for transport in transports:
        transport.close()


async def test_a_closed_socket_frees_its_port(pulse: Pulse) -> None:
    taker = Taker()
    transport = pulse.open("127.0.0.1", 0, taker)
    address = port_of(transport)
    transport.close()
    transport.close()
    await asyncio.sleep(BEAT_S)
    assert taker.lost
    assert transport.is_closing()
    pulse.open(*address, Taker()).close()


async def test_a_taken_port_is_an_error(pulse: Pulse) -> None:
    first = pulse.open("127.0.0.1", 0, Taker())
    with pytest.raises(OSError, match="in use"):
        pulse.open(*port_of(first), Taker())
    first.close()
