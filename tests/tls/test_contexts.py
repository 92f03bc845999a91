"""Profiles: what cannot work is refused when it is made, and what they stand for is not built at every connection."""

from collections.abc import Callable
from typing import Any

import pytest

from mockpsc.errors import ConfigurationError
from mockpsc.tls import TlsProfile, TlsVersion


def test_a_key_of_another_certificate_is_refused(make_profile: Callable[..., TlsProfile], good: Any) -> None:
    with pytest.raises(ConfigurationError, match="The private key is not that of the certificate CN=Site"):
        make_profile(key=good.key)


def test_versions_the_wrong_way_round_are_refused(make_profile: Callable[..., TlsProfile]) -> None:
    with pytest.raises(ConfigurationError, match=r"TLS versions from TLS 1\.3 to TLS 1\.2"):
        make_profile(versions=(TlsVersion.TLS1_3, TlsVersion.TLS1_2))


def test_a_context_that_verifies_serves_for_a_second_of_the_clock(make_profile: Callable[..., TlsProfile]) -> None:
    profile = make_profile()
    assert profile.context(1000.1) is profile.context(1000.9)
    assert profile.context(1000.9) is not profile.context(1001.0)


def test_a_context_that_does_not_verify_serves_for_ever(make_profile: Callable[..., TlsProfile]) -> None:
    profile = make_profile(client_auth="none")
    assert profile.context(1000) is profile.context(1e9)


def test_a_profile_does_not_show_its_key(make_profile: Callable[..., TlsProfile]) -> None:
    assert "key" not in repr(make_profile()).lower()


def test_versions_have_the_names_that_people_use() -> None:
    assert [str(version) for version in TlsVersion] == ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
