"""What a door says when its client does not come through."""


class Unreachable(Exception):
    """The client's media does not come through; the sentence says why."""
