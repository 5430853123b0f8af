"""The kernel: one message in, events out, in order per entity."""
