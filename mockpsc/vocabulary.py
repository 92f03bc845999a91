"""What things are called where they are asked for: in a match of a fault, a filter of the journal, a command."""

LISTENERS = ("auth", "wallet")
ENDPOINTS = ("discovery", "jwks", "authorization", "token", "userinfo", "introspection", "revocation", "logout")
