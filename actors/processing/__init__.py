"""The `processing` service: what needs a codec, done away from the recording."""
