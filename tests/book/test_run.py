"""What the steps run in: a `_build` of their own, with room, and this tree's package."""

import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from tools.build import build
from tools.run import HOME, ROOM, alone, require_room, why_not_writable
from tools.validate.kernel import require_own_package

Usage = namedtuple("Usage", "total used free")
HOLDER = """
import sys, time
from pathlib import Path
from tools.run import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_another_build_waits_until_the_first_one_ends(tmp_path, capsys):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    holder = subprocess.Popen(command, env=environment, **pipes)
    assert holder.stdout.readline() == "held\n"
    second = subprocess.Popen(command, env=environment, **pipes)
    assert second.stdout.readline() == f"waiting for a build that is at work in {tmp_path}/_build\n"
    holder.communicate("\n", timeout=20)
    assert second.stdout.readline() == "held\n"
    second.communicate("\n", timeout=20)
    with alone(tmp_path):
        assert capsys.readouterr().out == ""


def test_a_full_disk_is_told_before_anything_is_begun(tmp_path, capsys, monkeypatch):
    (tmp_path / "book").mkdir()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, ROOM - 1))
    assert build(tmp_path, "html") == 1
    complaint = capsys.readouterr().err
    assert f"cannot write into {tmp_path / '_build'}: " in complaint
    assert f"{os.strerror(errno.ENOSPC)}, {ROOM // 2**20} MB are needed" in complaint
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 0, ROOM))
    require_room(tmp_path / "_build", ROOM)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_cannot_be_written_names_its_folder(tmp_path, number):
    path = tmp_path / "inner" / "file"
    path.parent.mkdir()
    error = OSError(number, os.strerror(number), str(path))
    said = f"cannot write into {path.parent}: {os.strerror(number)}"
    assert why_not_writable(error, tmp_path) == said


def test_any_other_error_is_not_hidden(tmp_path):
    with pytest.raises(FileNotFoundError):
        why_not_writable(FileNotFoundError(errno.ENOENT, "gone", "x"), tmp_path)


def test_a_copied_tree_does_not_test_the_package_of_another(tmp_path, monkeypatch):
    require_own_package(HOME)
    with pytest.raises(ImportError, match=f"would be imported from {HOME / 'w2s'}.* {tmp_path}, "):
        require_own_package(tmp_path)
    monkeypatch.setattr("tools.validate.kernel.find_spec", lambda _: None)
    with pytest.raises(ImportError, match="would be imported from none"):
        require_own_package(Path(HOME))
