"""What every door shares: problem details, health, the request id."""
