"""Packets leave in order, whatever happened to them on their way."""

from hypothesis import given
from hypothesis import strategies as st

from media.rtp.reorder import Gap, ReorderBuffer

GIVE_UP_S = 0.5


def buffer() -> ReorderBuffer[int]:
    return ReorderBuffer(GIVE_UP_S)


def test_packets_in_order_leave_at_once() -> None:
    found = buffer()
    assert [found.insert(n, n, 0.0) for n in (7, 8, 9)] == [[7], [8], [9]]


def test_only_the_very_next_packet_passes() -> None:
    found = buffer()
    assert not found.passes(1)
    found.insert(1, 1, 0.0)
    assert found.passes(2)
    assert not found.passes(2)
    assert not found.passes(4)
    assert found.insert(4, 4, 0.0) == []
    assert not found.passes(3)
    assert found.insert(3, 3, 0.0) == [3, 4]
    assert found.passes(5)


def test_a_packet_that_was_overtaken_is_waited_for() -> None:
    found = buffer()
    assert found.insert(1, 1, 0.0) == [1]
    assert found.insert(3, 3, 0.01) == []
    assert found.insert(2, 2, 0.02) == [2, 3]
    assert not found.waiting


def test_a_packet_that_comes_twice_leaves_once() -> None:
    found = buffer()
    found.insert(1, 1, 0.0)
    assert found.insert(1, 1, 0.1) == []


def test_what_is_missing_is_asked_for_again_and_again_then_given_up() -> None:
    found = buffer()
    found.insert(1, 1, 0.0)
    found.insert(4, 4, 0.0)
    assert found.asked(0.0) == [2, 3]
    assert found.asked(0.01) == []
    assert found.asked(0.1) == [2, 3]
    assert found.expire(0.4) == []
    assert found.expire(0.5) == [Gap(2), 4]
    assert (found.lost, found.waiting) == (2, False)


def test_how_long_asking_takes_is_learnt() -> None:
    found = buffer()
    found.insert(1, 1, 0.0)
    for number in range(3, 43, 2):
        found.insert(number, number, 0.0)
        found.asked(0.0)
        found.insert(number - 1, number - 1, 0.4)
    assert 0.3 < found.round_trip_s <= 0.4


def test_a_sender_that_jumps_far_ahead_begins_anew() -> None:
    found = buffer()
    found.insert(1, 1, 0.0)
    assert found.insert(50_000, 50_000, 0.0) == [Gap(49_998), 50_000]


@given(st.permutations(range(40)), st.sets(st.integers(1, 38)))
def test_whatever_the_order_and_the_loss_what_leaves_is_sorted_and_complete(order: list[int], lost: set[int]) -> None:
    found = buffer()
    found.insert(-1, -1, 0.0)
    came = [number for number in order if number not in lost]
    out = [one for number in came for one in found.insert(number, number, 0.0)] + found.expire(1.0)
    numbers = [one for one in out if not isinstance(one, Gap)]
    assert numbers == sorted(came)
    assert sum(one.packets for one in out if isinstance(one, Gap)) == len([n for n in lost if n < max(came)])
