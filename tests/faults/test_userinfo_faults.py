from typing import Any

import httpx
from observations import Case, Observations, Scene
from support import decoded

from mockpsc.faults.userinfo import CLAIMS, FILLED
from mockpsc.tokens.claims import userinfo

observes = Observations()

# Who has which generation of the document; the claims that the latest one does not have are in an earlier one.
OF_2022, OF_MAY_2023 = "899700000039", "899700000047"
CLAIMS_OF = {"email_verified": OF_2022, "authMode": OF_MAY_2023}
SIMPLE = "899700000021"

REFUSALS = (
    ("invalid_token", "Token verification failed", 401),
    ("invalid_request", "User session not found or doesn't have client attached on it", 401),
    ("insufficient_scope", "Missing openid scope", 403),
    (
        "unauthorized_client",
        "Client certificate missing, or its thumbprint and one in the refresh token did NOT match",
        401,
    ),
    ("invalid_client", "Client disabled", 400),
)


def answered(scene: Scene, persona: str = SIMPLE) -> httpx.Response:
    return scene.rp.userinfo(scene.rp.login(login_hint=persona)["access_token"])


def document(scene: Scene, persona: str = SIMPLE) -> dict[str, Any]:
    response = answered(scene, persona)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    return dict(response.json())


def challenge(scene: Scene, rest: str = "") -> str:
    return f'Bearer realm="{scene.running.mock.profile.realm}"{rest}'


def whole(scene: Scene, persona: str = SIMPLE) -> dict[str, Any]:
    """The document as it is meant to be."""
    provider = scene.running.mock.provider
    return userinfo(provider.personas[persona], provider.profile)


for error, description, status in REFUSALS:

    @observes("userinfo.error", error=error)
    def it_is_refused_in_the_body_and_in_the_header(
        scene: Scene, error: str = error, description: str = description, status: int = status
    ) -> None:
        response = answered(scene)
        assert response.status_code == status
        assert response.json() == {"error": error, "error_description": description}
        told = f', error="{error}", error_description="{description}"'
        assert response.headers["www-authenticate"] == challenge(scene, told)


@observes("userinfo.error", description="Session expired", status=403)
def it_is_refused_in_the_words_given(scene: Scene) -> None:
    response = answered(scene)
    assert response.status_code == 403
    assert response.json() == {"error": "invalid_token", "error_description": "Session expired"}


@observes("userinfo.unauthorized")
def it_is_a_401_with_the_header(scene: Scene) -> None:
    response = answered(scene)
    assert response.status_code == 401
    told = ', error="invalid_token", error_description="Token verification failed"'
    assert response.headers["www-authenticate"] == challenge(scene, told)


@observes("userinfo.unauthorized", how="comma")
def the_description_has_commas(scene: Scene) -> None:
    response = answered(scene)
    assert response.status_code == 401
    words = "Token verification failed, error=expired, try again"
    assert response.json()["error_description"] == words
    assert response.headers["www-authenticate"].endswith(f'error_description="{words}"')


@observes("userinfo.unauthorized", how="no_header")
def it_is_a_401_without_the_header(scene: Scene) -> None:
    response = answered(scene)
    assert response.status_code == 401
    assert "www-authenticate" not in response.headers
    assert response.json()["error"] == "invalid_token"


@observes("userinfo.unauthorized", how="no_body")
def it_is_a_401_without_a_body(scene: Scene) -> None:
    response = answered(scene)
    assert (response.status_code, response.content) == (401, b"")
    assert response.headers["www-authenticate"] == challenge(scene)


@observes("userinfo.sub_different")
def sub_is_not_that_of_the_id_token(scene: Scene) -> None:
    tokens = scene.rp.login()
    sub = scene.rp.userinfo(tokens["access_token"]).json()["sub"]
    assert sub == decoded(tokens["id_token"])["sub"] + "0"


@observes("userinfo.sub_missing")
def there_is_no_sub(scene: Scene) -> None:
    claims = document(scene)
    assert "sub" not in claims
    assert claims["SubjectNameID"] == SIMPLE


@observes("userinfo.signed")
def it_is_a_jwt(scene: Scene) -> None:
    response = answered(scene)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/jwt"
    claims = decoded(response.text)
    assert claims["iss"] == scene.running.mock.provider.issuer
    assert (claims["aud"], claims["SubjectNameID"]) == ("mockpsc-client", SIMPLE)
    assert scene.running.mock.provider.signer.read(response.text) == claims


for claim in CLAIMS:

    @observes("userinfo.claim_missing", claim=claim)
    def it_lacks_that_claim_and_no_other(scene: Scene, claim: str = claim) -> None:
        persona = CLAIMS_OF.get(claim, SIMPLE)
        claims = document(scene, persona)
        assert claim not in claims
        assert len(claims) == len(whole(scene, persona)) - 1

    @observes("userinfo.claim_null", claim=claim)
    def that_claim_is_null(scene: Scene, claim: str = claim) -> None:
        persona = CLAIMS_OF.get(claim, SIMPLE)
        assert document(scene, persona) == whole(scene, persona) | {claim: None}


for claim in FILLED:

    @observes("userinfo.claim_empty", claim=claim)
    def that_claim_is_an_empty_text(scene: Scene, claim: str = claim) -> None:
        persona = CLAIMS_OF.get(claim, SIMPLE)
        assert document(scene, persona) == whole(scene, persona) | {claim: ""}


@observes("userinfo.subject_ref_pro_absent")
def there_is_no_professional_record(scene: Scene) -> None:
    claims = document(scene)
    assert "SubjectRefPro" not in claims
    assert claims["SubjectNameID"] == SIMPLE


@observes("userinfo.subject_ref_pro_empty")
def the_professional_record_is_an_empty_object(scene: Scene) -> None:
    assert document(scene)["SubjectRefPro"] == {}


@observes("userinfo.subject_ref_pro_empty", what="exercices")
def there_is_no_profession(scene: Scene) -> None:
    assert document(scene)["SubjectRefPro"]["exercices"] == []


@observes("userinfo.subject_ref_pro_empty", what="activities")
def there_is_a_profession_without_activities(scene: Scene) -> None:
    (exercice,) = document(scene)["SubjectRefPro"]["exercices"]
    assert (exercice["codeProfession"], exercice["activities"]) == ("10", [])


@observes("userinfo.code_civilite_at_top")
def code_civilite_of_an_older_document_is_at_its_top(scene: Scene) -> None:
    claims = document(scene, OF_2022)
    assert claims["codeCivilite"] == "M"
    assert list(claims["SubjectRefPro"]) == ["exercices"]


@observes("userinfo.code_civilite_in_subject_ref_pro")
def code_civilite_is_in_the_professional_record(scene: Scene) -> None:
    claims = document(scene)
    assert "codeCivilite" not in claims
    assert list(claims["SubjectRefPro"]) == ["codeCivilite", "exercices"]
    assert claims["SubjectRefPro"]["codeCivilite"] == "M"


@observes("userinfo.other_ids_cased")
def other_ids_is_cased(scene: Scene) -> None:
    claims = document(scene)
    assert "otherIds" not in claims
    assert claims["otherIDs"] == [{"identifiant": SIMPLE, "origine": "RPPS", "qualite": 1}]


@observes("userinfo.many_activities")
def there_are_200_activities_at_200_places(scene: Scene) -> None:
    (exercice,) = document(scene)["SubjectRefPro"]["exercices"]
    places = [each["identifiantTechniqueDeLaStructure"] for each in exercice["activities"]]
    assert (len(places), len(set(places))) == (200, 200)


@observes("userinfo.many_activities", count=5000)
def there_are_as_many_activities_as_asked_for(scene: Scene) -> None:
    (exercice,) = document(scene)["SubjectRefPro"]["exercices"]
    assert len(exercice["activities"]) == 5000


@observes("userinfo.names")
def the_names_have_apostrophes(scene: Scene) -> None:
    claims = document(scene)
    assert "'" in claims["given_name"]
    assert claims["family_name"].count("'") > 1


@observes("userinfo.names", kind="typographic_apostrophe")
def the_names_have_typographic_apostrophes(scene: Scene) -> None:
    claims = document(scene)
    assert "’" in claims["given_name"]
    assert "’" in claims["family_name"]


@observes("userinfo.names", kind="accents")
def the_names_have_accents(scene: Scene) -> None:
    claims = document(scene)
    assert not claims["given_name"].isascii()
    assert "Æ" in claims["family_name"]


@observes("userinfo.names", kind="decomposed")
def the_accents_are_characters_of_their_own(scene: Scene) -> None:
    claims = document(scene)
    assert "e\u0301" in claims["given_name"]
    assert "E\u0308" in claims["family_name"]


@observes("userinfo.names", kind="long")
def the_names_are_longer_than_200_characters(scene: Scene) -> None:
    claims = document(scene)
    assert min(len(claims["given_name"]), len(claims["family_name"])) > 200


@observes("userinfo.names", kind="markup")
def the_names_look_like_html(scene: Scene) -> None:
    claims = document(scene)
    assert claims["given_name"].startswith("<b>")
    assert "<script>" in claims["family_name"]


@observes("userinfo.names", kind="right_to_left")
def the_names_are_in_hebrew(scene: Scene) -> None:
    assert document(scene)["given_name"] == "ליאת"


@observes.cases
def test_its_effect_is_on_the_wire_until_it_is_disarmed(scene: Scene, case: Case) -> None:
    case.check(scene)


def test_what_does_not_concern_a_person_does_nothing(scene: Scene) -> None:
    names = ("subject_ref_pro_absent", "subject_ref_pro_empty", "other_ids_cased", "many_activities")
    armed = [scene.running.arm(f"userinfo.{name}") for name in names]
    assert document(scene, "ANS20230912081530")["SubjectNameID"] == "ANS20230912081530"
    assert [each.hits for each in armed] == [0, 0, 0, 0]


def test_code_civilite_stays_where_it_is_already(scene: Scene) -> None:
    inner = scene.running.arm("userinfo.code_civilite_in_subject_ref_pro")
    assert document(scene, OF_2022)["SubjectRefPro"]["codeCivilite"] == "M"
    scene.running.disarm_all()
    top = scene.running.arm("userinfo.code_civilite_at_top")
    assert document(scene)["codeCivilite"] == "M"
    assert (inner.hits, top.hits) == (0, 0)
