"""What do actors lean on beside NATS? Databases, caches, storage: each may be away."""
