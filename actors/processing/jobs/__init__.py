"""Work on picture and sound that outlives whoever does it: queued, shared out, done, retried, cancelled."""
