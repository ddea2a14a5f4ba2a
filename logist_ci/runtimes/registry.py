"""Which runtimes there are, and which one a job gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from logist_ci.errors import ConfigError, MissingError
from logist_ci.runtimes.base import Runtime
from logist_ci.runtimes.host import HostRuntime

__all__ = ["AUTO", "ENTRY_POINTS", "RuntimeMaker", "RuntimeRegistry", "builtin_runtimes", "select"]

#: The name that stands for the strongest runtime that works.
AUTO = "auto"
#: Packages name their runtimes in this group of entry points; each is called without arguments.
ENTRY_POINTS = "logist_ci.runtimes"

RuntimeMaker = Callable[[], Runtime]

# Strongest first.
_BUILTIN: dict[str, RuntimeMaker] = {"host": HostRuntime}


class RuntimeRegistry:
    """Finds a runtime by its name; it never changes.

    ``makers`` are in order, the strongest first. ``installed`` returns those from elsewhere: it is asked only
    for a name that is not among ``makers``, because looking through all packages takes time, and ``auto``
    never takes one of them, because nobody has chosen it.
    """

    def __init__(
        self, makers: Mapping[str, RuntimeMaker], installed: Callable[[], Mapping[str, RuntimeMaker]] = dict
    ) -> None:
        self._makers = dict(makers)
        self._installed = installed

    def get(self, name: str) -> Runtime:
        """Return the runtime called ``name``, whether or not it works here.

        Raises:
            ConfigError: there is none.
        """
        maker = self._makers.get(name) or self._installed().get(name)
        if maker is None:
            raise ConfigError(
                f"There is no runtime called {name!r}.", hint=f"There are: {', '.join((AUTO, *self.names()))}."
            )
        return maker()

    def names(self) -> tuple[str, ...]:
        """Return the names of all runtimes, the strongest first."""
        return tuple({**self._makers, **self._installed()})

    def select(self, name: str) -> Runtime:
        """Return the runtime called ``name``, for ``auto`` the strongest; its probe proved that it works.

        Raises:
            ConfigError: there is none of that name.
            MissingError: it does not work here; the hint says what to do.
        """
        if name == AUTO:
            return self._strongest()
        runtime = self.get(name)
        probe = runtime.probe()
        if not probe.works:
            raise MissingError(f"The runtime {name!r} does not work here: {probe.reason}", hint=probe.remedy)
        return runtime

    def _strongest(self) -> Runtime:
        for make in self._makers.values():
            runtime = make()
            if runtime.probe().works:
                return runtime
        raise MissingError("No runtime works here.", hint="See what each of them misses with: logist-ci doctor")


def builtin_runtimes(more: Mapping[str, RuntimeMaker] | None = None) -> RuntimeRegistry:
    """Return the runtimes that Logist CI brings, then ``more``, then those of installed packages."""
    return RuntimeRegistry({**_BUILTIN, **(more or {})}, _installed)


def select(name: str, registry: RuntimeRegistry) -> Runtime:
    """Return what :meth:`RuntimeRegistry.select` does."""
    return registry.select(name)


def _installed() -> dict[str, RuntimeMaker]:
    from importlib.metadata import entry_points  # late: it reads the metadata of every package

    return {point.name: _loading(point.name, point.load) for point in entry_points(group=ENTRY_POINTS)}


def _loading(name: str, load: Callable[[], RuntimeMaker]) -> RuntimeMaker:
    def make() -> Runtime:
        try:
            return load()()
        except (ImportError, AttributeError, TypeError) as defect:
            raise ConfigError(
                f"The runtime {name!r} of an installed package cannot be loaded: {defect}.",
                hint="Upgrade or remove that package.",
            ) from defect

    return make
