"""What is done to picture and sound? Pure code: no names, no network, no database, no event loop."""
