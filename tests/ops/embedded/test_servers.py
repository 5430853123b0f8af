from pathlib import Path

import pytest

from ops import settings
from ops.console import Console
from ops.data_folder import CannotStart
from ops.embedded import servers
from ops.embedded.ports import any_free


@pytest.mark.parametrize(
    ("start", "name", "url", "title"),
    [
        (servers._start_nats, "LOOM_NATS_URL", "nats://someone:secret@127.0.0.1:{}", "NATS"),
        (servers._start_postgres, "LOOM_DATABASE_URL", "postgresql://someone:secret@127.0.0.1:{}/loom", "PostgreSQL"),
        (servers._start_redis, "LOOM_REDIS_URL", "redis://someone:secret@127.0.0.1:{}", "Redis"),
    ],
)
async def test_a_configured_server_that_is_away_is_named_without_its_password(
    start: object, name: str, url: str, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "CONFIGURED_DEADLINE_S", 0.3)
    read = settings.read({name: url.format(any_free()), "LOOM_DATA": str(tmp_path)})
    with pytest.raises(CannotStart) as refusal:
        await start(read, None, Console())  # type: ignore[operator]
    said = str(refusal.value)
    assert said.startswith(f"{title} does not answer at {url.split('://', maxsplit=1)[0]}://someone:…@127.0.0.1:")
    assert "secret" not in said
    assert "\n" not in said
