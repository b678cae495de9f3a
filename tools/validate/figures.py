"""What a figure shows: in words and rounded numbers for the record, in full for its page.

The words are lines, an artist's under those of its axes, which a record holds and nbval compares.
Colours are called by their role. A number is rounded to 10^-5 of its axis's range or finer, on a
logarithmic axis to five digits, means of many more finely; it may differ by one in its last digit.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from math import floor, log10
from typing import Any

import numpy as np

#: The key of a figure's numbers in its output's metadata.
NUMBERS = "numbers"
DIGITS = 5
FEW = 3  # more artists that look alike are told as one
MESH = 100  # more rows or columns of a mesh are thinned for its page
#: Of these the words give numbers; "x" and "y" of an axis are its scale and limits.
_NUMERIC = ("x", "y", "level", "value", "norm")
_LEAF = re.compile(r"( *)([a-z0-9 ]+): (.*)")
_NUMBER = re.compile(r"-?[\d.]+(E[+-]?\d+)? -?[\d.]+(E[+-]?\d+)?")


def _vertices(item: Any) -> Any:
    return np.concatenate([path.vertices for path in item.get_paths()] or [np.empty((0, 2))])


def _places(mesh: Any) -> Any:
    """Where a mesh has its values: in its cells or, where colours run over, at their corners."""
    corners = mesh.get_coordinates()
    if np.size(mesh.get_array()) == corners[..., 0].size:
        return corners
    return (corners[1:, 1:] + corners[1:, :-1] + corners[:-1, 1:] + corners[:-1, :-1]) / 4


def _outline(patch: Any) -> Any:
    return patch.get_patch_transform().transform_path(patch.get_path()).vertices


#: What kinds of artists are called, and the points they show. The first that fits is taken.
_KINDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "BarContainer": ("bars", lambda item: [bar.get_bbox().get_points() for bar in item]),
    "Line2D": ("line", lambda item: item.get_xydata()),
    "Annotation": ("note", lambda item: [item.get_position(), item.xy]),
    "Text": ("text", lambda item: [item.get_position()]),
    "QuadMesh": ("mesh", _places),
    "PathCollection": ("points", lambda item: item.get_offsets()),
    "LineCollection": ("segments", _vertices),
    "ContourSet": ("contours", _vertices),
    "Collection": ("area", _vertices),
    "Patch": ("patch", _outline),
}
_USUAL = {
    "linestyle": "-",
    "linewidth": 1.5,
    "marker": "None",
    "alpha": None,
    "hatch": None,
    "visible": True,
}


# --- the words ------------------------------------------------------------------------------------


def describe(figure: Any) -> str:
    """The words for a figure."""
    lines = [repr(figure)]
    for number, text in enumerate(figure.texts, start=1):
        lines.append(f"text {number}: {text.get_text()!r}")
    for number, axes in enumerate(figure.axes, start=1):
        lines += [f"axes {number}", *(f"  {line}" for line in _axes(axes))]
    return "\n".join([*lines, *(line for legend in figure.legends for line in _legend(legend))])


def _axes(axes: Any) -> Iterator[str]:
    if title := _title(axes):
        yield f"title: {title!r}"
    if axes.get_aspect() != "auto":
        yield f"aspect: {axes.get_aspect():g}"
    for name, axis in axes._axis_map.items():
        low, high = map(_Rounding(axis), getattr(axes, f"get_{name}lim")())
        yield f"{name} label: {axis.get_label_text()!r}"
        yield f"{name}: scale {axis.get_scale()}, from {low}, to {high}"
        if type(axis.get_major_locator()).__name__ == "FixedLocator":  # others wait for the layout
            ticks = axis.get_major_formatter().format_ticks(axis.get_majorticklocs())
            yield f"{name} ticks: {' '.join(ticks)}"
    alike: dict[tuple[str, str], list[Any]] = {}
    for item, label in _items(axes):
        name = f"{_kind(item)} {label!r}" if label else _kind(item)
        alike.setdefault((name, ", ".join(_style(item))), []).append(list(_columns(axes, item)))
    met = Counter[str]()
    for (name, style), group in alike.items():
        if len(group) > FEW:
            style = f"{len(group)} times {style}"
            group = [[_joined(columns) for columns in zip(*group, strict=True)]]
        for columns in group:
            met[name] += 1
            yield f"{name} {met[name]}" if met[name] > 1 else name
            yield f"  style: {style}"
            yield from (f"  {column}: {_summary(*told)}" for column, *told in columns)
    yield from _legend(axes.get_legend())


def _joined(columns: tuple[Any, ...]) -> tuple[Any, ...]:
    name, _, scale = columns[0]
    return name, np.concatenate([values for _, values, _ in columns]), scale


def _title(axes: Any) -> str:
    titles = (axes.get_title(place) for place in ("left", "center", "right"))
    return " ".join(filter(None, titles))


def _legend(legend: Any) -> Iterator[str]:
    if legend is not None:
        yield "legend"
        yield f"  title: {legend.get_title().get_text()!r}"
        entries = zip(legend.legend_handles, legend.get_texts(), strict=True)
        for number, (handle, text) in enumerate(entries, start=1):
            style = ", ".join(_style(handle))
            yield f"  entry {number}: {text.get_text()!r} {_kind(handle)} {style}"


def _items(axes: Any) -> Iterator[tuple[Any, str]]:
    """The artists that carry something, with their labels; the bars of one series are one."""
    whole = {part: group for group in axes.containers for part in group.get_children()}
    frame = {axes.patch, axes.title, axes._left_title, axes._right_title, axes.get_legend()}
    frame |= {*axes.spines.values(), *axes._axis_map.values()}
    seen: list[Any] = []
    for artist in [] if hasattr(axes, "_colorbar") else axes.get_children():
        group = whole.get(artist, artist)
        item = group if _is(group, "BarContainer") else artist
        empty = type(artist).__name__ == "Text" and not artist.get_text()
        if not (artist in frame or item in seen or empty):
            seen.append(item)
            label = str(group.get_label())
            yield item, "" if label.startswith("_") else label


def _columns(axes: Any, item: Any) -> Iterator[tuple[str, Any, Any]]:
    """The numbers that an item shows: their name, themselves, and the scale to see them on."""
    one = item[0] if _is(item, "BarContainer") else item
    points = next(points for kind, (_, points) in _KINDS.items() if _is(item, kind))
    in_data = one.get_transform().contains_branch_seperately(axes.transData)
    for name, values, inside in zip("xy", _flat(points(item), 2), in_data, strict=True):
        yield name, values, axes._axis_map[name] if inside else None
    if _is(item, "ContourSet"):
        sizes = [len(path.vertices) for path in item.get_paths()]
        layers = np.clip(item.layers, item.levels[0], item.levels[-1])  # 1e250 where extended
        yield "level", np.repeat(layers, sizes), item.levels
    elif _mapped(one):
        yield "value", *_flat(item.get_array(), 1), item.norm
        yield "norm", np.array([item.norm.vmin, item.norm.vmax]), item.norm


def _flat(values: Any, width: int) -> Any:
    return np.ma.filled(np.ma.asarray(values, float), np.nan).reshape(-1, width).T


def _mapped(item: Any) -> bool:
    """Whether its colours are values."""
    return getattr(item, "get_array", lambda: None)() is not None and not getattr(item, "colors", 0)


def _kind(item: Any) -> str:
    for kind, (name, _) in _KINDS.items():
        if _is(item, kind):
            return f"{name} {item.get_text()!r}" if _is(item, "Text") else name
    raise TypeError(f"tools/validate/figures.py has no words for a {type(item).__name__}")


def _style(item: Any) -> Iterator[str]:
    one = item[0] if _is(item, "BarContainer") else item
    yield f"{item.get_cmap().name} {type(item.norm).__name__}" if _mapped(one) else _colours(one)
    for name, usual in _USUAL.items():
        value = getattr(one, f"get_{name}", lambda usual=usual: usual)()
        value = value[0] if isinstance(value, list | np.ndarray) and len(value) else value
        if isinstance(value, tuple):  # a collection's dashes, in points
            value = "-" if value[1] is None else "dashed"
        if value != usual and value != "solid":
            yield f"{name} {value}"
    if _is(one, "Line2D") and one.get_marker() not in ("None", ""):
        yield f"size {one.get_markersize():g} {one.get_fillstyle()}"
    if _is(one, "PathCollection"):
        yield " ".join(["size", *(f"{size:g}" for size in np.unique(one.get_sizes()))])


def _colours(item: Any) -> str:
    from matplotlib.colors import to_hex, to_rgba_array

    # A chapter that draws has imported them, with SymPy; to do so here would take seconds.
    colours = getattr(sys.modules.get("w2s.page.plotting"), "COLOURS", {})
    roles = {colour.lower(): role for role, colour in colours.items()}
    parts: list[Any] = [
        getattr(item, f"get_{part}", list)() for part in ("color", "facecolor", "edgecolor")
    ]
    seen = [to_hex(rgba) for part in parts for rgba in to_rgba_array(part) if rgba[3]]
    return "/".join(dict.fromkeys(roles.get(colour, colour) for colour in seen)) or "no colour"


def _summary(values: Any, scale: Any) -> str:
    shown = _Rounding(scale)
    good = values[np.isfinite(values)]
    if good.size <= 6:
        return ", ".join(map(shown, values))
    log = shown.log and good.min() > 0
    scaled = np.log10(good) if log else good
    mean, tilt = scaled.mean(), scaled @ np.linspace(-1, 1, good.size) / good.size
    numbers = {
        "first": good[0],
        "middle": good[good.size // 2],
        "last": good[-1],
        "least": good.min(),
        "greatest": good.max(),
    }
    # Of many points, a single one shows here: two digits more, which noise does not reach.
    sums = {"mean": mean, "tilt": tilt}
    size = f"{good.size}+{values.size - good.size}" if values.size > good.size else good.size
    told = [f"{name} {shown(x)}" for name, x in numbers.items()]
    told += [f"{name} {shown(10**x if log else x, more=2)}" for name, x in sums.items()]
    return ", ".join([f"n {size}", *told])


class _Rounding:
    """To so many decimals or, where `log`, so many significant digits, all of them written."""

    def __init__(self, scale: Any) -> None:
        self.log, low, high = False, 0.0, 1.0
        if isinstance(scale, np.ndarray):
            low, high = scale.min(), scale.max()
        elif hasattr(scale, "vmin"):
            self.log, low, high = _is(scale, "LogNorm"), scale.vmin, scale.vmax
        elif scale is not None:
            self.log = scale.get_scale() == "log"
            low, high = getattr(scale.axes, f"get_{scale.axis_name}lim")()
        self.edge = max(abs(low), abs(high))
        # The limits of an axis are often round: their last bit must not decide.
        self.places = DIGITS - floor(log10(abs(high - low) or 1) + 0.03)

    def __call__(self, value: float, more: int = 0) -> str:
        if not np.isfinite(value):
            return str(float(value))
        exact = float(value) * (1 + 1e-10)  # nor that of a tie
        if self.log or abs(exact) > 10 * self.edge:  # far outside, as at a pole
            return str(Decimal(f"{exact:.{DIGITS - 1 + more}e}"))
        rounded = Decimal(exact).quantize(Decimal((0, (1,), -self.places - more)))
        return str(rounded or abs(rounded))  # no minus before a zero


def _is(item: Any, kind: str) -> bool:
    return any(base.__name__ == kind for base in type(item).__mro__)


# --- all of the numbers ---------------------------------------------------------------------------


def numbers(figure: Any) -> list[dict[str, Any]]:
    """What each axes of a figure shows, to six digits, as JSON can hold it."""
    return [
        {
            "title": _title(axes),
            "x": axes.get_xlabel(),
            "y": axes.get_ylabel(),
            "artists": [
                {
                    "kind": _kind(item),
                    "label": label,
                    "style": next(_style(item)),
                    "columns": {
                        name: [
                            float(f"{value:.6g}") if np.isfinite(value) else None
                            for value in values[_kept(item)]
                        ]
                        for name, values, scale in _columns(axes, item)
                        if scale is not None and name != "norm"
                    },
                }
                for item, label in _items(axes)
                if not _is(item, "Text")
            ],
        }
        for axes in figure.axes
    ]


def _kept(item: Any) -> Any:
    if not _is(item, "QuadMesh"):
        return slice(None)
    rows, columns = np.indices(_places(item).shape[:2])
    step = -(-max(rows.shape) // MESH)
    return ((rows % step == 0) & (columns % step == 0)).ravel()


# --- two of them ----------------------------------------------------------------------------------


class Words(str):
    """The words for a figure, equal to others that say the same but for a last digit."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and not differences(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other


def differences(recorded: str, drawn: str) -> list[str]:
    """What differs between the words for two figures, a sentence for each artist."""
    old, new = _facts(recorded), _facts(drawn)
    before, after = ({path[:2] for path in facts if len(path) > 2} for facts in (old, new))
    told: dict[str, list[str]] = {}
    for path in dict.fromkeys([*old, *new]):
        was, now = old.get(path, "none"), new.get(path, "none")
        if was == now or _near(path, was, now):
            continue
        place = path[:-1][:2]
        names = (f.get((path[0], key), "''") for f in (old, new) for key in ("title", "x label"))
        name = next((f" {name}" for name in names if name != "''"), "")
        where = ", ".join([path[0] + name, *place[1:]])
        if len(place) == 2 and place in before ^ after:
            told[f"{where} {'is missing' if place in before else 'is new'}"] = []
        else:
            told.setdefault(where, []).append(f"{' '.join(path[len(place) :])} {was} → {now}")
    sentences = (where + ": " * bool(what) + ", ".join(what) for where, what in told.items())
    return [sentence.replace(r"\\", "\\") for sentence in sentences]  # TeX as it was written


def _facts(words: str) -> dict[tuple[str, ...], str]:
    first, *lines = words.splitlines()
    facts: dict[tuple[str, ...], str] = {("figure", "size"): first}
    heads: list[str] = []
    for line in lines:
        leaf = _LEAF.fullmatch(line)
        depth = (len(line) - len(line.lstrip())) // 2
        if not leaf:
            heads[depth:] = [line.strip()]
            continue
        path = (*heads[:depth], leaf[2])
        if leaf[2] in _NUMERIC:
            for number, part in enumerate(leaf[3].split(", "), start=1):
                name, _, value = part.rpartition(" ")
                facts[*path, name or f"value {number}"] = value
        else:
            facts[path] = leaf[3]
    return facts


def _near(path: tuple[str, ...], was: str, now: str) -> bool:
    """Whether two numbers differ by one in the last digit that both have."""
    if path[-2:][0] not in _NUMERIC or path[-1] == "n" or not _NUMBER.fullmatch(f"{was} {now}"):
        return False
    one, other = Decimal(was), Decimal(now)
    unit = max(int(number.as_tuple().exponent) for number in (one, other))
    return abs(one - other) <= Decimal((0, (1,), unit))
