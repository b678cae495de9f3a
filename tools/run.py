"""What the build's steps run: pytest on chapters, and Jupyter Book; and where they run it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
#: For every step, whatever the caller's environment holds: this tree's `w2s` (a copied tree has
#: the editable installation of another), asserts that are executed, warnings that are shown.
OURS = {
    "PYTHONPATH": str(HOME),
    "PYTHONOPTIMIZE": "",
    "PYTHONSTARTUP": "",
    "PYTHONWARNINGS": "",
}
#: Bytes that a build of the whole book may write, and those that a failed step left if it lacked
#: no room.
ROOM, ROOM_LEFT = 300 * 2**20, 8 * 2**20
NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
#: Set where the pages are to say that they are a draft.
DRAFT = "W2S_DRAFT"


def pytest_on_chapters(root: Path, chapters: list[Path], *options: str) -> int:
    """nbval on `chapters`, in parallel, a kernel a chapter."""
    workers = min(_workers(), len(chapters))
    command = [
        *(sys.executable, "-m", "pytest", "-q", "--rootdir", str(root)),
        *("-p", "tools.validate.nbval_chapters", "-c", str(HOME / "pyproject.toml")),
        *("-n", str(workers if workers > 1 else 0), "--dist", "loadscope"),
        *options,
        *map(str, chapters),
    ]
    environment = {**os.environ, **OURS}
    run = subprocess.run(command, cwd=root, env=environment, close_fds=False, check=False)
    return run.returncode


def jupyter_book(
    root: Path, builder: str, *options: str, strict: bool = True, draft: bool = False
) -> tuple[int, str]:
    """Build the book; returns the exit code and the log, which is also printed as it grows."""
    command = [
        # Not by itself: its first line names the environment that it was installed into.
        *(sys.executable, str(Path(sys.executable).with_name("jupyter-book")), "build", str(root)),
        *("--builder", builder, "--keep-going"),
        *(("-n", "-W") if strict else ()),
        *options,
    ]
    process = subprocess.Popen(
        command,
        cwd=root,
        env={**os.environ, **OURS, **({DRAFT: "1"} if draft else {})},
        close_fds=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    log = []
    for line in process.stdout:
        log.append(line)
        if "Finished generating" in line:
            break  # it would name the place in which the pages do not stay
        sys.stdout.write(line)
    log += process.stdout
    return process.wait(), "".join(log)


def steady_environment() -> dict[str, str]:
    """What makes a kernel's outputs independent of the person and the machine it runs for.

    Its configuration and caches live in this Python environment, not in a home that may be full of
    settings, read-only or missing; one thread a kernel; no progress bars. SymPy calculates with
    Python's own numbers; else it would take FLINT, which decides its statements a second time.
    """
    var = Path(sys.prefix) / "var"
    return {
        **OURS,
        "IPYTHONDIR": str(var / "ipython"),
        "JUPYTER_CONFIG_DIR": str(var / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(var / "jupyter" / "runtime"),
        "MPLCONFIGDIR": str(var / "matplotlib"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "SYMPY_GROUND_TYPES": "python",
        "TQDM_DISABLE": "1",
    }


def prepare_steady_environment() -> None:
    """Make its folders, and let matplotlib look for fonts now: a chapter would report it."""
    environment = steady_environment()
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        Path(environment[name]).mkdir(parents=True, exist_ok=True)
    if not list(Path(environment["MPLCONFIGDIR"]).glob("fontlist-*.json")):
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        environment = {**os.environ, **environment}
        subprocess.run(command, env=environment, check=False, stderr=subprocess.DEVNULL)


def _workers() -> int:
    asked = os.environ.get("WORKERS", "2")
    if not asked.isdecimal():
        sys.exit(f"WORKERS must be a whole number, got {asked!r}")
    return int(asked)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold the book's `_build` until the end: another build waits.

    It waits for what a killed build has left running, too, which would write into it.
    """
    (root / "_build").mkdir(parents=True, exist_ok=True)
    with (root / "_build" / ".lock").open("a") as lock:
        os.set_inheritable(lock.fileno(), True)  # the steps hold it as well
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for a build that is at work in {root / '_build'}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def require_room(folder: Path, size: int) -> None:
    """Raise the OSError that writing `size` bytes into `folder` would raise."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
    if shutil.disk_usage(folder).free < size:
        reason = f"{os.strerror(errno.ENOSPC)}, {size // 2**20} MB are needed"
        raise OSError(errno.ENOSPC, reason, str(folder))


def why_not_writable(error: OSError, folder: Path) -> str:
    """One sentence that names the folder; any other error is raised again."""
    try:
        require_room(folder, ROOM_LEFT)
    except OSError as full:  # of which shutil's errors do not tell
        error = full
    if error.errno not in NOT_WRITABLE:
        raise error
    where = Path(os.fsdecode(error.filename)) if error.filename else folder
    where = where if where.is_dir() else where.parent
    return f"cannot write into {where}: {error.strerror}"
