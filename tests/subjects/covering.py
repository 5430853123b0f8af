"""NATS's wildcards and queue groups, written once more: what nats-server is expected to do."""


def covers(right: str, asked: str) -> bool:
    """Whether whoever has `right` has `asked`, which may have wildcards itself; both may be "subject queue"."""
    pattern, _, queue = right.partition(" ")
    subject, _, group = asked.partition(" ")
    return queue in ("", group) and _matches(pattern.split("."), subject.split("."))


def _matches(wanted: list[str], found: list[str]) -> bool:
    for at, token in enumerate(wanted):
        if token == ">":
            return len(found) > at
        if at >= len(found) or found[at] == ">" or token not in ("*", found[at]):
            return False
    return len(wanted) == len(found)
