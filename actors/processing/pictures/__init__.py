"""What is made of a recording to be looked at: thumbnails, preview, waveform; and what is measured of it."""
