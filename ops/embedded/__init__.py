"""The real servers that come in wheels: NATS, PostgreSQL, Redis."""
