"""What things are called: where they are asked for, in a match of a fault, a filter of the journal, a command; and in
HTTP."""

import re
from http import HTTPStatus

FORM = "application/x-www-form-urlencoded"

LISTENERS = ("auth", "wallet")
ENDPOINTS = ("discovery", "jwks", "authorization", "token", "userinfo", "introspection", "revocation", "logout")

FILE_NAME = (
    '1 to 64 printable ASCII characters, none of them / \\ : * ? " < > |, with no dot at either end and no space at '
    "its end"
)
"""What a name must be that is part of a path, also of a file's on Windows: a client id, which is ASCII by RFC 6749
appendix A.1, or that of a scenario."""

_FILE_NAME = re.compile(r"(?!\.)(?:(?![/\\:*?\"<>|])[ -~]){1,64}(?<![. ])")


def is_file_name(name: str) -> bool:
    """Whether a name is one."""
    return _FILE_NAME.fullmatch(name) is not None


def media_type(content_type: str) -> str:
    """The media type that a Content-Type has, without parameters and in lower case (RFC 9110 §8.3.1)."""
    return content_type.partition(";")[0].strip().lower()


def phrase(status: int) -> str:
    """The reason phrase of a status, empty for one that nobody has defined (RFC 9112 §4)."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
