from collections.abc import Callable
from typing import Any

import pytest

from mockpsc.errors import ConfigurationError
from mockpsc.profiles import load_profile, read_personas, shipped_tables
from mockpsc.tokens import claims

BAS = load_profile("bas")

# Each recorded document, and what a persona must be to have it. A persona table holds no empty members.
SAMPLES = {
    "userinfo-rpps-doctor-2021": {"shape": "2021", "origin": ""},
    "userinfo-rpps-doctor-two-exercices": {"shape": "2021"},
    "userinfo-edit-doctor-2021": {"shape": "2022", "origin": "EDIT"},
    "userinfo-rpps-doctor-2023": {"shape": "2023-05", "auth_mode": "CARD"},
    "userinfo-edit-podiatrist-2023": {"shape": "2023-11", "origin": "EDIT"},
    "userinfo-no-professional-record": {"shape": "2023-11"},
}


def persona_table(document: dict[str, Any]) -> dict[str, Any]:
    """The table of the person whom a userinfo document describes."""
    reference = document.get("SubjectRefPro", {})
    return {
        "id": document["SubjectNameID"],
        "given_name": document["given_name"],
        "family_name": document["family_name"],
        "civilite": document.get("codeCivilite", reference.get("codeCivilite", "")),
        "exercices": [
            filled(exercice) | {"activities": [filled(activity) for activity in exercice["activities"]]}
            for exercice in reference.get("exercices", ())
        ],
    }


def filled(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value != "" and name != "activities"}


def ordered(value: Any) -> Any:
    """A document in which the order of members counts."""
    if isinstance(value, dict):
        return [(name, ordered(member)) for name, member in value.items()]
    return [ordered(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SAMPLES)
def test_a_recorded_userinfo_document_is_made_again_to_the_letter(name: str, golden: Callable[[str], Any]) -> None:
    document = golden(name)
    table = persona_table(document) | SAMPLES[name]
    persona = read_personas([table], BAS)[document["SubjectNameID"]]
    assert ordered(claims.userinfo(persona, BAS)) == ordered(document)


def test_claims_are_set_to_the_letter() -> None:
    table = {"id": "1", "given_name": "A", "family_name": "B", "claims": {"otherIDs": [], "given_name": "C"}}
    document = claims.userinfo(read_personas([table], BAS)["1"], BAS)
    assert document["given_name"] == "C"
    assert list(document)[-1] == "otherIDs"


def test_all_shipped_personas_can_be_read() -> None:
    personas = read_personas(shipped_tables(), BAS)
    assert len(personas) >= 10
    for persona in personas.values():
        document = claims.userinfo(persona, BAS)
        assert document["sub"] == f"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:{persona.id}"
        assert ("SubjectRefPro" in document) == bool(persona.exercices)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"given_name": "A", "family_name": "B"}, "The persona '(without id)' has no id"),
        ({"id": "1", "given_name": "A"}, "The persona '1' has no family_name"),
        (
            {"id": "1", "given_name": "A", "family_name": "B", "acrr": ""},
            "'acrr', which is unknown (did you mean 'acr'?)",
        ),
        ({"id": "1", "given_name": "A", "family_name": "B", "shape": "2024"}, "has the shape '2024'"),
        (
            {"id": "1", "given_name": "A", "family_name": "B", "exercices": [{"codeProfesion": "10"}]},
            "in exercices, has the member 'codeProfesion', which is unknown (did you mean 'codeProfession'?)",
        ),
        (
            {"id": "1", "given_name": "A", "family_name": "B", "exercices": [{"activities": [{"codeRol": "1"}]}]},
            "in activities, has the member 'codeRol', which is unknown (did you mean 'codeRole'?)",
        ),
    ],
)
def test_a_persona_that_makes_no_sense_is_refused(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_personas([table], BAS)
    assert sentence in str(refused.value)


def test_production_differs_in_its_hosts_only() -> None:
    bas, production = load_profile("bas"), load_profile("production")
    assert production.auth_host == "auth.esw.esante.gouv.fr"
    assert production.wallet_host == "wallet.esw.esante.gouv.fr"
    assert production.discovery == bas.discovery
    assert production.claims == bas.claims
