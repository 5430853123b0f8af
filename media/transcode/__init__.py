"""One decode, several sizes: the rungs of a ladder from what was recorded."""
