import pytest

from schemas.ids import ALPHABET, LENGTH, is_id, new_id
from subjects.tokens import token


def test_a_new_id_is_one_and_fits_a_subject() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_id(one) and token(one) == one for one in made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * (LENGTH - 1),
        "a" * (LENGTH + 1),
        "é" * LENGTH,
        "../../../../etc/passwd"[:LENGTH],
        "a" * (LENGTH - 1) + "\n",
        "a.b" + "a" * (LENGTH - 3),
        "٣" * LENGTH,
    ],
)
def test_nothing_else_is_an_id(text: str) -> None:
    assert not is_id(text)


def test_it_cannot_be_guessed() -> None:
    assert len(ALPHABET) ** LENGTH > 2**128
