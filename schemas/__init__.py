"""What is said? Commands, queries, events, views and headers, as msgspec Structs."""
