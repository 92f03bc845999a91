"""What a request says: the parameters of a query string or of a form, duplicates included (RFC 6749 §3.1 and §3.2)."""

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request

from mockpsc.errors import InvalidRequest
from mockpsc.vocabulary import FORM, media_type

MAX_BODY = 10 * 1024 * 1024
MAX_QUERY = 256 * 1024
MAX_PARAMETERS = 1000


class Parameters:
    """Parameters in the order sent. Bytes that are not UTF-8 become U+FFFD, as in Keycloak."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)
        self._first: dict[str, str] = {}
        for name, value in pairs:
            self._first.setdefault(name, value)

    def get(self, name: str) -> str | None:
        """The value of a parameter, the first when it is repeated; None when it is absent."""
        return self._first.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._first

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def refuse_repeated(self) -> None:
        """Raise InvalidRequest, in Keycloak's words, when a parameter was sent more than once (RFC 6749 §3.1)."""
        seen: set[str] = set()
        for name, _ in self._pairs:
            if name in seen:
                hint = f"The parameter {name!r} was sent more than once (RFC 6749 §3.1)."
                raise InvalidRequest("duplicated parameter", hint=hint)
            seen.add(name)

    def query(self, **changes: str) -> str:
        """A query string of the same parameters, with some replaced or added."""
        kept = [(name, value) for name, value in self._pairs if name not in changes]
        return urlencode([*kept, *changes.items()])


def parse(text: str) -> Parameters:
    """The parameters of a query string or a form body. Raises InvalidRequest when there are too many to be sane."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="replace")
    except ValueError:
        raise InvalidRequest("Too many parameters", hint=f"More than {MAX_PARAMETERS} parameters were sent.") from None
    return Parameters(pairs)


def from_query(request: Request) -> Parameters:
    """The parameters of the URL. Raises HTTPException 414 past `MAX_QUERY`."""
    if len(request.scope["query_string"]) > MAX_QUERY:
        raise HTTPException(414)
    return parse(request.scope["query_string"].decode("ascii", "replace"))


async def from_form(request: Request) -> Parameters:
    """The parameters of a form body. Raises HTTPException 415 for another content type and 413 past `MAX_BODY`.

    It is read once, and known to all who ask: an armed fault may have to know it before the endpoint does."""
    state = request.scope["state"]
    if "form" not in state:
        try:
            state["form"] = await _read_form(request)
        except (HTTPException, InvalidRequest) as refusal:
            state["form"] = refusal
    if isinstance(state["form"], Exception):
        raise state["form"]
    form: Parameters = state["form"]
    return form


async def _read_form(request: Request) -> Parameters:
    body = await _body(request)
    content_type = media_type(request.headers.get("content-type", ""))
    if content_type != FORM and (body or content_type):
        raise HTTPException(415)
    return parse(body.decode("ascii", "replace"))


async def _body(request: Request) -> bytes:
    """The body. One that is too long is read to its end all the same, or the client would not read the refusal."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BODY:
            body += chunk
    if size > MAX_BODY:
        raise HTTPException(413)
    return bytes(body)
