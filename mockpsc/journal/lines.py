"""Log lines, which nothing foreign can break."""


def when(template: str, value: object) -> str:
    """The template with the value, or nothing if there is none."""
    return template.format(value) if value else ""


def milliseconds(duration: float) -> str:
    """A duration in seconds, for people."""
    return f"{duration * 1000:.0f} ms"


def on_one_line(text: str) -> str:
    """The text with all that could break or disguise a line as `\\n` or so: subjects, names and paths are foreign."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
