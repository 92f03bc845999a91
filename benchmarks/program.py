"""The programs that are measured, each in a process of its own: their CPU time, their memory, and their end."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_ANY_PORT = "127.0.0.1:0"
_SECONDS_TO_END = 10


class NotStarted(Exception):
    """Why a program does not run here."""


class Program:
    """A process that runs from `with` to its end. It is ready when it has printed a line that the pattern matches.

    `told` is the pattern's group. What goes to standard error is in a file in the folder. Raises NotStarted when the
    process ends before it is ready.
    """

    def __init__(self, command: Sequence[str], folder: Path, ready: str) -> None:
        log = folder / f"{Path(command[0]).name}.log"
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if match := re.search(ready, line):
                self.told = match[1]
                return
        self._process.stdout.close()
        code = self._process.wait()
        *_, said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [f"status {code}"]
        raise NotStarted(f"{' '.join(command[:3])} … ended: {said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.communicate(timeout=_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    @property
    def cpu(self) -> float | None:
        """The seconds of CPU time that it has taken, in user and in kernel mode; None where there is no /proc."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else None

    @property
    def memory(self) -> float | None:
        """Its resident memory in megabytes; None where there is no /proc."""
        match = re.search(r"VmRSS:\s+(\d+) kB", self._proc("status"))
        return int(match[1]) / 1024 if match else None

    def _proc(self, name: str) -> str:
        file = Path(f"/proc/{self._process.pid}/{name}")
        return file.read_text(encoding="utf-8") if file.exists() else ""


def mock(folder: Path) -> Program:
    """`mockpsc serve` on free ports, with its certificates in the folder. What it tells is a line of JSON."""
    binds = [f"--{name}-bind={_ANY_PORT}" for name in ("auth", "wallet", "admin")]
    return Program([sys.executable, "-m", "mockpsc", "serve", "--json", *binds], folder, r"^(\{.*\})$")


def openssl_server(folder: Path, *options: str) -> Program:
    """`openssl s_server` with the certificates of the mock in that folder, also required of the client.

    What it tells is its port.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        raise NotStarted("openssl is not on the PATH")
    identity = ["-cert", "certs/server/cert.pem", "-key", "certs/server/key.pem", "-CAfile", "certs/client-ca.pem"]
    judge = ["-Verify", "3", "-verify_return_error", "-verify_quiet"]
    command = [openssl, "s_server", "-accept", _ANY_PORT, "-www", *identity, *judge, *options]
    return Program(command, folder, r"^ACCEPT .*:(\d+)$")


def _environment() -> Mapping[str, str]:
    """This process's environment without the mock's own variables, which would change what is measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MOCKPSC_")}
