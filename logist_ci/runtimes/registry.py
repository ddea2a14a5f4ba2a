"""Which runtimes there are, and which one a job gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from logist_ci.errors import ConfigError, MissingError
from logist_ci.runtimes.base import Runtime
from logist_ci.runtimes.host import HostRuntime

__all__ = ["AUTO", "ENTRY_POINTS", "known_runtimes", "select"]

AUTO = "auto"
#: Packages add their own runtimes under this entry point group; each is a callable without arguments.
ENTRY_POINTS = "logist_ci.runtimes"

# Strongest first: `auto` takes the first that a probe proved to work.
_BUILT_IN: tuple[tuple[str, Callable[[], Runtime]], ...] = (("host", HostRuntime),)


def known_runtimes(added: Iterable[EntryPoint] | None = None) -> dict[str, Callable[[], Runtime]]:
    """Return every runtime by name, strongest first, then those that other packages ``added``.

    Built-in names cannot be taken over. A package's code is loaded when its runtime is made.
    """
    found = dict(_BUILT_IN)
    for point in entry_points(group=ENTRY_POINTS) if added is None else added:
        found.setdefault(point.name, _loader(point))
    return found


def select(name: str, registry: Mapping[str, Callable[[], Runtime]]) -> Runtime:
    """Return the runtime ``name``, or for ``auto`` the strongest built-in that a probe proved to work.

    Raises:
        ConfigError: there is none of that name.
        MissingError: it does not work here; the hint says what to do.
    """
    if name == AUTO:
        return _strongest(registry)
    if name not in registry:
        raise ConfigError(
            f"There is no runtime called {name!r}.", hint=f"Runtimes are: {', '.join((AUTO, *sorted(registry)))}."
        )
    runtime = registry[name]()
    probe = runtime.probe()
    if not probe.works:
        raise MissingError(f"The runtime {name} does not work here: {probe.reason}", hint=probe.remedy)
    return runtime


def _strongest(registry: Mapping[str, Callable[[], Runtime]]) -> Runtime:
    # Nobody has chosen what other packages added, so `auto` does not either.
    candidates = [registry[name]() for name, _ in _BUILT_IN if name in registry]
    for runtime in candidates:
        if runtime.probe().works:
            return runtime
    raise MissingError("No runtime works here.", hint="See what is missing with: logist-ci doctor")


def _loader(point: EntryPoint) -> Callable[[], Runtime]:
    def load() -> Runtime:
        try:
            make = point.load()
        except (ImportError, AttributeError) as failure:
            raise MissingError(
                f"The runtime {point.name} cannot be loaded from {point.value}: {failure}.",
                hint="Install it again, or remove the package that announces it.",
            ) from failure
        runtime: Runtime = make()
        return runtime

    return load
