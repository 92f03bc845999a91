"""What serves the person who runs the mock, on a port of its own over plain HTTP.

`application` is all of it, `control` what it drives; `guard` says who may, `api` is how operations are declared, and
`operations` which there are. `revocation` is what certificates point to.
"""
