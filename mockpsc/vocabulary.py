"""What things are called where they are asked for: in a match of a fault, a filter of the journal, a command."""

import re

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
