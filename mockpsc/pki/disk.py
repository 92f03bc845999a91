"""Files that hold keys: written whole or not at all, readable by their owner only, and by one process at a time."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EROFS
from pathlib import Path

from mockpsc.errors import ConfigurationError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # tries for ten seconds, then raises OSError
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def read(path: Path) -> bytes:
    """What a file holds; ConfigurationError, which names the file, when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error


def write(path: Path, content: bytes, *, private: bool) -> None:
    """Put a file in its place whole, never readable by others if it is private, not even for an instant.

    Raises OSError.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if not private:
            draft.chmod(0o644)
        draft.replace(path)
    except BaseException:
        draft.unlink()
        raise


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only one to hold the folder, among processes and threads; wait while another does.

    The lock is the operating system's, on an open file: it ends with the process, however that ends. The mere existence
    of a file would outlive a killed process, and then somebody must decide whether it is stale.
    """
    try:
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if error.errno not in (EACCES, EROFS):
            raise
        yield  # a folder that cannot be written, as a read-only mount, is not going to be mended from here
        return
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)
