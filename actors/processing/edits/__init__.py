"""Edits of recordings: which versions there are, and how one is made."""
