"""H.264 as bytes (ITU-T H.264, RFC 6184): NAL units, parameter sets, avcC."""
