import asyncio

from gateways.api.turns import Turns


async def test_a_newer_one_ends_the_one_before_it_and_waits_until_it_is_over() -> None:
    turns, said = Turns(), list[str]()
    begun = asyncio.Event()

    async def hold(name: str) -> None:
        try:
            async with turns.mine("a"):
                said.append(f"{name} begins")
                begun.set()
                await asyncio.Event().wait()
        finally:
            said.append(f"{name} ends")

    async def slowly() -> None:
        async with turns.mine("a"):
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.05)
                said.append("the first has finished what it had begun")

    first = asyncio.create_task(slowly())
    await begun.wait()
    second = asyncio.create_task(hold("second"))
    await asyncio.sleep(0)
    begun.clear()
    third = asyncio.create_task(hold("third"))
    await asyncio.wait_for(begun.wait(), 5)
    assert said == ["second ends", "the first has finished what it had begun", "third begins"]
    assert first.cancelled() and second.cancelled()
    third.cancel()
    await asyncio.wait([third])


async def test_those_for_different_things_do_not_meet() -> None:
    turns = Turns()
    async with turns.mine("a"), turns.mine("b"):
        pass
    assert not turns._latest
