"""Whichever way a socket is emptied, what comes out is what was sent, in order, with its sender and its time."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateways.ingest.tray import LONGEST_DATAGRAM, PLACES, LinuxTray, PlainTray, Tray

KINDS = [PlainTray, *([LinuxTray] if sys.platform == "linux" else [])]


@pytest.fixture(params=KINDS)
def tray(request: pytest.FixtureRequest) -> Tray:
    kind: type[Tray] = request.param
    return kind()


@pytest.fixture(params=["127.0.0.1", "::1"])
def ends(request: pytest.FixtureRequest, tray: Tray) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A sender, and a socket that it is connected to."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with (
        closing(socket.socket(family, socket.SOCK_DGRAM)) as ours,
        closing(socket.socket(family, socket.SOCK_DGRAM)) as theirs,
    ):
        ours.setblocking(False)
        tray.prepare(ours)
        try:
            ours.bind((request.param, 0))
        except OSError:
            pytest.skip("there is no IPv6 here")
        theirs.connect(ours.getsockname())
        yield theirs, ours


def test_what_was_sent_is_there_in_order(tray: Tray, ends: tuple[socket.socket, socket.socket]) -> None:
    sender, ours = ends
    for sizes in ((1, 1200, 12), (300,), (LONGEST_DATAGRAM, 2)):
        sent = [bytes((number,)) * size for number, size in enumerate(sizes)]
        for one in sent:
            sender.send(one)
        assert [tray.data(datagram) for datagram in tray.fill(ours)] == sent
    assert tray.fill(ours) == []


def test_who_sent_it_is_known(tray: Tray, ends: tuple[socket.socket, socket.socket]) -> None:
    sender, ours = ends
    sender.send(b"one")
    sender.send(b"two")
    assert [tray.address(place) for place, _, _ in tray.fill(ours)] == [sender.getsockname()] * 2


def test_what_finds_no_room_waits(tray: Tray, ends: tuple[socket.socket, socket.socket]) -> None:
    sender, ours = ends
    for number in range(PLACES + 1):
        sender.send(bytes((number,)))
    assert len(tray.fill(ours)) == PLACES
    assert [tray.data(datagram) for datagram in tray.fill(ours)] == [bytes((PLACES,))]


def test_what_is_too_long_is_seen_to_be(tray: Tray, ends: tuple[socket.socket, socket.socket]) -> None:
    sender, ours = ends
    sender.send(bytes(4000))
    sender.send(b"x")
    assert [size > LONGEST_DATAGRAM for _, size, _ in tray.fill(ours)] == [True, False]


def test_it_came_between_sending_and_reading(tray: Tray, ends: tuple[socket.socket, socket.socket]) -> None:
    sender, ours = ends
    before = time.monotonic()
    sender.send(b"x")
    ((_, _, arrived),) = tray.fill(ours)
    assert before - 0.001 <= arrived <= time.monotonic()


def test_a_closed_socket_has_nothing(tray: Tray, ends: tuple[socket.socket, socket.socket]) -> None:
    _, ours = ends
    ours.close()
    assert tray.fill(ours) == []
