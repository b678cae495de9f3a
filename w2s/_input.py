"""The public layer's gate: arguments become float arrays, or an error that a person can act on."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Real = float | NDArray[np.float64]
Kernel = Callable[..., NDArray[np.float64]]
Check = Callable[[str, Any], NDArray[np.float64]]

#: A decorator: what NumPy says of rounding, whatever the caller's `np.seterr` would have it say.
usual = np.errstate(divide="warn", over="warn", invalid="warn", under="ignore")


Callee = TypeVar("Callee", bound=Callable[..., Any])


def by_keyword(callee: Callee) -> Callee:
    """A decorator: a call that leaves out the names gets a TypeError that shows the call with them.

    For functions with keyword-only parameters, and for dataclasses with such fields: a swapped pair
    of teacher and student changes the sign of an answer, and no check can notice.
    """
    function: Any = vars(callee)["__init__"] if isinstance(callee, type) else callee
    given = inspect.signature(callee).parameters.values()
    plain = [p.name for p in given if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = [f"{p.name}=…" for p in given if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    call = f"{callee.__name__}({', '.join([*plain, *named])})"
    most = len(plain) + isinstance(callee, type)

    @wraps(function)
    def checked(*arguments: Any, **by_name: Any) -> Any:
        if len(arguments) > most:
            raise TypeError(f"{callee.__name__} takes its arguments by name: write {call}")
        return function(*arguments, **by_name)

    if isinstance(callee, type):
        callee.__init__ = checked  # type: ignore[misc]
        return callee
    return cast(Callee, checked)


def real(name: str, value: Any) -> NDArray[np.float64]:
    """`value` as a new float array; TypeError for anything that is not real numbers."""
    if _masked(value):
        raise ValueError(
            f"{name} must have no masked entries, because what lies under a mask is no number to "
            "compute with; fill or drop them first"
        )
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be a real number or an array of them, got {_show(value)}")
    return array.astype(np.float64)


def array(name: str, value: Any, dimension: int | None = None) -> NDArray[np.float64]:
    """`value` with so many axes; no copy of a float array, for these are the large ones."""
    given = value if type(value) is np.ndarray and value.dtype == np.float64 else real(name, value)
    if dimension not in (None, given.ndim):
        raise ValueError(f"{name} must have {dimension} axes, got an array of shape {given.shape}")
    return given


def penalty(name: str, value: Any) -> NDArray[np.float64]:
    """0 <= value <= inf: a ridge penalty; 0 is the ridgeless limit, inf the zero estimator."""
    array = real(name, value)
    return _require(name, array, array >= 0, "a number >= 0 (inf is allowed)")


def penalties(
    name: str, value: Any, *, ridgeless: bool = True, endless: bool = True
) -> NDArray[np.float64]:
    """A penalty or a one-dimensional array of them, as an array; with or without 0 and inf."""
    given = np.atleast_1d(penalty(name, value))
    if given.ndim != 1:
        raise ValueError(
            f"{name} must be a number or a one-dimensional array, got shape {given.shape}"
        )
    good = (ridgeless | (given > 0)) & (endless | (given < np.inf))
    allowed = ("finite numbers" if not endless else "numbers") + (" >= 0" if ridgeless else " > 0")
    return _require(name, given, good, allowed)


def number(name: str, value: Any) -> NDArray[np.float64]:
    """Any real number, -inf and inf among them."""
    array = real(name, value)
    return _require(name, array, ~np.isnan(array), "a number")


def finite(name: str, value: Any) -> NDArray[np.float64]:
    """Any real number but -inf and inf."""
    array = real(name, value)
    return _require(name, array, np.isfinite(array), "a finite number")


def positive(name: str, value: Any) -> NDArray[np.float64]:
    """0 < value < inf."""
    array = real(name, value)
    return _require(name, array, (array > 0) & (array < np.inf), "a finite number > 0")


def nonnegative(name: str, value: Any) -> NDArray[np.float64]:
    """0 <= value < inf."""
    array = real(name, value)
    return _require(name, array, (array >= 0) & (array < np.inf), "a finite number >= 0")


def unit_interval(name: str, value: Any) -> NDArray[np.float64]:
    """0 <= value <= 1."""
    array = real(name, value)
    return _require(name, array, (array >= 0) & (array <= 1), "a number between 0 and 1")


def correlation(name: str, value: Any) -> NDArray[np.float64]:
    """-1 <= value <= 1."""
    array = real(name, value)
    return _require(name, array, abs(array) <= 1, "a number between -1 and 1")


#: What an argument of this name may be, whichever function takes it.
CHECKS: dict[str, Check] = {
    **dict.fromkeys(("lam", "lam_t", "lam_s", "penalties"), penalty),
    **dict.fromkeys(("gamma", "gamma_t", "gamma_s", "gammas"), positive),
    **dict.fromkeys(("spike_norm", "stiffness", "tolerance"), positive),
    **dict.fromkeys(("sigma2", "label_noise"), nonnegative),
    **dict.fromkeys(("eta_t", "eta_s", "tau", "norm_t", "norm_s"), nonnegative),
    **dict.fromkeys(("dof", "zeta"), unit_interval),
    **{"overlap": correlation, "x": number},
}


def checked(
    checks: Mapping[str, Check] = CHECKS, /, **arguments: Any
) -> dict[str, NDArray[np.float64]]:
    """Arguments as the arrays that their checks make of them."""
    return {name: checks[name](name, value) for name, value in arguments.items()}


def scalars(**arguments: Any) -> dict[str, float]:
    """Arguments as numbers, each as `CHECKS` allows it; ValueError for an array."""
    return {name: scalar(name, array) for name, array in checked(**arguments).items()}


def text(name: str, value: Any) -> str:
    """Words, at least one."""
    instance(name, value, str)
    if not value.strip():
        raise ValueError(f"{name} must not be empty")
    return cast(str, value)


def sequence(name: str, value: Any) -> list[Any]:
    """The entries of a list, a tuple or an array."""
    listed = hasattr(value, "__getitem__") and not isinstance(value, (str, bytes, Mapping))
    if isinstance(value, type) or not listed or getattr(value, "ndim", 1) == 0:
        raise TypeError(f"{name} must be a list or an array, got {_show(value)}")
    return list(value)


def count(name: str, value: Any, *, low: int = 1, high: int | None = None) -> int:
    """A whole number from `low` to `high`."""
    allowed = f"a whole number >= {low}" + (f" and <= {high}" if high is not None else "")
    if isinstance(value, (bool, np.bool_, np.timedelta64)) or not isinstance(
        value, (int, np.integer)
    ):
        raise TypeError(f"{name} must be {allowed}, got {_show(value)}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{name} must be {allowed}, got {value}")
    return int(value)


def instance(name: str, value: Any, kind: type) -> None:
    """TypeError for what is no `kind`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be of class {kind.__name__}, got {_show(value)}")


def generator(name: str, value: Any) -> np.random.Generator:
    """A seed, a generator or None, as `numpy.random.default_rng` takes them."""
    try:
        if isinstance(value, np.timedelta64):
            raise TypeError
        return np.random.default_rng(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be a seed (whole numbers >= 0), a numpy Generator or None, "
            f"got {_show(value)}"
        ) from None


def require_memory(needed: float, what: str) -> None:
    """ValueError, before any work, for bytes that are not there; `what` names the argument.

    Where no limit is known nothing is refused.
    """
    known = [(limit, whose) for limit, whose in _memory_limits() if limit > 0]
    available, whose = min(known, default=(math.inf, ""))
    if needed > available:
        raise ValueError(f"{what} needs {_gib(needed)} GiB; {whose} {_gib(available)}")


def scalar(name: str, array: NDArray[np.float64]) -> float:
    """The one number in `array`; ValueError for a whole array of them."""
    if array.ndim:
        raise ValueError(
            f"{name} must be a single number here, got an array of shape {array.shape}"
        )
    return float(array)


def settle(instance: Any, **values: Any) -> None:
    """Put checked values into a frozen dataclass, from its `__post_init__`.

    What stays there is a Python int or float: NumPy's narrow ones overflow and round in products.
    """
    for name, value in values.items():
        object.__setattr__(instance, name, value)


def evaluate(kernel: Kernel, checks: Mapping[str, Check] = CHECKS, /, **arguments: Any) -> Any:
    """Run a bare kernel on arguments that are checked and broadcast; scalars in, scalars out.

    The kernel takes them by name, and in shapes that agree.
    """
    arrays = checked(checks, **arguments)
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} has {array.shape}" for name, array in arrays.items())
        raise ValueError(f"the arguments' shapes must broadcast together: {shapes}") from None
    with np.errstate(all="ignore"):
        return kernel(**arrays)[()]


def _require(
    name: str, array: NDArray[np.float64], good: NDArray[np.bool_], allowed: str
) -> NDArray[np.float64]:
    if not np.all(good):
        bad = array[~good].flat[0]
        place = "" if array.ndim == 0 else f" at index {_first(~good)}"
        raise ValueError(f"{name} must be {allowed}, got {bad}{place}")
    return array


def _masked(value: Any) -> bool:
    if isinstance(value, np.ma.MaskedArray):
        return bool(np.ma.is_masked(value))
    return isinstance(value, (list, tuple)) and any(map(_masked, value))


def _memory_limits() -> Iterator[tuple[float, str]]:
    """Bytes, and whose limit it is; what is not above 0 stands for no answer or no limit."""
    with suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        yield (pages * size if pages > 0 else 0), "this machine has"
    with suppress(ImportError):  # and no resource
        import resource

        yield resource.getrlimit(resource.RLIMIT_AS)[0], "ulimit -v allows this process"
    yield _of_container(), "this container may use"
    with suppress(ValueError):
        yield float(os.environ.get("MEM_LIMIT", 0)), "Binder's MEM_LIMIT is"


@cache
def _of_container(proc: str = "/proc/self/cgroup", root: str = "/sys/fs/cgroup") -> float:
    """The least memory.max (control groups, version 1 or 2) from this process's group upwards."""
    limits = [math.inf]
    with suppress(OSError):
        for line in Path(proc).read_text("utf-8").splitlines():
            _, controllers, group = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            top = Path(root, controllers)
            inside = Path(group.lstrip("/"))
            for folder in (top / inside, *(top / parent for parent in inside.parents)):
                for name in ("memory.max", "memory.limit_in_bytes"):
                    with suppress(OSError, ValueError):  # "max" is no limit
                        limits.append(float((folder / name).read_text("ascii")))
    return min(limits)


def _gib(size: float) -> str:
    return f"{size / 2**30:,.0f}" if size >= 10 * 2**30 else f"{size / 2**30:.2g}"


def _first(mask: NDArray[np.bool_]) -> Any:
    index = tuple(int(i) for i in np.argwhere(mask)[0])
    return index[0] if len(index) == 1 else index


def _show(value: Any) -> str:
    text = repr(value)
    return f"{text[:60]} ({type(value).__name__})"
