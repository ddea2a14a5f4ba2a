"""A first function, to be replaced by the real ones."""

__all__ = ["greet"]


def greet(name: str) -> str:
    """Return a greeting for ``name``.

    Raises:
        ValueError: the name is empty.
    """
    if not name.strip():
        raise ValueError("a greeting needs a name")
    return f"Hello, {name.strip()}!"
