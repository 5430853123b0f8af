"""Is the database as this version needs it? schemas/sql/NNNN_*.sql in order, each once, in a transaction."""

import hashlib
from pathlib import Path
from typing import Final

import asyncpg

import schemas

FOLDER: Final = Path(schemas.__file__).parent / "sql"
LOCK: Final = 0x100B


async def migrate(connection: asyncpg.Connection) -> list[str]:
    """Apply what is missing; the names that were applied. Raises RuntimeError when an applied file has changed."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations "
            "(name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        done = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT * FROM schema_migrations")}
        applied = []
        for path in sorted(FOLDER.glob("[0-9]*.sql")):
            text = path.read_text()
            checksum = hashlib.sha256(text.encode()).hexdigest()
            if path.name not in done:
                await connection.execute(text)
                await connection.execute("INSERT INTO schema_migrations VALUES ($1, $2)", path.name, checksum)
                applied.append(path.name)
            elif done[path.name] != checksum:
                raise RuntimeError(f"{path.name} was applied in another form; write a new migration instead.")
        return applied
