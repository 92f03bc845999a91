from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mockpsc.errors import ConfigurationError
from mockpsc.kinds import Address
from mockpsc.settings import Settings, load, options


def loaded(tmp_path: Path, file: str = "", environment: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    if file:
        (tmp_path / "mockpsc.toml").write_text(file)
    return load(flags, environment=environment or {}, folder=tmp_path)


def test_a_flag_wins_over_the_environment_which_wins_over_the_file(tmp_path: Path) -> None:
    file = "code_lifetime = 10\naccess_token_lifetime = 10\nsession_idle = 10"
    environment = {"MOCKPSC_CODE_LIFETIME": "20", "MOCKPSC_ACCESS_TOKEN_LIFETIME": "20", "PATH": "/bin"}
    settings = loaded(tmp_path, file, environment, code_lifetime="30", login=None)
    assert (settings.code_lifetime, settings.access_token_lifetime, settings.session_idle) == (30, 20, 10)
    assert settings.refresh_token_lifetime == 1800


def test_every_option_says_what_it_is_for() -> None:
    for option in options():
        assert option.metadata["help"].endswith("."), option.name


@pytest.mark.parametrize(
    ("file", "environment", "flags", "sentence"),
    [
        ("auth_bnd = 'x'", {}, {}, "auth_bnd in {folder}/mockpsc.toml is no option: did you mean auth_bind in"),
        ("", {"MOCKPSC_PROFLE": "bas"}, {}, "MOCKPSC_PROFLE is no option: did you mean MOCKPSC_PROFILE?"),
        ("", {"MOCKPSC_ZZZZZZ": "bas"}, {}, "MOCKPSC_ZZZZZZ is no option."),
        ("", {}, {"profile": "basic"}, "--profile is 'basic'; expected bas or production (did you mean 'bas'?)."),
        (
            "",
            {},
            {"auth_bind": "8443"},
            "--auth-bind is '8443'; expected HOST:PORT, such as 127.0.0.1:8443 or [::1]:0.",
        ),
        ("", {}, {"auth_bind": "a:70000"}, "--auth-bind is 'a:70000'; expected HOST:PORT"),
        (
            "",
            {},
            {"auth_url": "http://localhost"},
            "--auth-url is 'http://localhost'; expected an origin such as https",
        ),
        ("", {}, {"auth_url": "https://localhost/auth"}, "expected an origin such as https://localhost:8443"),
        ("", {}, {"auth_url": "https://[::1"}, "expected an origin such as https://localhost:8443"),
        ("", {}, {"auth_url": "https://localhost:99999"}, "expected an origin such as https://localhost:8443"),
        ("code_lifetime = '1m'", {}, {}, "is '1m'; expected a whole number of seconds, such as 120."),
        ("code_lifetime = true", {}, {}, "is True; expected a whole number of seconds, such as 120."),
        ("code_lifetime = 0", {}, {}, "is 0; expected a whole number of seconds, such as 120."),
        ("expose = 'maybe'", {}, {}, "is 'maybe'; expected true or false."),
        ("expose = 3", {}, {}, "is 3; expected true or false."),
        ("hosts = [3]", {}, {}, "is [3]; expected names separated by commas."),
        ("clients = []", {}, {}, "expected a TOML file with [[clients]] tables"),
        ("persona = ''", {}, {}, "is ''; expected a text that is not empty."),
        ("a = b", {}, {}, "{folder}/mockpsc.toml is not TOML: "),
        ("", {}, {"config": "other.toml"}, "{folder}/other.toml cannot be read: No such file or directory."),
        ("", {"MOCKPSC_CONFIG": "other.toml"}, {}, "{folder}/other.toml cannot be read"),
        (
            "",
            {},
            {"tls_min": "1.3", "tls_max": "1.2"},
            "tls_min is 1.3 and tls_max is 1.2: no version is left to speak.",
        ),
        ("", {}, {"login": "auto"}, "login auto and persona go together"),
        ("", {}, {"persona": "899700000013"}, "login auto and persona go together"),
    ],
)
def test_what_makes_no_sense_is_refused_with_where_it_came_from(
    tmp_path: Path, file: str, environment: Mapping[str, str], flags: Mapping[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        loaded(tmp_path, file, environment, **flags)
    assert sentence.format(folder=tmp_path) in str(refused.value)


@pytest.mark.parametrize("name", ["auth_bind", "wallet_bind", "admin_bind"])
@pytest.mark.parametrize("address", ["0.0.0.0:8443", "[::]:8443", "192.0.2.1:0", "example.test:0"])
def test_an_address_beyond_loopback_needs_consent(tmp_path: Path, name: str, address: str) -> None:
    flags: dict[str, Any] = {name: address}
    with pytest.raises(ConfigurationError, match="allow it with --expose"):
        loaded(tmp_path, **flags)
    loaded(tmp_path, **flags, expose=True)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "a.localhost:1"])
def test_loopback_needs_no_consent(tmp_path: Path, address: str) -> None:
    assert str(loaded(tmp_path, auth_bind=address).auth_address) == address


def test_a_relative_path_in_a_file_is_meant_from_that_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.toml").write_text('certs = "pki"\nclients = "clients.toml"')
    (tmp_path / "sub" / "clients.toml").write_text('[[clients]]\nid = "one"')
    settings = loaded(tmp_path, config="sub/c.toml")
    assert settings.certs == tmp_path / "sub" / "pki"
    assert settings.clients == ({"id": "one"},)


def test_clients_may_stand_in_the_file_itself(tmp_path: Path) -> None:
    assert loaded(tmp_path, '[[clients]]\nid = "one"\n[[clients]]\nid = "two"').clients == (
        {"id": "one"},
        {"id": "two"},
    )


def test_an_impersonating_mock_has_one_port() -> None:
    settings = Settings(impersonate=True)
    assert settings.auth_address == settings.wallet_address == Address("127.0.0.1", 443)
    assert settings.one_port
    assert Settings(impersonate=True, auth_bind=Address("127.0.0.1", 0)).one_port


def test_two_free_ports_are_two_ports() -> None:
    free, fixed = Address("127.0.0.1", 0), Address("127.0.0.1", 8443)
    assert not Settings(auth_bind=free, wallet_bind=free).one_port
    assert Settings(auth_bind=fixed, wallet_bind=fixed).one_port
    assert not Settings().one_port
