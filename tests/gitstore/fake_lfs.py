"""A small stand-in for git-lfs: pointers in git, contents in ``lfs.storage``; it speaks the filter protocol."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

__all__ = ["install", "pointer"]

VERSION = "version https://git-lfs.github.com/spec/v1"


def install(folder: Path) -> Path:
    """Make a program ``git-lfs`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "git-lfs"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{__file__}" "$@"\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return program


def pointer(content: bytes) -> bytes:
    """Return what git holds instead of ``content``."""
    return f"{VERSION}\noid sha256:{hashlib.sha256(content).hexdigest()}\nsize {len(content)}\n".encode()


def _storage() -> Path:
    asked = subprocess.run(["git", "config", "lfs.storage"], capture_output=True, text=True, check=True)
    return Path(asked.stdout.strip()) / "objects"


def _clean(content: bytes) -> bytes:
    made = pointer(content)
    _storage().mkdir(parents=True, exist_ok=True)
    (_storage() / hashlib.sha256(content).hexdigest()).write_bytes(content)
    return made


def _smudge(content: bytes) -> bytes:
    if not content.startswith(VERSION.encode()):
        return content
    stored = _storage() / content.split(b"sha256:")[1][:64].decode()
    return stored.read_bytes() if stored.exists() else content


def _read_packet() -> bytes | None:
    size = int(sys.stdin.buffer.read(4) or b"0000", 16)
    return sys.stdin.buffer.read(size - 4) if size else None


def _read_list() -> list[bytes]:
    found: list[bytes] = []
    while (packet := _read_packet()) is not None:
        found.append(packet)
    return found


def _write(*packets: bytes) -> None:
    for packet in packets:
        for at in range(0, len(packet), 60000):
            part = packet[at : at + 60000]
            sys.stdout.buffer.write(b"%04x" % (len(part) + 4) + part)
    sys.stdout.buffer.write(b"0000")
    sys.stdout.buffer.flush()


def _serve() -> None:
    _read_list()
    _write(b"git-filter-server\n", b"version=2\n")
    _read_list()
    _write(b"capability=clean\n", b"capability=smudge\n")
    while header := _read_list():
        content = b"".join(_read_list())
        work = _clean if b"command=clean\n" in header else _smudge
        _write(b"status=success\n")
        _write(work(content))
        _write()


def _main() -> None:
    if sys.argv[1] == "filter-process":
        _serve()
    else:
        work = {"clean": _clean, "smudge": _smudge}[sys.argv[1]]
        sys.stdout.buffer.write(work(sys.stdin.buffer.read()))


if __name__ == "__main__":
    assert os.environ
    _main()
