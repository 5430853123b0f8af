"""Edits: what of a recording is kept, and how segments at a cut become pieces; the rest stays as it lies in storage."""
