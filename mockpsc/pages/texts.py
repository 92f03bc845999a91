"""Every word of the pages, in French and in English. Nothing that a person reads stands in a template."""

from mockpsc.errors import nearest
from mockpsc.pages.language import LANGUAGES, Language

TEXTS: dict[str, tuple[str, str]] = {
    "about": (
        "mockpsc: simulateur de Pro Santé Connect pour les tests, jamais en production",
        "mockpsc: a simulator of Pro Santé Connect for tests, never for production",
    ),
    "callback.command": ("Échanger le code", "Exchange the code"),
    "callback.command_help": (
        "Le code ne sert qu'une fois et expire vite. À coller dans un terminal :",
        "The code works once and expires soon. Paste this into a terminal:",
    ),
    "callback.intro": (
        "Voici ce que la page de connexion a renvoyé, comme une application le recevrait.",
        "This is what the login page sent back, as an application would receive it.",
    ),
    "callback.nothing": ("Aucun paramètre n'a été renvoyé.", "No parameter was sent back."),
    "callback.parameters": ("Paramètres reçus", "Parameters received"),
    "callback.refused": ("La connexion a été refusée", "The login was refused"),
    "callback.title": ("Retour de la connexion", "Back from the login"),
    "error.explanation": ("Explication de mockpsc", "Explanation by mockpsc"),
    "error.title": ("Nous sommes désolés...", "We are sorry..."),
    "form_post.button": ("Continuer", "Continue"),
    "form_post.intro": (
        "Retour automatique vers l'application. Si rien ne se passe, appuyez sur le bouton.",
        "You are being sent back to the application. If nothing happens, press the button.",
    ),
    "form_post.title": ("Retour à l'application", "Back to the application"),
    "index.intro": (
        "Les réglages à donner à l'application qui se connecte par Pro Santé Connect.",
        "What to set in the application that logs in with Pro Santé Connect.",
    ),
    "index.login": ("Essayer une connexion", "Try a login"),
    "index.title": ("mockpsc est prêt", "mockpsc is ready"),
    "language.switch": ("English", "Français"),
    "login.application": ("Application", "Application"),
    "login.card": ("Carte CPS", "CPS card"),
    "login.destination": ("Retour vers", "Sent back to"),
    "login.mobile": ("e-CPS", "e-CPS"),
    "login.nobody": ("Il n'y a personne à choisir.", "There is nobody to choose."),
    "login.personas": ("Choisir une personne fictive", "Choose a fictitious person"),
    "login.refuse": ("Refuser la connexion", "Refuse the login"),
    "login.title": ("Se connecter", "Log in"),
    "logout.button": ("Se déconnecter", "Log out"),
    "logout.done": ("Vous êtes déconnecté", "You are logged out"),
    "logout.done_help": ("Vous pouvez fermer cette page.", "You can close this page."),
    "logout.question": ("Voulez-vous vous déconnecter ?", "Do you want to log out?"),
    "logout.title": ("Déconnexion", "Logging out"),
    "profession.none": ("Aucune profession", "No profession"),
    "profession.unknown": ("Profession", "Profession"),
}

# TRE_G15 (health), TRE_R95 (protected titles) and TRE_R94 (social work) of the Nomenclatures des objets de santé.
PROFESSIONS: dict[str, tuple[str, str]] = {
    "10": ("Médecin", "Doctor"),
    "21": ("Pharmacien", "Pharmacist"),
    "26": ("Audioprothésiste", "Hearing-aid specialist"),
    "28": ("Opticien-lunetier", "Optician"),
    "31": ("Assistant dentaire", "Dental assistant"),
    "32": ("Physicien médical", "Medical physicist"),
    "35": ("Aide-soignant", "Nursing assistant"),
    "36": ("Ambulancier", "Ambulance driver"),
    "37": ("Auxiliaire de puériculture", "Childcare assistant"),
    "38": ("Préparateur en pharmacie hospitalière", "Hospital pharmacy technician"),
    "39": ("Préparateur en pharmacie (officine)", "Pharmacy technician"),
    "40": ("Chirurgien-dentiste", "Dentist"),
    "41": ("Assistant de service social", "Social worker"),
    "42": ("Auxiliaire de vie sociale", "Home-care assistant"),
    "43": ("Technicien de l'intervention sociale et familiale", "Family support worker"),
    "44": ("Conseiller en économie sociale et familiale", "Social and family economics adviser"),
    "45": ("Médiateur familial", "Family mediator"),
    "46": ("Assistant familial", "Foster carer"),
    "47": ("Aide médico-psychologique", "Medico-psychological assistant"),
    "48": ("Moniteur éducateur", "Youth care instructor"),
    "49": ("Éducateur de jeunes enfants", "Early-years educator"),
    "50": ("Sage-femme", "Midwife"),
    "51": ("Éducateur spécialisé", "Special-needs educator"),
    "52": ("Éducateur technique spécialisé", "Technical special-needs educator"),
    "53": ("Accompagnant éducatif et social", "Educational and social support worker"),
    "60": ("Infirmier", "Nurse"),
    "69": ("Infirmier psychiatrique", "Psychiatric nurse"),
    "70": ("Masseur-kinésithérapeute", "Physiotherapist"),
    "71": ("Ostéopathe", "Osteopath"),
    "72": ("Psychothérapeute", "Psychotherapist"),
    "73": ("Chiropracteur", "Chiropractor"),
    "80": ("Pédicure-podologue", "Podiatrist"),
    "81": ("Orthoprothésiste", "Orthotist and prosthetist"),
    "82": ("Podo-orthésiste", "Pedorthist"),
    "83": ("Orthopédiste-orthésiste", "Orthotist"),
    "84": ("Oculariste", "Ocularist"),
    "85": ("Épithésiste", "Anaplastologist"),
    "86": ("Technicien de laboratoire médical", "Medical laboratory technician"),
    "91": ("Orthophoniste", "Speech therapist"),
    "92": ("Orthoptiste", "Orthoptist"),
    "93": ("Psychologue", "Psychologist"),
    "94": ("Ergothérapeute", "Occupational therapist"),
    "95": ("Diététicien", "Dietitian"),
    "96": ("Psychomotricien", "Psychomotor therapist"),
    "97": ("Conseiller en génétique", "Genetic counsellor"),
    "98": ("Manipulateur d'électroradiologie médicale", "Radiographer"),
}


def text(key: str, *, language: Language) -> str:
    """The words of a key. Raises LookupError for a key that the table does not have."""
    if key not in TEXTS:
        raise LookupError(f"The pages have no text {key!r}{nearest(key, TEXTS)}: add it to mockpsc.pages.texts.")
    return TEXTS[key][LANGUAGES.index(language)]


def profession(code: str, *, language: Language) -> str:
    """A profession in words, by its code; the code itself for one that is in no table."""
    if code in PROFESSIONS:
        return PROFESSIONS[code][LANGUAGES.index(language)]
    return (
        f"{text('profession.unknown', language=language)} {code}"
        if code
        else text("profession.none", language=language)
    )
