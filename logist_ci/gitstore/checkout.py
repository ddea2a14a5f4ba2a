"""Fills a worktree with the files of a commit, as ``git worktree add`` would, and records how."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from logist_ci.errors import StoreError
from logist_ci.gitstore.attributes import ATTRIBUTES, base_attributes, flattened
from logist_ci.gitstore.checkout_record import CheckoutRecord, read_record
from logist_ci.gitstore.checkout_settings import checkout_settings
from logist_ci.gitstore.configuration import Configuration
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.private_index import install_index, submodules
from logist_ci.gitstore.registration import Registration
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId
from logist_ci.job.manifest import Manifest
from logist_ci.process.files import translated_os_errors

__all__ = ["check_out", "found_out_again", "planned_checkout", "recorded_attributes", "recorded_checkout", "remotes"]

_EMPTY = "Submodules are left empty; fill them with: git submodule update --init"
_POINTERS = "Some files of git-lfs could not be downloaded, and are pointers."
_UNREACHABLE = (b"could not fetch", b"promisor", b"unable to read", b"missing")


def planned_checkout(repository: Repository, *, branch: str, base: CommitId, tip: CommitId) -> CheckoutRecord:
    """Return the record of a checkout that is about to begin, with all that the user's settings say about it."""
    identity = repository.identity()
    return CheckoutRecord(
        branch=branch,
        base=base,
        tip=tip,
        settings=checkout_settings(repository),
        identity=(identity.name, identity.email),
        sign=repository.configuration().flag("commit.gpgsign"),
    )


def check_out(
    repository: Repository,
    folder: JobFolder,
    registration: Registration,
    record: CheckoutRecord,
) -> tuple[CheckoutRecord, tuple[str, ...]]:
    """Write the files of ``record.tip`` into the worktree.

    No hook and no filter but git-lfs is run.

    Returns:
        The record with what was learned on the way, and sentences for the job's log.

    Raises:
        StoreError: the disk is full, or objects of a partial clone cannot be fetched.
    """
    agents = record.tip != record.base
    network = record.settings.missing or (record.settings.lfs and not agents)
    setup = Setup(
        worktree=folder.workspace,
        settings=record.settings,
        attributes=record.settings.attributes,
        # Several workers would be a little faster alone, and much slower while other jobs run.
        extra=list(remotes(repository.configuration())) if network else [],
        network=network,
    )
    with private_git(folder.temp, repository, setup) as git:
        if agents:
            # What an earlier attempt says about files does not count before somebody has looked at it.
            record = replace(record, attributes=recorded_attributes(repository, git, record))
            git.use_attributes(record.attributes)
        said = _fill(git, record)
        if not agents:
            record = replace(record, attributes=_attributes_of_index(repository, git, record))
        notes = [_EMPTY] if submodules(git) else []
        notes += [_POINTERS] if b"Error downloading object" in said else []
        return replace(record, index=install_index(git, folder, registration)), tuple(notes)


def recorded_checkout(repository: Repository, folder: JobFolder, manifest: Manifest) -> CheckoutRecord:
    """Return what was recorded about a job's checkout; where that is lost, what can be found out again."""
    record = read_record(folder)
    source = manifest.source
    if record is not None and (record.branch, record.base) == (source.branch, source.base_commit):
        return record
    tip = manifest.result.head or source.base_commit
    plan = planned_checkout(repository, branch=source.branch, base=source.base_commit, tip=tip)
    return found_out_again(repository, folder, plan)


def found_out_again(repository: Repository, folder: JobFolder, plan: CheckoutRecord) -> CheckoutRecord:
    """Return ``plan`` with what only a checkout can say; it is not ready, because nobody knows what is there."""
    with private_git(folder.temp, repository, Setup(settings=plan.settings)) as git:
        return replace(plan, attributes=recorded_attributes(repository, git, plan))


def recorded_attributes(repository: Repository, git: PrivateGit, record: CheckoutRecord) -> bytes:
    """Return the attributes of the base, with the user's own for this repository on top."""
    return base_attributes(repository, git, record.base) + record.settings.attributes


def _attributes_of_index(repository: Repository, git: PrivateGit, record: CheckoutRecord) -> bytes:
    with translated_os_errors(f"read {git.index}"):
        has_some = ATTRIBUTES + b"\0" in git.index.read_bytes()
    if not has_some:
        # Most repositories have none, and need no run of git to learn it.
        return flattened({}) + record.settings.attributes
    return recorded_attributes(repository, git, record)


def _fill(git: PrivateGit, record: CheckoutRecord) -> bytes:
    """Write the files; return what git, and git-lfs, said."""
    done = git.run("read-tree", "-u", "--reset", record.tip)
    if done.returncode == 0:
        return done.stderr
    said = done.stderr.decode("utf-8", "replace").strip()
    if record.settings.missing and any(word in done.stderr for word in _UNREACHABLE):
        what = f"Objects of {record.tip[:10]} are missing in this partial clone"
        raise StoreError(
            f"{what}, and could not be fetched: {said}",
            hint="Connect to its remote, or get them with: git fetch --refetch",
        )
    raise StoreError(f"The files of {record.tip[:10]} could not be checked out: {said}", hint="Is the disk full?")


def remotes(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Return where missing objects come from, and nothing of what could run a program of the repository's."""
    filters = set()
    for setting in configuration.settings:
        key = setting.name.rpartition(".")[2]
        if setting.name.startswith("filter.") and not setting.name.startswith("filter.lfs."):
            filters.add(setting.name.rpartition(".")[0])
        if setting.scope not in ("local", "worktree"):
            # Git reads these itself.
            continue
        if (setting.name.startswith("remote.") and key in ("url", "promisor", "partialclonefilter")) or (
            setting.name == "extensions.partialclone" or setting.name == "lfs.url" or key == "extraheader"
        ):
            yield setting.name, setting.value
    for name in sorted(filters):
        yield from ((f"{name}.{kind}", "") for kind in ("clean", "smudge", "process"))
        yield f"{name}.required", "false"
