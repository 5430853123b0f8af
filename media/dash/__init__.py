"""MPEG-DASH: a manifest over the same segments."""
