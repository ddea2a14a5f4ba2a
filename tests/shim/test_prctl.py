from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import logist_ci

ROOT = str(Path(logist_ci.__file__).parent.parent)

_ORPHAN = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from logist_ci.shim.prctl import become_subreaper
assert become_subreaper() == (sys.platform == "linux")
reader, writer = os.pipe()
if os.fork() == 0:
    parent = os.getpid()
    if os.fork() == 0:
        while os.getppid() == parent:
            time.sleep(0.001)
        os.write(writer, str(os.getppid()).encode())
    os._exit(0)
os.wait()
print(int(os.read(reader, 20)) == os.getpid())
os.wait()
"""

_HIDDEN = """
import os, sys
sys.path.insert(0, sys.argv[1])
from logist_ci.shim.prctl import hide_memory
print(os.stat("/proc/self/environ").st_uid == os.geteuid())
hide_memory()
print(os.stat("/proc/self/environ").st_uid == 0)
"""


def python(script: str, *arguments: str) -> str:
    argv = [sys.executable, "-I", "-c", script, ROOT, *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such thing elsewhere")
def test_an_orphan_becomes_a_child_of_the_subreaper() -> None:
    assert python(_ORPHAN) == "True\n"


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such thing elsewhere")
def test_a_hidden_process_belongs_to_root() -> None:
    assert python(_HIDDEN) == "True\nTrue\n"
