"""Sound: Opus decoded once, AAC made from it."""
