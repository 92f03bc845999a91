"""`python -m mockpsc` is the command `mockpsc`."""

from mockpsc.cli import main

main(prog_name="mockpsc")
