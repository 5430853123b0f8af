import re

from gateways.http.refusals import STATUS
from schemas import errors
from schemas.errors import BY_CODE, LoomError


def test_every_refusal_has_its_own_code() -> None:
    kinds = {kind for one in LoomError.__subclasses__() for kind in (one, *one.__subclasses__())}
    assert set(BY_CODE.values()) == {kind for kind in kinds if kind.__module__ == LoomError.__module__}
    assert all(BY_CODE[code].code == code for code in BY_CODE)
    assert LoomError.code not in BY_CODE


def test_the_table_on_the_page_is_the_one_in_force() -> None:
    found = re.findall(r"── (\w+) +(\w+) +(\d{3})", errors.__doc__ or "")
    assert [(BY_CODE[code].__name__, code, STATUS[code]) for _, code, _ in found] == [
        (name, code, int(status)) for name, code, status in found
    ]
    assert {code for _, code, _ in found} == set(BY_CODE) == set(STATUS)
