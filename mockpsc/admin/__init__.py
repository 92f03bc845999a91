"""What serves the person who runs the mock, on a port of its own over plain HTTP."""

from mockpsc.admin.application import application
from mockpsc.admin.control import Control

__all__ = ["Control", "application"]
