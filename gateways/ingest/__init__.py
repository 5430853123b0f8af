"""The WHIP door: RTP in, CMAF parts into the log."""
