"""Pictures made from video: the poster."""
