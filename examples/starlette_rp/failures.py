"""Why nobody is logged in: the sentences are for the log, the person gets a page."""


class LoginFailed(Exception):
    """What came back is not good, or is a refusal."""

    status = 403


class LoginOver(LoginFailed):
    """The provider knows the login no more, or its tokens: log in again."""


class ProviderFailed(LoginFailed):
    """The provider does not answer, or not as it should."""

    status = 502
