"""The HLS door, and the front of the house."""
