"""Smaller sizes of a recording: all of them after it has ended, a low one while it is live."""
