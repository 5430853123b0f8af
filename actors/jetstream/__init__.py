"""What is in JetStream, and what comes? Reading the log, pulling work: what nats-py lacks."""
