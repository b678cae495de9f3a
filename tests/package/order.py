"""The order in which the tests' and the oracle's points list a function's numbers."""

from collections.abc import Callable
from typing import Any

_BEST = ("lam_t", "gamma_s", "gamma_t", "sigma2", "zeta")
ORDER = {
    **dict.fromkeys(("student_error", "error_gap"), ("lam_s", *_BEST)),
    **dict.fromkeys(("winning_window", "optimal_student_penalty"), _BEST),
    **dict.fromkeys(("best_student_error", "performance_gap_recovered"), _BEST),
    "alignment_threshold": ("gamma_s", "gamma_t", "sigma2"),
    "best_length": ("lam_s", "lam_t", "gamma_s", "gamma_t", "sigma2"),
    "chain_limit": ("penalties", "gammas", "sigma2", "label_noise"),
}


def at(function: Callable[..., Any], *point: Any, **more: Any) -> Any:
    """`function` at a point, each number under its name."""
    order = ORDER.get(function.__name__)
    if order is None:  # one that takes its numbers as they come
        return function(*point, **more)
    return function(**dict(zip(order, point, strict=False)), **more)
