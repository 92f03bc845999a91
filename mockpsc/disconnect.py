"""When a client goes away while it is still being answered."""

from starlette.types import Receive


async def gone(receive: Receive) -> None:
    """Until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
