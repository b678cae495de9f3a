"""More digits than a double has: sums and products with their rounding error, and mpmath."""

from __future__ import annotations

import threading
from typing import Any

import mpmath
import numpy as np


class _ThreadsOwn(threading.local, mpmath.MPContext):
    """An mpmath of each thread's own: `mpmath.mp` has one precision for the whole process.

    Its `exp`, `log` and `pi` still share mpmath's table of constants, which is not safe on threads
    while it grows; arithmetic and `sqrt` use no table.
    """


mp = _ThreadsOwn()

_SPLITTER = 2.0**27 + 1


def two_sum(x: Any, y: Any) -> tuple[Any, Any]:
    """s = fl(x+y) and e with x + y = s + e exactly (Knuth)."""
    s = x + y
    t = s - x
    return s, (x - (s - t)) + (y - t)


def two_product(x: Any, y: Any) -> tuple[Any, Any]:
    """p = fl(x·y) and e with x·y = p + e exactly (Dekker), where nothing over- or underflows.

    Where the splitting overflows (factors beyond 1e292) the error is given as 0.
    """
    p = x * y
    (xh, xl), (yh, yl) = _split(x), _split(y)
    e = ((xh * yh - p) + xh * yl + xl * yh) + xl * yl
    return p, np.where(np.isfinite(e), e, 0.0)


def difference_from_product(z: Any, x: Any, y: Any) -> Any:
    """z − x·y with one rounding's relative error, also where the two nearly cancel.

    A trap on purpose: z equal to the *rounded* product counts as equal, and gives exactly 0.
    """
    p, e = two_product(x, y)
    return np.where(z == p, 0.0, (z - p) - e)


def ratio(numerator: Any, denominator: Any) -> Any:
    """numerator/denominator, and 0 for 0/0: every such limit in the theory is 0."""
    return np.where(numerator == 0, 0.0, numerator / denominator)


def _split(x: Any) -> tuple[Any, Any]:
    t = _SPLITTER * x
    high = t - (t - x)
    return high, x - high
