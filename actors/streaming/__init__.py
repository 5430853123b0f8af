"""The `streaming` service: what the log holds goes to storage and stays there."""
