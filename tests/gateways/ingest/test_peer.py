"""The private names of aiortc and aioice that the gateway stands on are there in every version that is allowed."""

from aioice.ice import StunProtocol
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceTransport

from gateways.ingest.peer import Network, Peer


async def test_the_names_behind_the_receive_path_are_there() -> None:
    network = Network(None, None)
    ice = RTCIceTransport(RTCIceGatherer(iceServers=[]))
    dtls = RTCDtlsTransport(ice, [network.certificate])
    for name in ("get_component_candidates", "_nominated", "_protocols"):
        assert hasattr(ice._connection, name), name
    for name in ("_rx_srtp", "_tx_srtp", "_set_role"):
        assert hasattr(dtls, name), name
    assert hasattr(StunProtocol, "datagram_received")


async def test_media_keeps_to_its_range_of_ports_and_names_the_public_address() -> None:
    peer = Peer(Network((42_000, 42_050), "203.0.113.7"))
    try:
        _, _, candidates = await peer.gather()
        assert peer.ports
        assert all(42_000 <= port <= 42_050 for port in peer.ports)
        assert any(" 127.0.0.1 " in candidate for candidate in candidates)
        assert any(" 203.0.113.7 " in candidate for candidate in candidates)
    finally:
        await peer.close()
