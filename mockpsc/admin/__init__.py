"""What serves the person who runs the mock, on a port of its own over plain HTTP."""

from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.types import ASGIApp

from mockpsc.admin.api.problems import HANDLERS
from mockpsc.admin.application import application as _application
from mockpsc.admin.application import front
from mockpsc.admin.control import Control
from mockpsc.admin.guard import Guard

__all__ = ["Control", "application"]


def application(control: Any, *older: Any) -> ASGIApp:
    if isinstance(control, Control):
        return _application(control)
    app = Starlette(routes=[*front(control, older[0]), *older[1]], exception_handlers=HANDLERS)
    return Guard(app, names={urlsplit(control.admin_url).hostname or ""}, token=None)
