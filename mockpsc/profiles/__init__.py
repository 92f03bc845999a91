"""What Pro Santé Connect looks like, as data: its environments (`model`) and the people who log in (`personas`)."""

from mockpsc.profiles.model import Profile, UserInfoLayout, UserInfoShape, load_profile
from mockpsc.profiles.personas import Persona, checked_persona, read_personas, shipped_tables

__all__ = [
    "Persona",
    "Profile",
    "UserInfoLayout",
    "UserInfoShape",
    "checked_persona",
    "load_profile",
    "read_personas",
    "shipped_tables",
]
