"""Logs in at a mock that was installed alone, with nothing but the standard library."""

import json
import ssl
import subprocess
import sys
from http.client import HTTPSConnection
from urllib.parse import parse_qs, urlencode, urlsplit

command = [sys.argv[1], "serve", "--json"]
for listener in ("auth", "wallet", "admin"):
    command += [f"--{listener}-bind", "127.0.0.1:0"]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as mock:
    try:
        assert mock.stdout
        told = json.loads(mock.stdout.readline())
        trust = ssl.create_default_context(cafile=told["ca_file"])
        mutual = ssl.create_default_context(cafile=told["ca_file"])
        mutual.load_cert_chain(told["client_cert_file"], told["client_key_file"])

        login = urlsplit(told["login_url"])
        wallet = HTTPSConnection(login.netloc, context=trust)
        wallet.request("GET", f"{login.path}?{login.query}&login_hint=899700000013")
        location = urlsplit(wallet.getresponse().headers["Location"])
        code = parse_qs(location.query)["code"][0]

        token = urlsplit(told["issuer"] + "/protocol/openid-connect/token")
        form = {
            "grant_type": "authorization_code",
            "client_id": told["client_id"],
            "code": code,
            "redirect_uri": f"{told['admin_url']}/callback",
        }
        auth = HTTPSConnection(token.netloc, context=mutual)
        auth.request("POST", token.path, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
        tokens = json.loads(auth.getresponse().read())
        assert tokens["token_type"] == "Bearer", tokens
        wallet.close()
        auth.close()
    finally:
        mock.terminate()
print("A login at the installed wheel succeeded.")
