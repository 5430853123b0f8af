from actors.streaming.deletions import LOOKS_S, Deletions


def test_a_deleted_recording_is_looked_at_ever_more_rarely_and_then_forgotten() -> None:
    deletions = Deletions()
    deletions.note("abc", 1000.0)
    looked = []
    for now in range(1000, 1000 + int(LOOKS_S[-1]) + 20, 5):
        for one in deletions.due(now):
            looked.append(now - 1000.0)
            deletions.looked(one, now)
    assert looked == list(LOOKS_S)
    assert not len(deletions)


def test_one_that_could_not_be_looked_at_stays_due() -> None:
    deletions = Deletions()
    deletions.note("abc", 0.0)
    assert deletions.due(20.0) == deletions.due(21.0) == ["abc"]


def test_looks_that_were_missed_are_one() -> None:
    deletions = Deletions()
    deletions.note("abc", 0.0)
    deletions.looked("abc", 1000.0)
    assert deletions.due(1000.0) == []
    assert deletions.due(LOOKS_S[3]) == ["abc"]


def test_what_is_noted_twice_is_looked_at_as_once() -> None:
    deletions = Deletions()
    deletions.note("abc", 0.0)
    deletions.note("abc", 5.0)
    assert deletions.due(LOOKS_S[0]) == ["abc"]
