"""The book's look: one style, one colour for one meaning in every figure."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.ticker import FixedLocator, NullLocator

#: Colour-blind safe (Okabe–Ito), readable on white and on the dark theme's figure card.
COLOURS = {
    "teacher": "#D55E00",
    "student": "#0072B2",
    "optimum": "#000000",
    "wins": "#009E73",
    "loses": "#CC79A7",
    "muted": "#7F7F7F",
    "highlight": "#E69F00",
    "sky": "#56B4E9",
}
#: The order in which several students (or several γ) are told apart.
SEQUENCE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
#: Theory is a line, an experiment is a marker without one.
THEORY: dict[str, Any] = {"linestyle": "-", "linewidth": 1.8}
EXPERIMENT: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 4, "alpha": 0.85}


def plain_log_axis(axis: Any, ticks: list[float]) -> None:
    """Label a logarithmic axis at `ticks` only, with the numbers themselves."""
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_locator(NullLocator())


def use_style() -> None:
    """Set the book's style for all figures that follow, in matplotlib's own `rcParams`.

    To import this module sets nothing, and no other function of the package touches them.
    """
    plt.rcParams.update(
        {
            "figure.figsize": (6.4, 3.8),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "white",
            "axes.prop_cycle": cycler(color=SEQUENCE),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "font.size": 10.5,
            "axes.titlesize": 11,
            "legend.frameon": False,
            "legend.fontsize": 9,
        }
    )
