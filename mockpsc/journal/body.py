"""The body of a message, as far as it is kept."""

from base64 import b64encode
from codecs import getincrementaldecoder
from dataclasses import dataclass, field
from typing import Literal

LIMIT = 64 * 1024

Encoding = Literal["", "base64", "omitted"]


@dataclass(frozen=True, kw_only=True)
class Body:
    """The first `LIMIT` bytes of a body, and the size of the whole of it."""

    data: bytes = field(default=b"", repr=False)
    size: int = 0

    @property
    def shown(self) -> "ShownBody":
        """It as text, if it is text in UTF-8, and else in base64."""
        try:
            # An incremental decoder does not mind a last character that is cut.
            text = getincrementaldecoder("utf-8")().decode(self.data, final=len(self.data) == self.size)
        except UnicodeDecodeError:
            return ShownBody(text=b64encode(self.data).decode(), encoding="base64", size=self.size)
        return ShownBody(text=text, size=self.size)


NOTHING = Body()


@dataclass(frozen=True, kw_only=True)
class ShownBody:
    """A body for those who read it. `size` is in bytes, of the whole; a longer one's `text` is its beginning."""

    text: str
    encoding: Encoding = ""
    size: int = 0


class Tape:
    """Takes down a body that goes past in pieces."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        """The next piece."""
        if piece and self.size < LIMIT:
            self._pieces.append(piece[: LIMIT - self.size])
        self.size += len(piece)

    @property
    def body(self) -> Body:
        """What went past up to now."""
        return Body(data=b"".join(self._pieces), size=self.size)
