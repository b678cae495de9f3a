"""The public layer's gate: arguments become float arrays, or an error that a person can act on."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = float | NDArray[np.float64]
Kernel = Callable[..., NDArray[np.float64]]


def real(name: str, value: Any) -> NDArray[np.float64]:
    """`value` as a float array; TypeError for anything that is not real numbers."""
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be a real number or an array of them, got {_show(value)}")
    return array.astype(np.float64)


def penalty(name: str, value: Any) -> NDArray[np.float64]:
    """0 <= value <= inf: a ridge penalty; 0 is the ridgeless limit, inf the zero estimator."""
    array = real(name, value)
    return _require(name, array, array >= 0, "a number >= 0 (inf is allowed)")


def ratio(name: str, value: Any) -> NDArray[np.float64]:
    """0 < value < inf: an aspect ratio d/n."""
    array = real(name, value)
    return _require(name, array, (array > 0) & (array < np.inf), "a finite number > 0")


def variance(name: str, value: Any) -> NDArray[np.float64]:
    """0 <= value < inf."""
    array = real(name, value)
    return _require(name, array, (array >= 0) & (array < np.inf), "a finite number >= 0")


def fraction(name: str, value: Any) -> NDArray[np.float64]:
    """0 <= value <= 1: a correlation, up to its sign."""
    array = real(name, value)
    return _require(name, array, (array >= 0) & (array <= 1), "a number between 0 and 1")


def count(name: str, value: Any, *, low: int = 1, high: int | None = None) -> int:
    """A whole number from `low` to `high`."""
    allowed = f"a whole number >= {low}" + (f" and <= {high}" if high is not None else "")
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be {allowed}, got {_show(value)}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{name} must be {allowed}, got {value}")
    return int(value)


def require_memory(needed: float, what: str) -> None:
    """ValueError, before any work, for a computation that this machine cannot hold."""
    try:
        available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no such question on this system
        available = 2**40
    if needed > available:
        raise ValueError(
            f"{what} needs {needed / 2**30:,.0f} GiB; this machine has {available / 2**30:,.0f}"
        )


def scalar(name: str, array: NDArray[np.float64]) -> float:
    """The one number in `array`; ValueError for a whole array of them."""
    if array.ndim:
        raise ValueError(
            f"{name} must be a single number here, got an array of shape {array.shape}"
        )
    return float(array)


def evaluate(kernel: Kernel, **arguments: NDArray[np.float64]) -> Any:
    """Run a bare kernel on checked arguments of shapes that agree; scalars in, scalars out."""
    try:
        np.broadcast_shapes(*(array.shape for array in arguments.values()))
    except ValueError:
        shapes = ", ".join(f"{name} has {array.shape}" for name, array in arguments.items())
        raise ValueError(f"the arguments' shapes must broadcast together: {shapes}") from None
    with np.errstate(all="ignore"):
        return kernel(*arguments.values())[()]


def _require(
    name: str, array: NDArray[np.float64], good: NDArray[np.bool_], allowed: str
) -> NDArray[np.float64]:
    if not np.all(good):
        bad = array[~good].flat[0]
        place = "" if array.ndim == 0 else f" at index {_first(~good)}"
        raise ValueError(f"{name} must be {allowed}, got {bad}{place}")
    return array


def _first(mask: NDArray[np.bool_]) -> Any:
    index = tuple(int(i) for i in np.argwhere(mask)[0])
    return index[0] if len(index) == 1 else index


def _show(value: Any) -> str:
    text = repr(value)
    return f"{text[:60]} ({type(value).__name__})"
