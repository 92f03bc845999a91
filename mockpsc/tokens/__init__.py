"""What Pro Santé Connect signs: its keys (`keys`), what tokens say (`claims`), signing and reading them (`issue`)."""

from mockpsc.tokens import claims
from mockpsc.tokens.claims import Grant
from mockpsc.tokens.issue import BadToken, TokenKind, TokenSigner
from mockpsc.tokens.keys import KeyRing, base64url, provider_keys

__all__ = ["BadToken", "Grant", "KeyRing", "TokenKind", "TokenSigner", "base64url", "claims", "provider_keys"]
