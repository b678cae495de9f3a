"""The book's look: one style, one colour for one meaning in every figure."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, NullLocator

from w2s import _input
from w2s.page.formulas import use_notation

__all__ = ["COLOURS", "EXPERIMENT", "SEQUENCE", "THEORY", "plain_log_axis", "use_style"]

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


def plain_log_axis(axis: Axis, ticks: Sequence[float]) -> None:
    """Label a logarithmic axis at `ticks` only, with the numbers themselves.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        One axis of a plot, such as `axes.xaxis`.
    ticks : sequence of float
        Where the labels stand; on a symmetric logarithmic axis 0 and negative numbers, too.

    Examples
    --------
    >>> axes = plt.Figure().subplots()
    >>> axes.set_xscale("log")
    >>> plain_log_axis(axes.xaxis, [0.5, 1, 2])
    >>> [label.get_text() for label in axes.get_xticklabels()]
    ['0.5', '1', '2']
    """
    if not isinstance(axis, Axis):
        raise TypeError(f"axis must be one axis of a plot, such as axes.xaxis, got {axis!r}")
    _input.array("ticks", _input.finite("ticks", ticks), 1)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_locator(NullLocator())


def use_style() -> None:
    """Set the book's style for all figures and formulas that follow in this notebook.

    Figures take it from matplotlib's own `rcParams`, formulas from `w2s.page.formulas`. To import
    this module sets nothing, and no other function of the package touches them.

    Examples
    --------
    >>> with plt.rc_context():
    ...     use_style()
    ...     plt.rcParams["axes.grid"]
    True
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
            "mathtext.fontset": "cm",
            "svg.hashsalt": "w2s",
        }
    )
    use_notation()
    if "ipykernel" in sys.modules:  # vectors for a page, and the same in pixels for what takes none
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", "png", dpi=220, metadata={"Date": None})
