"""Who comes in? WHIP recorders, HLS viewers, API callers, people with a browser."""
