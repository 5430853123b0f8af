"""The REST door, and the pages."""
