import { expect, test } from "vitest";
import { listensAt, stereo } from "./sdp";

const OFFER = "m=audio 9 UDP/TLS/RTP/SAVPF 111 9\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:9 G722/8000\r\n";

test("opus is asked for in stereo, and nothing else changes", () =>
  expect(stereo(OFFER)).toBe(
    OFFER.replace("useinbandfec=1", "useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=128000"),
  ));

test("asking twice is asking once", () => expect(stereo(stereo(OFFER))).toBe(stereo(OFFER)));

test("an offer without opus stays as it is", () => expect(stereo("v=0\r\n")).toBe("v=0\r\n"));

test("the answer says which port must be reachable", () =>
  expect(listensAt("a=candidate:1 1 udp 2130706431 192.0.2.1 40001 typ host\r\na=candidate:2 1 tcp 1 192.0.2.1 9 typ host\r\n")).toBe(
    "192.0.2.1 (UDP port 40001)",
  ));
