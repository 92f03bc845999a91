"""What two libraries do under every fault is as docs/relying_parties.md says.

When it is not, because a fault was added or a library has changed: `make relying-parties`, and read the difference.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from relying_parties.against_faults import Mocks, Outcome, measure, recorded, tried
from relying_parties.walks import Authlib, OpenIdClient, Walker


@pytest.fixture(scope="module")
def table() -> Any:
    return recorded()


@pytest.fixture(scope="module")
def mocks(certs: Path) -> Iterator[Mocks]:
    with Mocks(certs) as mocks:
        yield mocks


@pytest.fixture(scope="module")
def openid_client() -> Iterator[OpenIdClient]:
    with OpenIdClient() as library:
        yield library


@pytest.fixture(scope="module")
def authlib() -> Iterator[Authlib]:
    with Authlib() as library:
        yield library


@pytest.mark.third_party
@pytest.mark.parametrize("fault", tried())
def test_openid_client_does_as_the_table_says(
    openid_client: OpenIdClient, fault: str, mocks: Mocks, table: Any
) -> None:
    require_as_recorded(openid_client, fault, mocks, table)


@pytest.mark.slow
@pytest.mark.parametrize("fault", tried())
def test_authlib_does_as_the_table_says(authlib: Authlib, fault: str, mocks: Mocks, table: Any) -> None:
    require_as_recorded(authlib, fault, mocks, table)


def require_as_recorded(library: Walker, fault: str, mocks: Mocks, table: Any) -> None:
    part = table[library.name]
    if fault not in part["outcomes"]:
        pytest.fail(f"{fault} has no row for {library.name} in docs/relying_parties.toml: run `make relying-parties`.")
    expected = Outcome(**part["outcomes"][fault])
    with mocks.one() as running:
        outcome = measure(library, fault, running)
    # Other versions have other words, and a broken connection has those of who notices it first.
    broken = fault.startswith(("tcp.", "tls.", "http."))
    same_words = library.versions == part["versions"] and not broken
    assert outcome == (expected if same_words else replace(expected, error=outcome.error))


@pytest.mark.slow
@pytest.mark.parametrize("library", [OpenIdClient.name, Authlib.name])
def test_the_table_has_nothing_else(library: str, table: Any) -> None:
    assert [*table[library]["outcomes"]] == tried()
