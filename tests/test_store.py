import asyncio
from collections.abc import Callable

import pytest

from mockpsc.clock import Clock
from mockpsc.store import MemoryStore, RevokedToken, SpentCode, Store

StoreMaker = Callable[[Clock], Store]


@pytest.fixture(params=[MemoryStore])
def make_store(request: pytest.FixtureRequest) -> StoreMaker:
    """Every store there is: what follows is the contract of them all."""
    maker: StoreMaker = request.param
    return maker


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.freeze()
    return clock


def token(clock: Clock, id: str, seconds: float = 60) -> RevokedToken:
    return RevokedToken(id=id, expires_at=clock.now() + seconds)


def test_what_is_put_is_got_until_it_expires(make_store: StoreMaker, clock: Clock) -> None:
    async def scenario() -> None:
        store = make_store(clock)
        await store.put(token(clock, "a"))
        clock.advance(59.9)
        assert (await store.get(RevokedToken, "a")) is not None
        clock.advance(0.1)
        assert (await store.get(RevokedToken, "a")) is None
        assert (await store.take(RevokedToken, "a")) is None
        assert (await store.find(RevokedToken)) == []

    asyncio.run(scenario())


def test_kinds_do_not_share_ids(make_store: StoreMaker, clock: Clock) -> None:
    async def scenario() -> None:
        store = make_store(clock)
        await store.put(token(clock, "a"))
        assert (await store.get(SpentCode, "a")) is None
        await store.delete(SpentCode, "a")
        assert (await store.get(RevokedToken, "a")) is not None

    asyncio.run(scenario())


def test_only_one_of_many_takes(make_store: StoreMaker, clock: Clock) -> None:
    async def scenario() -> None:
        store = make_store(clock)
        await store.put(token(clock, "a"))
        taken = await asyncio.gather(*(store.take(RevokedToken, "a") for _ in range(20)))
        assert sum(record is not None for record in taken) == 1

    asyncio.run(scenario())


def test_find_looks_at_fields(make_store: StoreMaker, clock: Clock) -> None:
    async def scenario() -> None:
        store = make_store(clock)
        for number in range(4):
            code = SpentCode(id=str(number), client_id=f"c{number % 2}", session_id="s", expires_at=clock.now() + 60)
            await store.put(code)
        assert {code.id for code in await store.find(SpentCode, client_id="c1", session_id="s")} == {"1", "3"}
        await store.delete(SpentCode, "1")
        assert {code.id for code in await store.find(SpentCode, client_id="c1")} == {"3"}

    asyncio.run(scenario())


def test_memory_forgets_what_has_expired(clock: Clock) -> None:
    async def scenario() -> None:
        store = MemoryStore(clock)
        for number in range(10_000):
            await store.put(token(clock, str(number), seconds=1))
            clock.advance(0.01)
        assert len(store) <= 1100

    asyncio.run(scenario())


def test_a_store_that_is_cleared_has_nothing(make_store: StoreMaker, clock: Clock) -> None:
    async def scenario() -> None:
        store = make_store(clock)
        await store.put(token(clock, "a"))
        await store.clear()
        assert (await store.get(RevokedToken, "a")) is None
        assert (await store.find(RevokedToken)) == []

    asyncio.run(scenario())
