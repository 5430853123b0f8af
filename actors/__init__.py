"""Who decides? One package per service, on the kernel in `runtime`."""
