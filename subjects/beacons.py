"""loom.beacon.<what>: core NATS, said again and again, for those who listen right now; nothing is kept."""

SPACE = "loom.beacon.space"
"""How much room is left for recordings, by each process that keeps them."""
