"""What are things called? Every subject, stream, consumer and object key, declared once."""
