"""How is it run? CLI, embedded servers, settings, provisioning, benchmarks."""
