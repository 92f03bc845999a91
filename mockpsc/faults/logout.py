"""Faults of the logout that a relying party asks for (OpenID Connect RP-Initiated Logout 1.0)."""

from dataclasses import replace

from mockpsc.errors import PageError
from mockpsc.faults.base import RedirectionFault, RequestFault, fault
from mockpsc.faults.occasion import Occasion
from mockpsc.faults.subjects import Asked, Redirection
from mockpsc.members import member

_STATE = "OpenID Connect RP-Initiated Logout 1.0 §3"


@fault(
    "logout.state_missing",
    "handle",
    _STATE,
    modules=("oidcc-client-test-rp-init-logout-no-state",),
    targets=("logout",),
)
class StateMissing(RedirectionFault):
    """The person comes back from the logout without the `state`."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return subject.without("state")


@fault(
    "logout.state_changed",
    "handle",
    _STATE,
    modules=("oidcc-client-test-rp-init-logout-other-state",),
    targets=("logout",),
)
class StateChanged(RedirectionFault):
    """The person comes back from the logout with another `state`."""

    state: str = member("another-state", "The state that comes instead.")

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return subject.having("state", self.state)


@fault("logout.unknown_parameter", "accept", "OpenID Connect RP-Initiated Logout 1.0 §3", targets=("logout",))
class UnknownParameter(RedirectionFault):
    """The person comes back from the logout with a parameter `extension`, which no specification knows."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        if not subject.uri:
            return subject
        return replace(subject, parameters=(*subject.parameters, ("extension", "unknown")))


@fault("logout.page_instead", "handle", "OpenID Connect RP-Initiated Logout 1.0 §3", targets=("logout",))
class PageInstead(RedirectionFault):
    """The person is logged out and stays on the provider's page, whatever `post_logout_redirect_uri` says."""

    def effect(self, subject: Redirection, occasion: Occasion) -> Redirection:
        return replace(subject, uri="") if subject.uri else subject


@fault("logout.refused", "handle", "OpenID Connect RP-Initiated Logout 1.0 §4; Keycloak", targets=("logout",))
class Refused(RequestFault):
    """The logout is refused with Keycloak's error page: the person does not come back, and is still logged in."""

    message: str = member(
        "Invalid redirect uri",
        "What the page says.",
        choices=(
            "Invalid redirect uri",
            "Invalid parameter: id_token_hint",
            "Missing parameters: id_token_hint",
            "Session not active.",
        ),
    )

    def effect(self, subject: Asked, occasion: Occasion) -> Asked:
        raise PageError(self.message, hint=self.hint)
