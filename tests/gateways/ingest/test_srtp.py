"""What is decrypted in place is what pylibsrtp gives; what it refuses is left out."""

import struct

from pylibsrtp import Policy, Session

from gateways.ingest.srtp import Opener
from gateways.ingest.tray import PLACE_BYTES, Datagram, PlainTray, Tray

KEY = bytes(range(28))


def session(direction: int) -> Session:
    profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    return Session(policy=Policy(key=KEY, ssrc_type=direction, srtp_profile=profile))


def packet(sequence: int, size: int = 1000) -> bytes:
    return struct.pack(">BBHII", 0x80, 102, sequence, 3000, 7) + bytes((sequence,)) * size


def laid(tray: Tray, packets: list[bytes]) -> list[Datagram]:
    for place, data in enumerate(packets):
        tray.memory[place * PLACE_BYTES : place * PLACE_BYTES + len(data)] = data
    return [(place, len(data), float(place)) for place, data in enumerate(packets)]


def test_packets_come_out_as_they_went_in() -> None:
    sent = [packet(number, 100 * number) for number in range(1, 10)]
    sender, tray = session(Policy.SSRC_ANY_OUTBOUND), PlainTray()
    coded = [sender.protect(one) for one in sent]
    opener, receiver = Opener(tray), session(Policy.SSRC_ANY_INBOUND)
    assert opener.opened(receiver, laid(tray, coded)) == [(one, float(place)) for place, one in enumerate(sent)]
    theirs = session(Policy.SSRC_ANY_INBOUND)
    assert [theirs.unprotect(one) for one in coded] == sent


def test_replays_and_strangers_are_left_out() -> None:
    sender, tray = session(Policy.SSRC_ANY_OUTBOUND), PlainTray()
    first, second = sender.protect(packet(1)), sender.protect(packet(2))
    opener, receiver = Opener(tray), session(Policy.SSRC_ANY_INBOUND)
    datagrams = laid(tray, [first, packet(3), first, bytes(12), second])
    assert opener.opened(receiver, datagrams) == [(packet(1), 0.0), (packet(2), 4.0)]
