"""Runs Python and pytest in a folder, in a process of their own, as whoever reads the documentation does."""

import subprocess
import sys
from pathlib import Path

# What Starlette's TestClient says when it is imported: it would rather have httpx2, where only httpx is installed, and
# its oldest version that mockpsc works with uses a former name of anyio's.
_OF_STARLETTE = ("Using `httpx` with `starlette.testclient` is deprecated", "The anyio.abc.BlockingPortal alias")
_QUIET = [argument for message in _OF_STARLETTE for argument in ("-W", f"ignore:{message}")]


def run_python(folder: Path, *arguments: str) -> str:
    """All that it prints."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=50)
    return done.stdout + done.stderr


def run_pytest(folder: Path, *arguments: str) -> str:
    """All that it prints. pytest-asyncio is left out: it wants to be configured, and anyio has a plugin, too."""
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:asyncio", *_QUIET)
    return run_python(folder, "-m", "pytest", *options, *arguments)
