"""How a command fails: what cannot be done as it was asked is one sentence on standard error, and exit status 2."""

from typing import IO, Any

import click

from mockpsc.errors import ConfigurationError, nearest


class Commands(click.Group):
    """A group of commands, which may raise ConfigurationError."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and turn its ConfigurationError into the end of the program."""
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            raise _Failure(str(error)) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which is the nearest."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}{nearest(args[0], self.list_commands(ctx))}.")
        return super().resolve_command(ctx, args)


class _Failure(click.ClickException):
    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"mockpsc: {self.message}", err=True, file=file)
