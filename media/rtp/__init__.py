"""RTP and RTCP (RFC 3550, 4585, 6184, 7587, 7741, 9628): values in, values out."""
