"""What a source sent, written down as it came: frames that nobody has decoded, packets of sound, pauses."""
