"""How often, how long, how did it end? Counted where it ends."""


def handled(said: str, outcome: str, seconds: float) -> None:
    """A message has been handled."""
