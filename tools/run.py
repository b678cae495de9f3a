"""The two commands that the build's steps run: pytest on chapters, and Jupyter Book."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
WORKERS = os.environ.get("WORKERS", "2")


def pytest_on_chapters(root: Path, chapters: list[Path], *options: str) -> int:
    """nbval on `chapters`, in parallel, a kernel a chapter."""
    command = [
        *(
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--rootdir",
            str(root),
            "-p",
            "tools.nbval_chapters",
        ),
        *("-c", str(HOME / "pyproject.toml"), "-n", WORKERS, "--dist", "loadscope"),
        *options,
        *map(str, chapters),
    ]
    return subprocess.run(command, cwd=root, env=_environment(), check=False).returncode


def jupyter_book(root: Path, builder: str) -> tuple[int, str]:
    """Build the book; returns the exit code and the log, which is also printed as it grows."""
    command = [
        *(str(Path(sys.executable).with_name("jupyter-book")), "build", str(root)),
        *("--builder", builder, "-n", "-W", "--keep-going", "--all"),
    ]
    process = subprocess.Popen(
        command,
        cwd=root,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    log = []
    for line in process.stdout:
        log.append(line)
        sys.stdout.write(line)
    return process.wait(), "".join(log)


def _environment() -> dict[str, str]:
    """This project's `tools` and `w2s` are importable, also for a book kept somewhere else."""
    path = os.pathsep.join(p for p in (str(HOME), os.environ.get("PYTHONPATH", "")) if p)
    return {**os.environ, "PYTHONPATH": path}
