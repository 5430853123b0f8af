import asyncio

import pytest

from actors.jetstream.tasks import ended


async def test_who_did_not_hear_is_told_again() -> None:
    told = 0

    async def deaf() -> None:
        nonlocal told
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1
                if told == 2:
                    raise

    async with asyncio.timeout(5):
        task = asyncio.create_task(deaf())
        await asyncio.sleep(0)
        await ended([task])
    assert task.cancelled()


async def test_what_a_task_raises_is_for_its_owner() -> None:
    async def breaks() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ZeroDivisionError

    task = asyncio.create_task(breaks())
    await asyncio.sleep(0)
    await ended([task])
    with pytest.raises(ZeroDivisionError):
        task.result()


async def test_who_has_ended_is_not_waited_for() -> None:
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    await ended([task])
    assert not task.cancelled()
