"""A token opens one recording until its time; nobody can make or change one without the secret."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateways.http import signing
from gateways.http.signing import Known, Scope
from schemas.ids import new_id

SECRET = b"a secret for tests"
UNTIL = 1_900_000_000


@pytest.mark.parametrize("scope", list(Scope))
def test_what_was_signed_is_known(scope: Scope) -> None:
    recording_id = new_id()
    assert signing.verify(SECRET, recording_id, signing.sign(SECRET, recording_id, UNTIL, scope)) == Known(scope, UNTIL)


def test_it_is_the_hmac_that_the_documents_promise() -> None:
    raw = base64.urlsafe_b64decode(signing.sign(SECRET, "abc", UNTIL))
    said = b"view:" + UNTIL.to_bytes(4, "big") + b":abc"
    assert raw == UNTIL.to_bytes(4, "big") + hmac.new(SECRET, said, hashlib.sha256).digest()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 47), st.sampled_from("AQgw_-zZ09+/= ./%é"))
def test_one_letter_changed_is_nothing(place: int, letter: str) -> None:
    token = signing.sign(SECRET, "abc", UNTIL)
    changed = token[:place] + letter + token[place + 1 :]
    assert signing.verify(SECRET, "abc", changed) == (Known(Scope.ALL, UNTIL) if changed == token else None)


@pytest.mark.parametrize("token", ["", "A", "A" * 47, "A" * 48, "A" * 49, "=" * 48, "é" * 48, "A" * 5000])
def test_what_is_no_token_is_nothing(token: str) -> None:
    assert signing.verify(SECRET, "abc", token) is None


def test_another_recording_and_another_secret_know_nothing_of_it() -> None:
    token = signing.sign(SECRET, "abc", UNTIL)
    assert signing.verify(SECRET, "abd", token) is None
    assert signing.verify(b"another", "abc", token) is None


@given(st.floats(0, 2e9), st.integers(1, 2_592_000))
def test_all_who_ask_about_the_same_time_share_one_link(now: float, ttl_s: int) -> None:
    until = signing.shared_expiry(now, ttl_s)
    assert now + ttl_s < until <= now + ttl_s * (1 + 1 / signing.SHARES) + 1
    assert signing.shared_expiry(until - ttl_s, ttl_s) > until
