"""Explains a certificate: what it is, what would become of it and why, and what other programs make of it.

* `material` reads a file in whatever form it has; `description` says what a certificate is.
* `caveats` are the rules by which other stacks go.
* `client_side` judges it as the mock would judge a client's, and `server_side` a server's as a relying party would.

No mock need run, and nothing is written.
"""

from mockpsc.explanation.as_json import as_json, worded_in
from mockpsc.explanation.caveats import CAVEATS, Caveat
from mockpsc.explanation.client_side import explain_client, explain_text
from mockpsc.explanation.description import Description, describe
from mockpsc.explanation.material import Material, read_material
from mockpsc.explanation.report import Answer, Owners, Report
from mockpsc.explanation.server_side import explain_server

__all__ = [
    "CAVEATS",
    "Answer",
    "Caveat",
    "Description",
    "Material",
    "Owners",
    "Report",
    "as_json",
    "describe",
    "explain_client",
    "explain_server",
    "explain_text",
    "read_material",
    "worded_in",
]
