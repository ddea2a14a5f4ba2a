"""Every error that Logist CI raises on purpose, and the exit status each one means.

::

    LogistError                 1   the job, a check or the gate failed
    ├── JobStateError           1   a manifest is damaged, or an event is not allowed now
    │   ├── NewerSchemaError    2   a manifest was written by a newer Logist CI
    │   └── NotNowError         2   what was asked for is not possible in the job's state
    ├── StoreError              1   git or the file system refused to store something
    │   └── LostRaceError       1   somebody else changed the same reference first
    ├── UsageError              2   the command line asks for something impossible
    │   ├── InvalidNameError    2   an id, a reference or a commit is not well formed
    │   ├── UnknownJobError     2   no job, or several, answer to that name
    │   ├── RepositoryError     2   no repository here, or one that cannot be used
    │   ├── ConfigError         2   a setting is unknown, of the wrong type, or not allowed there
    │   └── TemplateError       2   a recipe or template cannot be read or rendered
    ├── MissingError            4   a tool, a login or a permission is missing
    │   └── TrustError          4   commands of this repository were never trusted
    ├── RefusedError            5   refused to protect work (locked, unmerged, dirty, existing)
    │   └── BusyError           5   another process owns the job
    ├── PendingError            8   the job waits for something
    └── InterruptedRunError   130   stopped by the user
"""

from __future__ import annotations

__all__ = [
    "BusyError",
    "ConfigError",
    "InterruptedRunError",
    "InvalidNameError",
    "JobStateError",
    "LogistError",
    "LostRaceError",
    "MissingError",
    "NewerSchemaError",
    "NotNowError",
    "PendingError",
    "RefusedError",
    "RepositoryError",
    "StoreError",
    "TemplateError",
    "TrustError",
    "UnknownJobError",
    "UsageError",
]


class LogistError(Exception):
    """What failed, as a full sentence; ``hint`` says what to do next."""

    exit_status = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class JobStateError(LogistError):
    """A manifest is missing, damaged or foreign, or an event is not allowed in its state."""


class NewerSchemaError(JobStateError):
    """The manifest's schema is newer than this program understands."""

    exit_status = 2


class NotNowError(JobStateError):
    """A person asked for what the job's state does not allow; the hint names what it does."""

    exit_status = 2


class StoreError(LogistError):
    """Git or the file system refused to read or store something."""


class LostRaceError(StoreError):
    """A reference no longer has the value that the decision was based on."""


class UsageError(LogistError):
    """The request itself cannot be carried out as it was written."""

    exit_status = 2


class InvalidNameError(UsageError):
    """A job id, reference name or commit id is not well formed."""


class UnknownJobError(UsageError):
    """No job, or more than one, answers to the given name."""


class RepositoryError(UsageError):
    """There is no usable git repository, base or branch for the request."""


class ConfigError(UsageError):
    """A setting is unknown, has the wrong type, or does not count where it stands."""


class TemplateError(UsageError):
    """A recipe or template cannot be read or rendered."""


class MissingError(LogistError):
    """A tool, a login or a permission that the request needs is missing."""

    exit_status = 4


class TrustError(MissingError):
    """The repository's own commands have not been trusted by this user."""


class RefusedError(LogistError):
    """Carrying out the request could have lost work."""

    exit_status = 5


class BusyError(RefusedError):
    """Another process owns the job at this moment."""


class PendingError(LogistError):
    """The job waits for time, for another job or for a person."""

    exit_status = 8


class InterruptedRunError(LogistError):
    """The user stopped the command; what was done so far is kept."""

    exit_status = 130
