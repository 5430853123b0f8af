import asyncio
from pathlib import Path

import asyncpg
import pytest

from ops import migrate as migrations
from ops.migrate import migrate

TABLES = {"recording_sessions", "recording_segments", "recording_templates", "projection_positions"}


async def test_each_file_is_applied_once(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    applied = await migrate(connection)
    assert applied == sorted(path.name for path in migrations.FOLDER.glob("*.sql"))
    assert {row["tablename"] for row in await connection.fetch("SELECT tablename FROM pg_tables")} >= TABLES
    assert await migrate(connection) == []
    await connection.close()


async def test_two_that_start_at_once_do_not_collide(database_url: str) -> None:
    connections = [await asyncpg.connect(database_url) for _ in range(2)]
    applied = await asyncio.gather(*(migrate(connection) for connection in connections))
    assert sorted(map(len, applied)) == [0, len(list(migrations.FOLDER.glob("*.sql")))]
    for connection in connections:
        await connection.close()


async def test_a_new_file_is_applied_and_a_changed_one_refused(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)
    connection = await asyncpg.connect(database_url)
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (a int)")
    assert await migrate(connection) == ["0001_first.sql"]
    (tmp_path / "0002_second.sql").write_text("ALTER TABLE first ADD b int; CREATE TABLE second (c int)")
    assert await migrate(connection) == ["0002_second.sql"]
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (a bigint)")
    with pytest.raises(RuntimeError, match=r"0001_first.sql was applied in another form"):
        await migrate(connection)
    await connection.close()


async def test_a_migration_that_fails_leaves_nothing_behind(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)
    connection = await asyncpg.connect(database_url)
    (tmp_path / "0001_half.sql").write_text("CREATE TABLE half (a int); SELECT nonsense")
    with pytest.raises(asyncpg.PostgresError):
        await migrate(connection)
    assert not await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'half'")
    await connection.close()
