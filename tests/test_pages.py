"""The HTML pages, and the people that the login page offers."""

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import pytest
from jinja2 import Environment, nodes

from mockpsc import pages
from mockpsc.pages import Language, PersonaChoice, preferred_language, texts

VOID = {"meta", "link", "input"}
HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;{{ 7 * 7 }}</pre></main>"
BOTH = pytest.mark.parametrize("language", ["fr", "en"])


class Page(HTMLParser):
    """A page as its elements, each with the text inside it; a tag that is not closed in its turn fails the test."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[int] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open_tags()}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {self.get_starttag_text()}"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self._open_tags()[-1:] == [tag], f"</{tag}> closes {self._open_tags()}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for position in self._open:
            self.texts[position] += data

    def _open_tags(self) -> list[str]:
        return [self.elements[position][0] for position in self._open]

    def find(self, tag: str, **attributes: str) -> list[tuple[dict[str, str], str]]:
        """The elements of that tag with those attributes: their attributes and their text, without outer blanks."""
        return [
            (found, words.strip())
            for (name, found), words in zip(self.elements, self.texts, strict=True)
            if name == tag and attributes.items() <= found.items()
        ]

    def text(self, tag: str, **attributes: str) -> str:
        [(_, words)] = self.find(tag, **attributes)
        return words

    def hidden_fields(self) -> dict[str, str]:
        return {found["name"]: found["value"] for found, _ in self.find("input", type="hidden")}


def persona(**changes: str) -> PersonaChoice:
    values = {
        "id": "899700000021",
        "name": "PIERRE FICTIF",
        "profession": "10",
        "what": "simple",
        "auth_mode": "MOBILE",
        "acr": "eidas1",
    }
    return PersonaChoice(**(values | changes))


def login_page(language: Language = "fr", value: str = "x", **changes: Any) -> Page:
    arguments = {
        "application": value,
        "destination": value,
        "personas": [persona(id=value, name=value, profession=value, what=value, auth_mode=value, acr=value)],
        "action": value,
        "switch_url": value,
        "notice": value,
    }
    return Page(pages.login(language=language, **(arguments | changes)))


def logout_page(language: Language = "fr", value: str = "x") -> Page:
    fields = {value: value}
    return Page(pages.logout_confirm(language=language, action=value, switch_url=value, fields=fields))


RENDERED: dict[str, Callable[[Language, str], Page]] = {
    "login": login_page,
    "error": lambda language, value: Page(pages.error(language=language, message=value, hint=value)),
    "logout_confirm": logout_page,
    "logged_out": lambda language, _: Page(pages.logged_out(language=language)),
    "form_post": lambda language, value: Page(
        pages.form_post(language=language, action=value, fields=[(value, value), ("submit", value)])
    ),
    "callback": lambda language, value: Page(
        pages.callback(language=language, parameters={value: value}, command=value)
    ),
    "index": lambda language, value: Page(pages.index(language=language, rows=[(value, value)], login_url=value)),
}
EVERY = pytest.mark.parametrize("name", RENDERED)


@pytest.mark.parametrize("html", ["<p>", "</p>", "<p><b></p></b>", "<p id=a id=b></p>"])
def test_the_reader_of_these_tests_refuses_broken_html(html: str) -> None:
    with pytest.raises(AssertionError):
        Page(html)


def swap(word: str) -> str:
    return HOSTILE if word == "x" else word


@EVERY
@BOTH
def test_a_hostile_value_changes_nothing_but_text_and_attribute_values(name: str, language: Language) -> None:
    plain, hostile = RENDERED[name](language, "x"), RENDERED[name](language, HOSTILE)
    assert hostile.elements == [(tag, {swap(n): swap(v) for n, v in found.items()}) for tag, found in plain.elements]
    for before, after in zip(plain.texts, hostile.texts, strict=True):
        assert before.strip() != "x" or after.strip() == HOSTILE


@EVERY
@BOTH
def test_a_page_has_its_language_its_landmarks_and_one_heading(name: str, language: Language) -> None:
    page = RENDERED[name](language, "x")
    assert [found["lang"] for found, _ in page.find("html")] == [language]
    assert [len(page.find(tag)) for tag in ("header", "main", "footer", "h1", "title")] == [1] * 5
    assert page.text("title") == f"{page.text('h1')} – mockpsc"
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    assert {found["aria-labelledby"] for _, found in page.elements if "aria-labelledby" in found} <= set(ids)
    assert page.find("meta", name="viewport")


@EVERY
def test_a_page_says_what_it_is_in_both_languages(name: str) -> None:
    french, english = (RENDERED[name](language, "x") for language in pages.language.LANGUAGES)
    assert french.text("footer") == "mockpsc: simulateur de Pro Santé Connect pour les tests, jamais en production"
    assert "never for production" in english.text("footer")
    assert french.text("h1") != english.text("h1")


@EVERY
def test_a_page_loads_nothing(name: str) -> None:
    page = RENDERED[name]("fr", "x")
    assert {tag for tag, _ in page.elements}.isdisjoint({"img", "iframe", "object", "embed", "audio", "video", "base"})
    assert [found["href"] for found, _ in page.find("link")] == ["data:,"]
    assert not [tag for tag, found in page.elements if "src" in found or "http-equiv" in found or "style" in found]
    assert not re.search(r"url\(|@import|//", page.text("style"))
    assert len(page.find("script")) == (name == "form_post")


def test_the_login_page_says_who_asks_and_where_the_person_will_be_sent_back() -> None:
    page = login_page(application="dmp-test", destination="https://rp.test/retour?a=1&b=2")
    assert page.text("strong") == "dmp-test"
    assert page.text("code") == "https://rp.test/retour?a=1&b=2"


def test_the_login_page_has_one_button_for_each_person_and_one_to_refuse() -> None:
    people = [persona(), persona(id="30B0190123/CPET00123", name="MURIEL AGENT-FICTIF")]
    page = login_page(personas=people, action="/auth/?a=1&b=2")
    assert page.find("form", method="post", action="/auth/?a=1&b=2")
    buttons = [(found["name"], found["value"]) for found, _ in page.find("button")]
    assert buttons == [("persona", "899700000021"), ("persona", "30B0190123/CPET00123"), ("refuse", "1")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"auth_mode": "CARD", "acr": "eidas3"}, ["PIERRE FICTIF", "simple", "Médecin", "Carte CPS", "eidas3"]),
        ({"auth_mode": "MOBILE", "acr": "eidas1"}, ["PIERRE FICTIF", "simple", "Médecin", "e-CPS", "eidas1"]),
        ({"profession": "80"}, ["Pédicure-podologue"]),
        ({"profession": ""}, ["Aucune profession"]),
        ({"profession": "1234"}, ["Profession 1234"]),
    ],
)
def test_a_persons_button_says_who_they_are(changes: dict[str, str], words: list[str]) -> None:
    label = login_page(personas=[persona(**changes)]).text("button", name="persona")
    assert [word for word in words if word not in label] == []


def test_the_english_login_page_names_professions_in_english() -> None:
    assert "Physiotherapist" in login_page("en", personas=[persona(profession="70")]).text("button", name="persona")


def test_a_login_page_without_anybody_to_choose_still_offers_to_refuse() -> None:
    page = login_page(personas=[])
    assert not page.find("ul")
    assert [found["name"] for found, _ in page.find("button")] == ["refuse"]


def test_a_notice_shows_only_when_there_is_one() -> None:
    assert login_page(notice="Choisissez encore.").text("p", role="status") == "Choisissez encore."
    assert login_page(notice="").find("p", role="status") == []


@pytest.mark.parametrize("render", [login_page, logout_page])
@pytest.mark.parametrize(("language", "other", "words"), [("fr", "en", "English"), ("en", "fr", "Français")])
def test_a_page_links_to_itself_in_the_other_language(
    render: Callable[[Language, str], Page], language: Language, other: str, words: str
) -> None:
    assert render(language, "?kc_locale=en&x=1").text("a", href="?kc_locale=en&x=1", lang=other) == words


@pytest.mark.parametrize(("language", "title"), [("fr", "Nous sommes désolés..."), ("en", "We are sorry...")])
def test_the_error_page_is_keycloaks_with_an_explanation(language: Language, title: str) -> None:
    page = Page(pages.error(language=language, message="Client not found.", hint="No client 'démo'."))
    assert page.text("h1") == title
    assert page.text("p", id="kc-error-message", lang="en") == "Client not found."
    assert "mockpsc" in page.text("h2", id="explanation")
    assert page.text("section").endswith("No client 'démo'.")


def test_an_error_page_without_a_hint_explains_nothing() -> None:
    assert Page(pages.error(language="fr", message="Client not found.", hint="")).find("section") == []


def test_the_logout_question_posts_its_fields() -> None:
    fields = {"client_id": "demo", "state": 'a"b'}
    page = Page(pages.logout_confirm(language="en", action="/logout", switch_url="?", fields=fields))
    assert page.text("h1") == "Logging out"
    assert "Do you want to log out?" in page.text("main")
    assert page.find("form", method="post", action="/logout")
    assert page.hidden_fields() == fields
    assert page.text("button") == "Log out"


@pytest.mark.parametrize(("language", "title"), [("fr", "Vous êtes déconnecté"), ("en", "You are logged out")])
def test_the_page_after_a_logout_says_so(language: Language, title: str) -> None:
    assert Page(pages.logged_out(language=language)).text("h1") == title


def test_a_form_post_response_submits_itself_and_has_a_button() -> None:
    fields = [("state", "é&="), ("code", "1.2.3"), ("submit", "hides form.submit")]
    page = Page(pages.form_post(language="fr", action="https://rp.test/retour", fields=fields))
    assert page.find("form", method="post", action="https://rp.test/retour")
    assert page.hidden_fields() == dict(fields)
    assert page.text("button") == "Continuer"
    assert page.text("script") == "HTMLFormElement.prototype.submit.call(document.forms[0]);"


def test_the_callback_page_shows_what_came_back_and_how_to_exchange_the_code() -> None:
    command = "curl 'https://localhost:8443/token' \\\n  -d code=1.2.3 <&0"
    page = Page(pages.callback(language="en", parameters={"state": "s", "code": "1.2.3"}, command=command))
    assert page.text("h1") == "Back from the login"
    shown = [words for _, words in page.find("dt") + page.find("dd")]
    assert shown == ["state", "code", "s", "1.2.3"]
    assert page.text("pre") == command


def test_the_callback_page_of_a_refusal_has_no_command() -> None:
    page = Page(pages.callback(language="en", parameters={"error": "access_denied"}, command=""))
    assert page.text("h1") == "The login was refused"
    assert page.find("pre") == []


def test_the_callback_page_of_an_empty_response_says_that_it_is_empty() -> None:
    page = Page(pages.callback(language="en", parameters={}, command=""))
    assert "No parameter was sent back." in page.text("main")


def test_the_front_page_lists_settings_and_links_to_a_login() -> None:
    rows = [("client_id", "demo"), ("Issuer", "https://localhost:8443")]
    page = Page(pages.index(language="fr", rows=rows, login_url="/login?a=1&b=2"))
    labels, values = ([words for _, words in page.find(tag)] for tag in ("dt", "dd"))
    assert list(zip(labels, values, strict=True)) == rows
    assert page.text("a", href="/login?a=1&b=2") == "Essayer une connexion"


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ([], "fr"),
        ([""], "fr"),
        (["en"], "en"),
        (["EN-gb"], "en"),
        (["fr_FR"], "fr"),
        (["de"], "fr"),
        (["*"], "fr"),
        (["english"], "fr"),
        (["", "", "en"], "en"),
        (["fr", "en"], "fr"),
        (["en", "fr", "fr"], "en"),
        (["de", "en"], "en"),
        (["de fr-CA en"], "fr"),
        (["fr-FR,fr;q=0.9,en;q=0.8"], "fr"),
        (["en-GB,en;q=0.9,fr;q=0.8"], "en"),
        (["fr;q=0.2, en;q=0.7"], "en"),
        (["fr ; q = 0.2 , en"], "en"),
        (["de, en;q=0.1"], "en"),
        (["en;q=0"], "fr"),
        (["en;q=0.000, fr;q=0.1"], "fr"),
        (["fr;q=0", "en"], "en"),
        (["en;q=0.5,fr;q=0.5"], "en"),
        (["<script>;;q=,,=1 q"], "fr"),
    ],
)
def test_the_preferred_language_is_that_of_the_first_wish_that_names_one(wishes: list[str], language: str) -> None:
    assert preferred_language(*wishes) == language


@cache
def templates() -> dict[str, str]:
    folder = resources.files("mockpsc.pages") / "templates"
    found = sorted(folder.iterdir(), key=lambda template: template.name)
    return {template.name: template.read_text(encoding="utf-8") for template in found}


def keys_of(source: str) -> Iterator[str]:
    for call in Environment(autoescape=True).parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t":
            [key] = call.args
            assert isinstance(key, nodes.Const), "a key that is computed cannot be checked"
            yield key.value


def test_the_templates_use_every_text_and_no_other() -> None:
    used = {key for source in templates().values() for key in keys_of(source)}
    assert used | {"profession.none", "profession.unknown"} == set(texts.TEXTS)


@pytest.mark.parametrize("name", templates())
def test_no_template_has_words_of_its_own(name: str) -> None:
    visible = re.sub(r"(?s)<(style|script)>.*?</\1>|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]*>", " ", templates()[name])
    assert set(re.findall(r"\w+", visible)) <= {"mockpsc"}


def test_every_text_is_there_in_both_languages() -> None:
    pairs = [*texts.TEXTS.values(), *texts.PROFESSIONS.values()]
    assert [pair for pair in pairs if not all(pair)] == []


def test_a_text_that_is_not_in_the_table_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(LookupError, match=r"'login\.titel' \(did you mean 'login\.title'\?\)"):
        texts.text("login.titel", language="fr")


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", templates()["base.html"], re.DOTALL)
    values = light if scheme == "light" else light + dark
    return dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", values))


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, as WCAG 2.2 defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        *[("text", back, 4.5) for back in ("page", "surface", "hover", "tag")],
        *[("muted", back, 4.5) for back in ("page", "surface", "hover")],
        *[("accent", back, 4.5) for back in ("page", "surface")],
        ("on-accent", "accent", 4.5),
        ("on-notice", "notice", 4.5),
        *[("control", back, 3.0) for back in ("page", "surface")],
        ("accent", "hover", 3.0),
    ],
)
def test_colours_have_the_contrast_of_wcag_level_aa(scheme: str, front: str, back: str, least: float) -> None:
    values = colours(scheme)
    dark, light = sorted(luminance(values[name]) for name in (front, back))
    assert (light + 0.05) / (dark + 0.05) >= least


# The people who can log in: mockpsc/profiles/personas.toml.


def listed(text: str) -> set[str]:
    return set(text.split())


PERSON = {"id", "given_name", "family_name", "what", "auth_mode", "acr", "civilite", "origin"}
PERSON_OPTIONAL = {"shape", "exercices", "claims"}
EXERCICE = listed("""
    codeProfession codeCategorieProfessionnelle codeCiviliteDexercice nomDexercice prenomDexercice
    codeTypeSavoirFaire codeSavoirFaire activities""")
ACTIVITY = listed("""
    codeModeExercice codeSecteurDactivite codeSectionPharmacien codeRole codeGenreActivite numeroSiretSite
    numeroSirenSite numeroFinessSite numeroFinessetablissementJuridique identifiantTechniqueDeLaStructure
    raisonSocialeSite enseigneCommercialeSite complementDestinataire complementPointGeographique numeroVoie
    indiceRepetitionVoie codeTypeDeVoie libelleVoie mentionDistribution bureauCedex codePostal codeCommune codePays
    telephone telephone2 telecopie adresseEMail codeDepartement ancienIdentifiantDeLaStructure
    autoriteDenregistrement""")
CODES = {
    "auth_mode": {"CARD", "MOBILE"},
    "acr": {"eidas1", "eidas3"},
    "civilite": {"M", "MME", ""},
    "origin": {"RPPS", "EDIT", "ADELI", ""},
    "shape": {"2021", "2022", "2023-05", "2023-11"},
    "codeProfession": set(texts.PROFESSIONS),
    "codeCategorieProfessionnelle": {"C", "E", "M"},
    "codeCiviliteDexercice": {"DR", "PR", "M", "MME"},
    "codeTypeSavoirFaire": {"S"},
    "codeSavoirFaire": listed("SM04 SM05 SM15 SM20 SM25 SM26 SM38 SM40 SM41 SM42 SM44 SM53 SM54 SM59 SCD01"),
    "codeModeExercice": {"L", "S", "B"},
    "codeSecteurDactivite": {f"SA{number:02}" for number in range(1, 70)} - {"SA11", "SA62"},
    "codeSectionPharmacien": set("ABCDEGHM"),
    "codeGenreActivite": {f"GENR{number:02}" for number in (1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 13, 99)},
    "codePays": {"99000"},
}
FORMS = {
    "id": r"8997\d{8}|ANS20\d{12}|00B\d{7}|30B\d{7}/CPET\d{5}",
    "numeroSiretSite": r"0{9}\d{5}",
    "numeroSirenSite": r"0{9}",
    "numeroFinessSite": r"0B\d{7}",
    "numeroFinessetablissementJuridique": r"1B\d{7}",
    "codePostal": r"\d{5}",
    "telephone": r"0(199|465)\d{6}",
    "telecopie": r"0(199|465)\d{6}",
    "adresseEMail": r"[\w.-]+@[\w.-]+\.example",
}
PUBLIC_TEST_IDENTITIES = listed("""
    899700218896 899700245667 899700366240 899700427869 899700427885 ANS20210107161422
    ANS20220215183932 ANS20220720152813 ANS20231122132732 810002000202 899900023351 30B0168811/CPET00001
    500000001815646/CPAT00045""")


@cache
def people() -> list[dict[str, Any]]:
    source = resources.files("mockpsc") / "profiles" / "personas.toml"
    table: list[dict[str, Any]] = tomllib.loads(source.read_text(encoding="utf-8"))["personas"]
    return table


def exercices(person: dict[str, Any]) -> list[dict[str, Any]]:
    return list(person.get("exercices", []))


def activities(person: dict[str, Any]) -> list[dict[str, str]]:
    return [activity for exercice in exercices(person) for activity in exercice["activities"]]


def records(person: dict[str, Any]) -> list[dict[str, Any]]:
    return [person, *exercices(person), *activities(person)]


def professions(person: dict[str, Any]) -> list[str]:
    return [exercice.get("codeProfession", "") for exercice in exercices(person)]


def named(person: dict[str, Any]) -> str:
    return f"{person['given_name']} {person['family_name']}"


EVERYBODY = pytest.mark.parametrize("person", people(), ids=named)


def test_no_two_people_have_the_same_id_or_that_of_a_public_test_identity() -> None:
    ids = [person["id"] for person in people()]
    assert len(ids) == len(set(ids)) >= 12
    assert PUBLIC_TEST_IDENTITIES.isdisjoint(ids)


@EVERYBODY
def test_a_person_has_the_members_of_the_schema_and_no_empty_ones_below(person: dict[str, Any]) -> None:
    assert set(person) >= PERSON
    assert set(person) <= PERSON | PERSON_OPTIONAL
    assert set(person["what"]) == {"fr", "en"}
    for exercice in exercices(person):
        assert set(exercice) <= EXERCICE
        assert exercice["activities"]
    for activity in activities(person):
        assert set(activity) <= ACTIVITY
    below = [value for record in records(person)[1:] for name, value in record.items() if name != "activities"]
    assert [value for value in below if not isinstance(value, str) or not value.strip()] == []


@EVERYBODY
def test_a_persons_codes_are_known_and_their_numbers_well_formed(person: dict[str, Any]) -> None:
    for record in records(person):
        wrong = {name: value for name, value in record.items() if name in CODES and value not in CODES[name]}
        misshapen = {name: v for name, v in record.items() if name in FORMS and not re.fullmatch(FORMS[name], v)}
        assert wrong | misshapen == {}


@EVERYBODY
def test_a_person_has_a_name_that_fits_and_a_generation_that_has_their_members(person: dict[str, Any]) -> None:
    assert len(named(person)) < 100
    assert all(len(words) < 100 for words in person["what"].values())
    if person.get("shape") == "2021":
        assert not [activity for activity in activities(person) if "codeGenreActivite" in activity]


@EVERYBODY
def test_a_structure_with_a_finess_number_is_identified_by_it(person: dict[str, Any]) -> None:
    for activity in activities(person):
        if number := activity.get("numeroFinessSite"):
            assert activity["identifiantTechniqueDeLaStructure"] == f"F{number}"
            assert activity["ancienIdentifiantDeLaStructure"] == f"1{number}"


def test_no_two_structures_share_an_identifier() -> None:
    found = [
        activity.get("identifiantTechniqueDeLaStructure") for person in people() for activity in activities(person)
    ]
    identifiers = [identifier for identifier in found if identifier]
    assert len(identifiers) == len(set(identifiers))


def luhn(digits: str) -> bool:
    """Whether a number ends with the right Luhn key, as an RPPS number does."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def test_the_key_of_every_rpps_number_holds() -> None:
    ids = [person["id"] for person in people() if person["id"].startswith("8997")]
    assert [id_ for id_ in ids if not luhn(id_[1:])] == []


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(lambda p: professions(p) == ["10"] and len(activities(p)) >= 5, id="doctor, many activities"),
        pytest.param(lambda p: len(professions(p)) == 2, id="two exercices"),
        pytest.param(
            lambda p: professions(p) == ["21"] and all("codeSectionPharmacien" in a for a in activities(p)),
            id="pharmacist with a section",
        ),
        *[
            pytest.param(lambda p, code=code: professions(p) == [code], id=texts.PROFESSIONS[code][1])
            for code in ("60", "50", "40", "70")
        ],
        pytest.param(lambda p: professions(p) == ["80"] and p["origin"] == "EDIT", id="podiatrist of EDIT"),
        pytest.param(lambda p: professions(p) == [""] and "/" in p["id"], id="employee in no register"),
        pytest.param(lambda p: not exercices(p) and p["id"].startswith("ANS"), id="no professional record"),
        pytest.param(lambda p: p["auth_mode"] == "CARD" and p["acr"] == "eidas1", id="card"),
        pytest.param(lambda p: p["auth_mode"] == "MOBILE", id="mobile"),
        pytest.param(
            lambda p: p["auth_mode"] == "CARD" and p["acr"] == "eidas3" and professions(p) == ["10"], id="eidas3"
        ),
        pytest.param(lambda p: p["origin"] == "ADELI", id="ADELI"),
        pytest.param(lambda p: p["origin"] == "", id="without otherIds"),
        pytest.param(lambda p: any(e.get("codeCategorieProfessionnelle") == "E" for e in exercices(p)), id="student"),
        *[
            pytest.param(lambda p, mark=mark: mark in p["family_name"], id=f"a name with {mark}")
            for mark in ("'", "’", "-", "É", "Ë")
        ],
        pytest.param(lambda p: 90 <= len(named(p)) < 100, id="a long name"),
        pytest.param(lambda p: p["civilite"] == "", id="no title"),
        *[
            pytest.param(lambda p, shape=shape: p.get("shape", "2023-11") == shape, id=f"shape {shape}")
            for shape in sorted(CODES["shape"])
        ],
    ],
)
def test_somebody_is_there_for_each_thing_that_breaks_relying_parties(wanted: Callable[[dict[str, Any]], bool]) -> None:
    assert any(wanted(person) for person in people())


@BOTH
def test_the_login_page_offers_the_whole_file(language: Language) -> None:
    choices = [
        persona(
            id=person["id"],
            name=named(person),
            what=person["what"][language],
            profession=(professions(person) or [""])[0],
            auth_mode=person["auth_mode"],
            acr=person["acr"],
        )
        for person in people()
    ]
    page = login_page(language, personas=choices)
    labels = {found["value"]: words for found, words in page.find("button", name="persona")}
    assert list(labels) == [person["id"] for person in people()]
    assert all(named(person) in labels[person["id"]] for person in people())
