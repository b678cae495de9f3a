"""The book's explorers: pictures that follow their sliders in the browser, without a server.

`theory` compiles the expressions of `w2s.symbolic` to JavaScript; nothing that a picture computes
is written a second time. `render` gives an explorer as HTML: labelled controls of the browser's
own, read-outs, and Bokeh figures whose `CustomJS` calls the compiled functions. The directive
`{explorer} NAME` puts it into a page; `explorer.js` ties the controls to the figures.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from bokeh.embed import components
from bokeh.events import Pan, Tap
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    FixedTicker,
    LinearColorMapper,
    LogScale,
    Range1d,
)
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.palettes import PiYG11, interp_palette
from bokeh.plotting import figure

from tools.explorers.javascript import function
from w2s import symbolic
from w2s.page import COLOURS

_RATIOS = [0.1, 0.2, 0.5, 1, 2, 5, 10]
_CELLS = 61
_HALF = sp.Rational(1, 2)
_GRID = (-3.0, 2.0)


@cache
def formulas() -> dict[str, str]:
    """The formulas of settings 1 and 2 as JavaScript functions, by name.

    They have the names of those of `w2s.ridge` and `w2s.marchenko_pastur`, and take their
    arguments by the same names, in one object.
    A window is {low, high}, and `high` is NaN where no penalty wins.
    """
    s = symbolic
    both = {**s.teacher_steps, **s.student_steps, s.c: s.imbalance_sum}
    m = s.delta / s.slack
    remaining = {s.z: s.unaligned, s.kappa: s.remaining_imbalance}
    window = {"low": s.window_low, "high": s.high}
    setting = [s.lam_t, s.lam_s, s.gamma_t, s.gamma_s, s.sigma2, s.zeta]
    teacher = [s.lam_t, s.gamma_t, s.sigma2]
    spectral = {"dof": s.delta, "rest": s.rest, "slack": s.slack, "curvature": s.curvature}
    spectral |= {"root": s.S, "m": m, "m_2": (m / s.curvature**_HALF) ** 2}
    trained = {"hard": sp.sqrt(1 + s.hard_square), "easy": sp.sqrt(1 + s.easy_square)}
    across_t = s.gamma_t * s.b**2 * s.teacher_sum
    # a student of the truth itself: its error without what shrinking costs
    exact = {s.sigma2: 0, s.zeta: 0, s.gamma_t: 0, s.rest_t: 0, s.b: 1}
    across_s = s.student_sum.subs(exact) - s.rest_s**2
    functions = {
        "chain_start": (
            teacher,
            {"overlap": s.b, "missing": s.rest_t, "across": across_t},
            s.teacher_steps,
        ),
        "chain_link": (
            [s.lam_s, s.gamma_s],
            {"dof": s.a, "rest": s.rest_s, "kept": s.energy_sum, "across": across_s},
            s.student_steps,
        ),
        "lengths": ([s.tau, s.rho, s.easy_signal, s.left], trained, {}),
        "terms": ([s.lam, s.gamma], spectral, s.spectral_steps),
        "density_at": (
            [s.theta, s.gamma],
            {"x": s.x, "density": s.density_at_point},
            {s.x: s.spectral_point},
        ),
        "optimal_teacher_penalty": ([s.gamma_t, s.sigma2], s.optimal_teacher_penalty, {}),
        "imbalance": (teacher, s.imbalance_sum, s.teacher_steps),
        "teacher_error": (teacher, s.teacher_sum, s.teacher_steps),
        "student_error": (setting, s.student_sum, both),
        "error_gap": (setting, s.gap_sum, both),
        "winning_window": (
            [s.lam_t, s.gamma_t, s.gamma_s, s.sigma2, s.zeta],
            window,
            {**s.teacher_steps, s.c: s.imbalance_sum, **remaining, **s.window_steps},
        ),
        "H_1": ([s.lam_s, s.gamma_s], s.H_1_sum, s.student_steps),
        "threshold": ([s.gamma_s], s.threshold_sum, {}),
        "edges": ([s.c, s.gamma_s], window, {s.z: 1, s.kappa: -s.c, **s.window_steps}),
    }
    return {name: function(name, *definition) for name, definition in functions.items()}


def theory() -> str:
    """`formulas` as one JavaScript file, which defines `w2s`."""
    body = "\n".join(formulas().values())
    return (
        "// Compiled from w2s.statements.symbolic when the book was built; not written by hand.\n"
        f'globalThis.w2s = (() => {{\n"use strict";\n{body}\n'
        f"return {{{', '.join(formulas())}}};\n}})();\n"
    )


@dataclass(frozen=True)
class Control:
    """A slider and the number field beside it. The number is what counts."""

    name: str
    symbol: str  #: as HTML
    words: str  #: read aloud
    low: float
    high: float
    value: float
    log: bool = False
    step: float = 0.01  #: of the slider, in powers of ten if `log`
    whole: bool = False
    least: float | None = 0.0  #: the number field takes no less
    most: float | None = None
    marks: tuple[tuple[str, str | float], ...] = ()  #: HTML, and a value or the key that has it


@dataclass(frozen=True)
class Preset:
    """A button that sets controls; those that it does not name go back to where they began."""

    words: str
    values: dict[str, float]
    text: str  #: what one sees then


@dataclass(frozen=True)
class Explorer:
    """What a reader sees: a title, controls, read-outs (key, HTML label), figures with a legend.

    What each read-out, sentence and part of the picture has to show, `truth.py` says.
    """

    title: str
    seen: str  #: the picture in words
    controls: tuple[Control, ...]
    readouts: tuple[tuple[str, str], ...]
    sentences: dict[str, str]  #: all that its verdict may say, numbers in braces
    legend: tuple[tuple[str, str], ...]  #: (colour, words)
    draw: Callable[[], tuple[list[Any], dict[str, Any]]]  #: figures, what its script sees
    presets: dict[str, Preset] = field(default_factory=dict)
    folded: tuple[str, ...] = ()  #: controls that a click opens
    drag: tuple[int, str | None, str | None] | None = None  #: figure, control along x, along y


def render(name: str) -> str:
    """The explorer `name` as HTML, for pages that load bokeh, `theory` and `explorer.js`.

    Raises
    ------
    ValueError : there is no explorer of this name; the message lists those there are.
    """
    if name not in EXPLORERS:
        raise ValueError(f"no explorer called {name!r}; there are: {', '.join(EXPLORERS)}")
    explorer = EXPLORERS[name]
    figures, parts = explorer.draw()
    code = call(name, parts)
    figures[0].name = f"explorer-{name}"
    figures[0].js_on_change("tags", CustomJS(args=parts, code=code))
    if explorer.drag is not None:
        dragged = CustomJS(code=_dragging(name, figures))
        figures[explorer.drag[0]].js_on_event(Pan, dragged)
        figures[explorer.drag[0]].js_on_event(Tap, dragged)
    script, places = components(figures)
    drawn = _own_ids(name, script + "".join(f"<div>{place}</div>" for place in places))
    title, seen = html.escape(explorer.title), html.escape(explorer.seen)
    readouts = "\n".join(
        f'<div><dt>{label}</dt><dd><output id="{name}-{key}">…</output></dd></div>'
        for key, label in explorer.readouts
    )
    legend = "".join(
        f'<li><span style="background:{colour}"></span><div>{words}</div></li>'
        for colour, words in explorer.legend
    )
    return (
        f'<section class="explorer" id="explorer-{name}" data-explorer="{name}" '
        f'aria-label="{title}">\n<p class="explorer-title">{title}</p>\n'
        f'<div class="explorer-view" data-figures="{len(figures)}">\n'
        f'<p class="explorer-verdict" id="{name}-verdict" role="status">'
        "<noscript>This picture needs JavaScript.</noscript></p>\n"
        f'<div class="explorer-card">\n<div class="explorer-figures" role="img" '
        f'aria-label="{seen}">\n{drawn}\n</div>\n<ul class="explorer-legend">{legend}</ul>\n'
        f"</div>\n</div>\n{_presets(explorer)}{_controls(name, explorer)}"
        f'<dl class="explorer-readouts">\n{readouts}\n</dl>\n</section>\n'
    )


def _presets(explorer: Explorer) -> str:
    if not explorer.presets:
        return ""
    start = {control.name: control.value for control in explorer.controls}
    buttons = "\n".join(
        f'<button type="button" aria-pressed="false" '
        f'data-values="{html.escape(json.dumps({**start, **preset.values}))}" '
        f'data-text="{html.escape(preset.text)}">{html.escape(preset.words)}</button>'
        for preset in explorer.presets.values()
    )
    return (
        f'<div class="explorer-presets" role="group" aria-label="Examples">\n{buttons}\n</div>\n'
        '<p class="explorer-seen" role="status"></p>\n'
    )


def _controls(name: str, explorer: Explorer) -> str:
    open_, folded = (
        "\n".join(_control(name, c) for c in explorer.controls if (c.name in explorer.folded) is f)
        for f in (False, True)
    )
    shown = f'<div class="explorer-controls">\n{open_}\n</div>\n'
    if folded:
        shown += (
            '<details class="explorer-more">\n<summary>More sliders</summary>\n'
            f'<div class="explorer-controls">\n{folded}\n</div>\n</details>\n'
        )
    return shown + '<p class="explorer-problem" role="alert"></p>\n'


def _dragging(name: str, figures: list[Any]) -> str:
    """What a pointer does that is dragged over the figure: it sets one control or two."""
    number, *along = EXPLORERS[name].drag or (0, None, None)
    log = {control.name: control.log for control in EXPLORERS[name].controls}
    plot = figures[number]
    to = {
        axis: [key, log[key] and not isinstance(getattr(plot, f"{axis}_scale"), LogScale)]
        for axis, key in zip("xy", along, strict=True)
        if key is not None
    }
    return f"explorer.drag({json.dumps(name)}, {json.dumps(to)}, cb_obj)"


def call(name: str, parts: Iterable[str]) -> str:
    """What JavaScript does when the figure's tags change, in which the controls' values stand."""
    sentences = json.dumps(EXPLORERS[name].sentences, ensure_ascii=False)
    seen = f"{{p: cb_obj.tags[0], {', '.join(parts)}}}"
    return f"explorer.draw({json.dumps(name)}, {sentences}, {seen})"


def _control(explorer: str, control: Control) -> str:
    place = f"{explorer}-{control.name}"
    bounds = "" if control.least is None else f'min="{control.least:g}" '
    bounds += "" if control.most is None else f'max="{control.most:g}" '
    low, high = (np.log10(end) if control.log else end for end in (control.low, control.high))
    start = np.log10(control.value) if control.log else control.value
    kind = f'data-log="{int(control.log)}" data-whole="{int(control.whole)}"'
    words = html.escape(control.words)
    marks = "".join(
        f'<button type="button" class="explorer-mark" data-to="{to}">{label}</button>'
        for label, to in control.marks
    )
    return (
        f'<div class="explorer-control" data-name="{control.name}" {kind}>'
        f'<label for="{place}">{control.symbol} <span>{words}</span></label>{marks}'
        f'<input type="range" id="{place}" min="{low:.6g}" max="{high:.6g}" '
        f'step="{control.step:g}" value="{start:.6g}">'
        f'<input type="number" id="{place}-number" aria-label="{words}, as a number" {bounds}'
        f'step="any" value="{control.value:g}"></div>'
    )


def _own_ids(name: str, text: str) -> str:
    """The same identifiers in every build, in place of Bokeh's random ones."""
    found = dict.fromkeys(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))
    for number, identifier in enumerate(found):
        text = text.replace(identifier, f"bokeh-{name}-{number}")
    return text


# --- figures -------------------------------------------------------------------------------------


def _figure(
    x: str,
    y: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float] = (0.0, 1.0),
    *,
    log: str = "x",
    height: int = 330,
    ticks: list[float] | None = None,
) -> Any:
    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        x_range=Range1d(start=x_range[0], end=x_range[1]),
        y_range=Range1d(start=y_range[0], end=y_range[1]),
        x_axis_label=x,
        y_axis_label=y,
        tools="",
        toolbar_location=None,
        min_border_right=16,
        outline_line_color=None,
        x_axis_type="log" if "x" in log else "linear",
        y_axis_type="log" if "y" in log else "linear",
    )
    plot.grid.grid_line_alpha = 0.4
    if ticks:
        plot.xaxis.ticker = FixedTicker(ticks=ticks)
        plot.xaxis.major_label_overrides = {tick: f"{tick:g}" for tick in ticks}
    for axis in plot.axis:
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = "14px"
        axis.major_label_text_font_size = "12px"
        axis.axis_label_text_color = axis.major_label_text_color = "#222222"
    return plot


def _line(plot: Any, colour: str, **more: Any) -> ColumnDataSource:
    source = ColumnDataSource({"x": [], "y": []})
    plot.line("x", "y", source=source, color=colour, line_width=more.pop("width", 2.5), **more)
    return source


def _dots(plot: Any, colour: str) -> ColumnDataSource:
    source = ColumnDataSource({"x": [], "y": []})
    plot.scatter("x", "y", source=source, size=11, color=colour, line_color="white")
    return source


def _band(plot: Any) -> Any:
    band = BoxAnnotation(
        left=1, right=1, fill_color=COLOURS["wins"], fill_alpha=0.16, line_color=None
    )
    plot.add_layout(band)
    return band


_TUNED = (("λ<sub>t</sub>*", "best"),)


def _penalty(value: float, low: float = 1e-4, high: float = 100) -> Control:
    words = "teacher's penalty"
    return Control("lam_t", "λ<sub>t</sub>", words, low, high, value, log=True, marks=_TUNED)


def _samples(who: str) -> Control:
    """Of teacher or student; as many as there are unknowns can be hit."""
    n, words = f"n<sub>{who[0]}</sub>", f"{who}'s samples"
    mark = (f"γ<sub>{who[0]}</sub> = 1", "d")
    return Control(f"n_{who[0]}", n, words, 10, 1e5, 2000, True, whole=True, least=1, marks=(mark,))


_LAM_T = _penalty(0.01)
_LAM_S = Control("lam_s", "λ<sub>s</sub>", "student's penalty", 1e-4, 100, 0.1, log=True)
_SIGMA = Control("sigma", "σ<sub>ε</sub>", "noise of the labels", 0, 3, 1, step=0.05)
_ZETA = Control("zeta", "ζ", "alignment of the student's penalty", 0, 1, 0, most=1)


def _ratio(name: str, who: str, value: float) -> Control:
    words, symbol = f"{who} ratio, d over n", f"γ<sub>{name[-1]}</sub>"
    one = ((f"{symbol} = 1", 1),)
    return Control(name, symbol, words, 0.05, 20, value, log=True, least=0.001, marks=one)


# --- will your student win? ----------------------------------------------------------------------


def _draw_calculator() -> tuple[list[Any], dict[str, Any]]:
    plot = _figure("student's penalty λₛ", "test error", (1e-4, 1e3), height=250)
    parts = {"band": _band(plot), "teacher": _line(plot, COLOURS["teacher"], line_dash="dashed")}
    parts |= {"student": _line(plot, COLOURS["student"]), "here": _dots(plot, COLOURS["student"])}
    return [plot], {"plot": plot, **parts}


# --- a cloud of trials ---------------------------------------------------------------------------


def _draw_cloud() -> tuple[list[Any], dict[str, Any]]:
    plot = _figure("teacher's test error", "student's test error", (1, 3), log="", height=360)
    parts = {"diagonal": _line(plot, COLOURS["muted"], width=1.5, line_dash="dashed")}
    for key, colour in (("lost", COLOURS["loses"]), ("won", COLOURS["wins"])):
        parts[key] = ColumnDataSource({"x": [], "y": []})
        plot.scatter("x", "y", source=parts[key], size=7, color=colour, alpha=0.8)
    return [plot], {"plot": plot, **parts}


# --- the spectrum --------------------------------------------------------------------------------


def _draw_spectrum() -> tuple[list[Any], dict[str, Any]]:
    law = _figure("eigenvalue s", "density, and λ/(s+λ)", (-0.2, 6), log="", height=280)
    parts: dict[str, Any] = {
        "density": _line(law, COLOURS["student"]),
        "weight": _line(law, COLOURS["highlight"], line_dash="dashed"),
        "atom": _line(law, COLOURS["student"], width=7),
    }
    transform = _figure("λ", "m(λ; γ)", (1e-4, 1e2), log="xy", height=280, y_range=(1e-2, 1e3))
    parts |= {"m": _line(transform, COLOURS["teacher"]), "here": _dots(transform, "#000000")}
    return [law, transform], {"law": law, "transform": transform, **parts}


# --- the teacher ----------------------------------------------------------------------------------


def _draw_teacher() -> tuple[list[Any], dict[str, Any]]:
    over_penalty = _figure("teacher's penalty λₜ", "test error", (1e-4, 1e2), height=280)
    over_ratio = _figure("γₜ = d/nₜ", "test error", (0.1, 10), height=280, ticks=_RATIOS)
    parts: dict[str, Any] = {"best_here": Span(dimension="height", line_dash="dotted")}
    over_penalty.add_layout(parts["best_here"])
    for name, plot in (("left", over_penalty), ("right", over_ratio)):
        parts[name] = plot
        parts[f"{name}_curve"] = _line(plot, COLOURS["teacher"])
        parts[f"{name}_dot"] = _dots(plot, "#000000")
    return [over_penalty, over_ratio], parts


# --- the gap over both penalties -----------------------------------------------------------------


def _draw_gap() -> tuple[list[Any], dict[str, Any]]:
    low, high = _GRID
    plot = _figure(
        "teacher's penalty λₜ", "student's penalty λₛ", _GRID, log="", height=380, y_range=_GRID
    )
    powers = list(range(round(low), round(high) + 1))
    for axis in plot.axis:
        axis.ticker = FixedTicker(ticks=powers)
        axis.major_label_overrides = {k: f"{10.0**k:g}" for k in powers}
    surface = ColumnDataSource({"image": [np.zeros((_CELLS, _CELLS), dtype=np.float32)]})
    colours = LinearColorMapper(palette=interp_palette(PiYG11, 101), low=-0.2, high=0.2)
    size = high - low
    plot.image("image", x=low, y=low, dw=size, dh=size, source=surface, color_mapper=colours)
    optimum = Span(dimension="height", line_color="#000000", line_dash="dotted", line_width=2)
    plot.add_layout(optimum)
    parts: dict[str, Any] = {"surface": surface, "optimum": optimum}
    parts |= {"upper": _line(plot, "#000000"), "lower": _line(plot, "#000000")}
    parts |= {"cells": _CELLS, "low": low, "high": high}
    return [plot], {**parts, "here": _dots(plot, "#000000")}


# --- H_1 -----------------------------------------------------------------------------------------


def _draw_h1() -> tuple[list[Any], dict[str, Any]]:
    plot = _figure("student's penalty λₛ", "H₁ and c", (1e-3, 1e3), y_range=(-1.3, 0.3))
    parts = {"band": _band(plot), "curve": _line(plot, COLOURS["student"])}
    parts["level"] = _line(plot, COLOURS["teacher"], line_dash="dashed")
    return [plot], {**parts, "roots": _dots(plot, "#000000")}


# --- the weighted student ------------------------------------------------------------------------


def _draw_weighted() -> tuple[list[Any], dict[str, Any]]:
    plot = _figure("student's penalty λₛ", "test error", (1e-3, 1e3))
    parts = {"band": _band(plot), "teacher": _line(plot, COLOURS["teacher"], line_dash="dashed")}
    parts["plain"] = _line(plot, COLOURS["muted"], width=1.8)
    parts["aligned"] = _line(plot, COLOURS["sky"], width=1.8)
    parts["student"] = _line(plot, COLOURS["student"], width=3)
    return [plot], {"plot": plot, **parts}


# --- double descent ------------------------------------------------------------------------------


def _draw_descent() -> tuple[list[Any], dict[str, Any]]:
    plot = _figure("γₜ = d/nₜ", "test error", (0.1, 10), ticks=_RATIOS)
    parts = {"teacher": _line(plot, COLOURS["teacher"], line_dash="dashed")}
    return [plot], {"plot": plot, **parts, "student": _line(plot, COLOURS["student"], width=3)}


# --- the best student ----------------------------------------------------------------------------


def _draw_best() -> tuple[list[Any], dict[str, Any]]:
    plot = _figure("teacher's penalty λₜ", "test error", (1e-3, 1e1))
    parts: dict[str, Any] = {"best_here": Span(dimension="height", line_dash="dotted")}
    plot.add_layout(parts["best_here"])
    parts["teacher"] = _line(plot, COLOURS["teacher"], line_dash="dashed")
    parts["unlimited"] = _line(plot, COLOURS["muted"], width=1.8)
    parts["student"] = _line(plot, COLOURS["student"], width=3)
    return [plot], {"plot": plot, **parts, "dot": _dots(plot, "#000000")}


# --- the student's filter ------------------------------------------------------------------------


def _draw_filter() -> tuple[list[Any], dict[str, Any]]:
    left, right = (
        _figure("eigenvalue s", what, (0, 6), log="", height=280)
        for what in ("filter s/(s+λₛ)", "squared error in a direction, times d")
    )
    left.y_range.end = 1.15
    parts: dict[str, Any] = {"left": left, "right": right}
    for name, plot in (("left", left), ("right", right)):
        source = parts[f"{name}_density"] = ColumnDataSource({"x": [], "y": []})
        plot.varea("x", 0, "y", source=source, color=COLOURS["muted"], alpha=0.3)
    parts["atom"] = _line(left, COLOURS["muted"], width=9, alpha=0.5)
    parts["ideal"] = _line(left, COLOURS["wins"], line_dash="dashed")
    parts |= {"filter": _line(left, COLOURS["student"]), "ends": Span(dimension="height")}
    right.add_layout(parts["ends"])
    parts["ends"].line_dash = "dotted"
    parts["teacher"] = _line(right, COLOURS["teacher"], line_dash="dashed")
    return [left, right], {**parts, "student": _line(right, COLOURS["student"])}


# --- where the target lies -----------------------------------------------------------------------


def _draw_target() -> tuple[list[Any], dict[str, Any]]:
    left = _figure(
        "direction, strong to weak", "squared target wᵢ²", (1, 100), log="xy", height=280
    )
    right = _figure("student's penalty λₛ", "test error", (1e-4, 1e2), height=280)
    parts = {"target": _line(left, "#000000"), "level": _line(left, COLOURS["highlight"])}
    parts["teacher"] = _line(right, COLOURS["teacher"], line_dash="dashed")
    parts |= {"student": _line(right, COLOURS["student"]), "dot": _dots(right, COLOURS["student"])}
    return [left, right], {"left": left, "right": right, **parts}


# --- a chain in the plane ------------------------------------------------------------------------


def _draw_chain() -> tuple[list[Any], dict[str, Any]]:
    plot = _figure("along β⋆", "across β⋆", (-0.05, 1.45), (-0.04, 1), log="", height=380)
    parts = {"level": _line(plot, COLOURS["teacher"], width=1.5, line_dash="dotted")}
    parts["fitting"] = _line(plot, COLOURS["muted"], width=1.5, line_dash="dashed")
    parts |= {"ahead": _line(plot, COLOURS["sky"], width=1.5), "truth": _dots(plot, "#000000")}
    parts |= {"walked": _line(plot, COLOURS["student"]), "steps": _dots(plot, COLOURS["student"])}
    return [plot], {"plot": plot, **parts, "best_here": _dots(plot, COLOURS["wins"])}


# --- what a network forgets -----------------------------------------------------------------------


def _draw_memory() -> tuple[list[Any], dict[str, Any]]:
    plot = _figure("steps", "‖W β‖", (0, _STEPS), log="")
    parts = {"kept": _line(plot, COLOURS["muted"], line_dash="dotted")}
    parts |= {"hard": _line(plot, COLOURS["student"]), "easy": _line(plot, COLOURS["teacher"])}
    return [plot], {"plot": plot, **parts, "here": _dots(plot, "#000000")}


_STEPS = 40
_T, _S = "ℒ<sub>t</sub>, the teacher's test error", "ℒ<sub>s</sub>, the student's test error"
_BEST = "λ<sub>t</sub>*, the teacher's best penalty"
_WINS = ("#a8dbc9", "penalties that win")  # the colour of `_band` on white

EXPLORERS = {
    "calculator": Explorer(
        title="Will your student win?",
        seen="The student's test error over its penalty, with the teacher's as a dashed line and "
        "the winning penalties shaded. The numbers are given above the picture.",
        controls=(
            _LAM_T,
            _LAM_S,
            _samples("student"),
            _samples("teacher"),
            Control("d", "d", "dimension of the inputs", 10, 1e5, 500, True, whole=True, least=1),
            _SIGMA,
            _ZETA,
        ),
        readouts=(
            ("L_t", _T),
            ("L_s", _S),
            ("window", "winning penalties"),
            ("gamma_t", "γ<sub>t</sub> = d/n<sub>t</sub>"),
            ("gamma_s", "γ<sub>s</sub> = d/n<sub>s</sub>"),
            ("best", _BEST),
        ),
        sentences={
            "wins": "Your student wins: its test error is {share} % below its teacher's.",
            "peak": "Both test errors are infinite here; on the way, as λₜ falls to 0, your "
            "student's stays below its teacher's.",
            "loses": "Your student loses: its test error is {share} % above its teacher's.",
            "draw": "A draw: the student repeats its teacher.",
            "every": "Every penalty λₛ > 0 would win.",
            "other": "It would win for {window}.",
            "none": "No penalty would make it win.",
            "tuned": "No penalty would: this teacher is not under-regularised.",
        },
        legend=((COLOURS["student"], "student"), (COLOURS["teacher"], "teacher"), _WINS),
        draw=_draw_calculator,
        presets={
            "careless": Preset(
                "careless teacher",
                {},
                "This teacher hardly shrinks. A student that does adds what is missing, and wins.",
            ),
            "tuned": Preset(
                "tuned teacher",
                {"lam_t": 0.25},
                "This teacher has its best penalty: the student's curve stays above its line.",
            ),
            "few": Preset(
                "few samples for the student",
                {"lam_t": 0.1, "n_s": 416, "sigma": 2, "lam_s": 0.5},
                "With fewer samples than unknowns, this student loses with a small penalty and "
                "with a large one; it wins in between.",
            ),
            "features": Preset(
                "good features",
                {"lam_t": 0.25, "zeta": 0.9},
                "This teacher has its best penalty, too; a student that hardly shrinks along the "
                "right direction wins all the same.",
            ),
        },
        folded=("n_t", "d", "sigma", "zeta"),
        drag=(0, "lam_s", None),
    ),
    "spectrum": Explorer(
        title="The spectrum and its transform",
        seen="Left, the density of eigenvalues with its atom at zero and the weight lambda over "
        "s plus lambda. Right, the transform m over lambda with a dot at the chosen penalty.",
        controls=(
            Control(
                "gamma",
                "γ",
                "dimensions per sample",
                0.05,
                20,
                0.5,
                True,
                least=0.001,
                marks=(("γ = 1", 1),),
            ),
            Control("lam", "λ", "penalty", 1e-4, 100, 0.1, True),
        ),
        readouts=(
            ("m", "m"),
            ("m_2", "m<sub>2</sub>"),
            ("dof", "δ, degrees of freedom"),
            ("atom", "mass at 0"),
        ),
        sentences={
            "shares": "At this penalty {learnt} % of the directions are learnt (δ), and {shrunk} % "
            "are shrunk away (λm)."
        },
        legend=(
            (COLOURS["student"], "density; the bar at 0 is as high as its mass"),
            (COLOURS["highlight"], "λ/(s+λ), the share that is shrunk away"),
            (COLOURS["teacher"], "m(λ; γ)"),
        ),
        draw=_draw_spectrum,
        drag=(1, "lam", None),
    ),
    "teacher": Explorer(
        title="The teacher's error",
        seen="Left, the teacher's test error over its penalty with a dotted line at the best one. "
        "Right, the error over the ratio gamma t for the chosen penalty.",
        controls=(_ratio("gamma_t", "teacher's", 0.8), _LAM_T, _SIGMA),
        readouts=(("L_t", _T), ("best", _BEST), ("L_best", "the error there")),
        sentences={
            "best": "This is the best penalty.",
            "under": "Under-regularised: a larger penalty would be better.",
            "over": "Over-regularised: a smaller penalty would be better.",
        },
        legend=(
            (COLOURS["teacher"], "teacher; the dot is yours"),
            ("#000000", "dotted: λ<sub>t</sub>*"),
        ),
        draw=_draw_teacher,
        drag=(0, "lam_t", None),
    ),
    "gap": Explorer(
        title="Who wins, over both penalties",
        seen="A map over the teacher's and the student's penalty: green where the student wins, "
        "pink where it loses, with the theorem's boundary in black.",
        controls=(
            _ratio("gamma_t", "teacher's", 0.25),
            _ratio("gamma_s", "student's", 1.2),
            Control("sigma", "σ<sub>ε</sub>", "noise of the labels", 0, 3, 2, step=0.05),
            _ZETA,
            _LAM_T,
            _LAM_S,
        ),
        readouts=(
            ("gap", "ℒ<sub>s</sub> − ℒ<sub>t</sub>"),
            ("c", "c, the imbalance"),
            ("best", _BEST),
        ),
        sentences={
            "wins": "At the dot the student wins.",
            "draw": "At the dot the student repeats its teacher: a draw.",
            "other": "At the dot the student loses, but another λₛ would win.",
            "none": "At the dot the student loses, and so it would with any other λₛ.",
        },
        legend=(
            (PiYG11[1], "student wins (ℒ<sub>s</sub> below ℒ<sub>t</sub>)"),
            (PiYG11[-2], "student loses"),
            ("#000000", "boundary of Theorem 5; dotted, λ<sub>t</sub>*; the dot is yours"),
        ),
        draw=_draw_gap,
        drag=(0, "lam_t", "lam_s"),
    ),
    "h1": Explorer(
        title="H₁ and its roots",
        seen="The curve H 1 over the student's penalty and the level c as a dashed line; black "
        "dots where they meet, the winning penalties shaded.",
        controls=(
            Control(
                "c",
                "c",
                "the teacher's imbalance",
                -1.3,
                0.3,
                -0.4,
                least=None,
                most=1,
                marks=(("largest H<sub>1</sub>", "threshold"),),
            ),
            _ratio("gamma_s", "student's", 1.2),
        ),
        readouts=(("window", "winning penalties"), ("threshold", "largest H₁ (its supremum)")),
        sentences={
            "none": "H₁ stays below c: no penalty wins against this teacher.",
            "touch": "H₁ rises to c and no further: no penalty wins against this teacher.",
            "every": "H₁ lies above c everywhere: every penalty wins.",
            "twice": "H₁ crosses c twice: the student wins between the roots.",
            "once": "H₁ crosses c once: the student wins to the left of the root.",
        },
        legend=((COLOURS["student"], "H₁"), (COLOURS["teacher"], "c"), _WINS),
        draw=_draw_h1,
        drag=(0, None, "c"),
    ),
    "weighted": Explorer(
        title="A student whose penalty knows something",
        seen="The student's test error over its penalty for the chosen alignment, between the "
        "curves for none and for full alignment; the teacher's error as a dashed line.",
        controls=(
            Control("zeta", "ζ", "alignment of the student's penalty", 0, 1, 0.6, most=1),
            _penalty(0.25),
            _ratio("gamma_t", "teacher's", 0.25),
            _ratio("gamma_s", "student's", 0.25),
            _SIGMA,
        ),
        readouts=(("L_t", _T), ("window", "winning penalties"), ("best", _BEST)),
        sentences={
            "wins": "A student with this alignment wins for {window}.",
            "none": "With this alignment no penalty wins.",
        },
        legend=(
            (COLOURS["student"], "student with your ζ"),
            (COLOURS["muted"], "ζ = 0"),
            (COLOURS["sky"], "ζ = 1"),
            (COLOURS["teacher"], "teacher"),
            _WINS,
        ),
        draw=_draw_weighted,
    ),
    "descent": Explorer(
        title="Double descent, handed down",
        seen="The test errors of teacher and student over the teacher's ratio gamma t, with or "
        "without a peak at one.",
        controls=(
            Control("share", "κ", "teacher's penalty, as a share of its best", 0, 1, 0),
            Control("lam_s", "λ<sub>s</sub>", "student's penalty", 1e-4, 100, 0.3, True),
            _ratio("gamma_s", "student's", 0.1),
            _SIGMA,
        ),
        readouts=(
            ("L_t", "ℒ<sub>t</sub> at γ<sub>t</sub> = 1"),
            ("L_s", "ℒ<sub>s</sub> at γ<sub>t</sub> = 1"),
        ),
        sentences={
            "pole": "Without a penalty the teacher has a pole at γₜ = 1, and the student inherits "
            "it.",
            "errors": "At γₜ = 1 the teacher's error is {L_t}, the student's {L_s}.",
        },
        legend=((COLOURS["student"], "student"), (COLOURS["teacher"], "teacher")),
        draw=_draw_descent,
    ),
    "best": Explorer(
        title="The best student",
        seen="Test errors over the teacher's penalty: the teacher's as a dashed line, its best "
        "student's, and below it the best student's with unlimited unlabelled data. A dotted line "
        "marks the teacher's best penalty, where the three come closest.",
        controls=(
            _penalty(0.05, 1e-3, 10),
            _ratio("gamma_t", "teacher's", 0.5),
            _ratio("gamma_s", "student's", 0.5),
            _SIGMA,
        ),
        readouts=(
            ("L_t", _T),
            ("L_s", "ℒ<sub>s</sub>, the best student's test error"),
            ("lam_s", "λ<sub>s</sub>*, the student's best penalty"),
            ("share", "PGR, against the tuned teacher"),
            ("best", _BEST),
        ),
        sentences={
            "share": "The best student brings back {share} % of what tuning the teacher would.",
            "none": "Even the best student does not win against this teacher.",
            "tuned": "The teacher is not under-regularised: no student can help.",
        },
        legend=(
            (COLOURS["student"], "best student"),
            (COLOURS["muted"], "with unlimited unlabelled data"),
            (COLOURS["teacher"], "teacher"),
        ),
        draw=_draw_best,
        drag=(0, "lam_t", None),
    ),
    "memory": Explorer(
        title="What a network learns, keeps and forgets",
        seen="Over the number of steps, the length of the first layer along the hard direction, "
        "which falls to a dotted level, and along the easy direction, which rises.",
        controls=(
            Control("steps", "k", "steps", 0, _STEPS, 1, step=1, whole=True, most=_STEPS),
            Control("tau", "τ", "what it knew of the hard direction", 0, 4, 2, step=0.05),
            Control("rho", "ρ", "how much its output layer reads", 0, 1, 0.5, most=1),
            Control("easy", "e", "what its teacher says of the easy direction", 0, 4, 2, step=0.05),
            Control("step", "η c₁²", "length of a step", 0.01, 1, 0.2, most=1),
        ),
        readouts=(
            ("hard", "‖W β<sub>h</sub>‖, along the hard direction"),
            ("learnt", "‖W β<sub>e</sub>‖, along the easy direction"),
            ("end", "‖W β<sub>h</sub>‖ in the end"),
        ),
        sentences={
            "nothing": "Its output layer reads nothing of the hard direction: none is forgotten.",
            "start": "Before the first step it knows the hard direction and not the easy one.",
            "steps": "After step {k} it has learnt {learnt} % of what its teacher says of the "
            "easy direction, and lost {lost} % of the square of what it knew; in the end it will "
            "have lost {end} %.",
        },
        legend=(
            (COLOURS["student"], "hard direction"),
            (COLOURS["teacher"], "easy direction"),
            (COLOURS["muted"], "what stays in the end"),
        ),
        draw=_draw_memory,
        folded=("easy", "step"),
        drag=(0, "steps", None),
    ),
    "chain": Explorer(
        title="A chain in the plane",
        seen="Each generation as a dot, its overlap with the truth to the right and what it says "
        "across the truth upwards; the truth at one, zero. Around it a dotted arc where the error "
        "is the teacher's, and a dashed half circle on which the length fits the direction.",
        controls=(
            Control(
                "k", "K", "generations after the teacher", 0, 40, 3, step=1, whole=True, most=40
            ),
            Control("lam_s", "λ<sub>s</sub>", "students' penalty", 1e-3, 10, 0.1, log=True),
            _ratio("gamma_s", "students'", 0.25),
            _SIGMA,
            _penalty(0.025, 1e-3, 10),
            _ratio("gamma_t", "teacher's", 0.5),
        ),
        readouts=(
            ("L_t", _T),
            ("L_k", "ℒ<sub>K</sub>, the last student's test error"),
            ("length", "the best generation"),
            ("best", _BEST),
        ),
        sentences={
            "pole": "The teacher's error is infinite, and so is that of all its students.",
            "copies": "Without a penalty these students repeat their teacher.",
            "ever": "In this chain a further student always helps.",
            "before": "A further student helps, up to generation {best}.",
            "at": "Generation {best} is the best of this chain: a further student would lose.",
            "after": "The chain is worn out: generation {best} was its best.",
        },
        legend=(
            (COLOURS["student"], "the chain, from its teacher to generation K"),
            (COLOURS["wins"], "its best generation"),
            (COLOURS["sky"], "its next generations"),
            (COLOURS["teacher"], "dotted: the teacher's error"),
            (COLOURS["muted"], "dashed: best length for the direction; black, the truth"),
        ),
        draw=_draw_chain,
        folded=("sigma", "lam_t", "gamma_t"),
    ),
    "filter": Explorer(
        title="The student's filter, direction by direction",
        seen="Over the eigenvalues of the student's data, their density in grey: left, the share "
        "of its teacher's answer that the student keeps, with the ideal share as a dashed line; "
        "right, the squared errors of teacher and student, with a dotted line where they cross.",
        controls=(
            Control("lam_s", "λ<sub>s</sub>", "student's penalty", 1e-3, 10, 0.5, log=True),
            _penalty(0.2, 1e-3, 10),
            _ratio("gamma_s", "student's", 1.2),
            _ratio("gamma_t", "teacher's", 0.25),
            Control("sigma", "σ<sub>ε</sub>", "noise of the labels", 0, 3, 2, step=0.05),
        ),
        readouts=(
            ("ideal", "ideal filter, 1/(1 − c)"),
            ("L_t", _T),
            ("L_s", _S),
            ("best", _BEST),
        ),
        sentences={
            "pole": "The teacher's error is infinite, in all directions.",
            "copy": "Without a penalty the student repeats its teacher wherever it has data.",
            "none": "This teacher says no more than it knows: a student that shrinks it loses in "
            "all directions.",
            "all": "This teacher says so much too much that the student wins in all directions.",
            "some": "The student wins where its data have s > {s}, and loses elsewhere.",
            "wins": "In sum it wins.",
            "loses": "In sum it loses.",
        },
        legend=(
            (COLOURS["student"], "student"),
            (COLOURS["teacher"], "teacher"),
            (COLOURS["wins"], "ideal filter"),
            (COLOURS["muted"], "density of s, times 0.3; the bar at 0: directions without data"),
        ),
        draw=_draw_filter,
        folded=("gamma_t", "sigma"),
    ),
    "target": Explorer(
        title="Where the target lies",
        seen="Left, the squared target over the directions, strong ones first, and the level "
        "below which a little shrinking pays. Right, the student's test error over its penalty, "
        "with its lowest point and the teacher's error as a dashed line.",
        controls=(
            Control("alpha", "α", "how fast the spectrum falls", 0, 3, 1.5),
            Control("r", "r", "how easy the target is", 0, 1.5, 1),
            Control(
                "times",
                "λ<sub>t</sub>/λ<sub>t</sub>*",
                "teacher's penalty over its best",
                0.01,
                100,
                1,
                True,
                marks=(("λ<sub>t</sub>*", 1),),
            ),
            Control(
                "n_t",
                "n<sub>t</sub>",
                "teacher's samples",
                10,
                1000,
                50,
                True,
                whole=True,
                least=1,
            ),
            Control(
                "n_s",
                "n<sub>s</sub>",
                "student's samples",
                10,
                1e4,
                400,
                True,
                whole=True,
                least=1,
            ),
            Control("sigma", "σ<sub>ε</sub>", "noise of the labels", 0, 3, 0.7, step=0.05),
        ),
        readouts=(
            ("L_t", _T),
            ("L_s", "ℒ<sub>s</sub> at the best penalty shown"),
            ("best", _BEST),
            ("critical", "critical r, ½(1 − 1/α)"),
        ),
        sentences={
            "pole": "The teacher's error is infinite, and so is its students'.",
            "wins": "With λₛ = {lam_s} the student wins: its test error is {share} % below its "
            "teacher's.",
            "none": "With none of these penalties does the student win.",
        },
        legend=(
            (COLOURS["student"], "student; the dot is its best penalty shown"),
            (COLOURS["teacher"], "teacher"),
            ("#000000", "squared target in each of 100 directions"),
            (COLOURS["highlight"], "N/κ<sub>t</sub>: a little shrinking pays below it"),
        ),
        draw=_draw_target,
        folded=("n_t", "n_s", "sigma"),
    ),
    "cloud": Explorer(
        title="Draw a teacher and a student again",
        seen="Each draw as a dot, the teacher's test error to the right, the student's upwards; "
        "below the dashed diagonal the student has won.",
        controls=(
            _penalty(0.02, 1e-3, 10),
            Control("lam_s", "λ<sub>s</sub>", "student's penalty", 1e-3, 10, 0.75, log=True),
            Control("seed", "seed", "draw all again", 1, 100, 1, step=1, whole=True, most=1000),
            Control(
                "draws", "draws", "how many", 1, 200, 60, step=1, whole=True, least=1, most=200
            ),
            _SIGMA,
        ),
        readouts=(
            ("wins", "draws in which the student wins"),
            ("L_t", "mean of ℒ<sub>t</sub>"),
            ("L_s", "mean of ℒ<sub>s</sub>"),
            ("best", _BEST),
        ),
        sentences={
            "copy": "Without a penalty the student repeats its teacher: the dots lie on the "
            "diagonal.",
            "counted": "The student wins in {wins} of {draws} draws, with 20 unknowns, 40 samples "
            "for the teacher and 80 for the student.",
        },
        legend=(
            (COLOURS["wins"], "student wins"),
            (COLOURS["loses"], "student does not"),
            (COLOURS["muted"], "both errors equal"),
        ),
        draw=_draw_cloud,
        folded=("draws", "sigma"),
    ),
}
