"""`loom dlq`: what no handler could take, and what is done about it."""
