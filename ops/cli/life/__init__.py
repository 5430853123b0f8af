"""The life of one recording: `loom js show`."""
