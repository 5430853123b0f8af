"""The `loom` command, one file a verb."""
