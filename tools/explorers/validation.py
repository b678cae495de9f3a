"""Explorers against their truth and their records, in a JavaScript engine without a browser.

A page's scripts run as they are, on a document that has nothing but the explorer's read-outs. The
record `tests/records/explorers/NAME.txt` holds what the explorer consists of (its words, controls
and pictures, the code of its picture, the formulas that are compiled for it) and what it shows at
some dozens of settings. `make book` publishes no explorer that differs from either.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, Model, Plot
from bokeh.models.annotations import BoxAnnotation, Span
from py_mini_racer import mini_racer

from tools.explorers.explorers import EXPLORERS, call, formulas, theory
from tools.explorers.truth import TRUTH, Number, Values, words
from tools.run import HOME

MEND = "If it is right, run: make record CHAPTER=explorers"
_SCRIPTS = HOME / "tools" / "explorers"
_DIRECTIVE = re.compile(r"^\s*[`:]{3,}\s*\{explorer\}\s*(\S+)", re.MULTILINE)
#: What a reader can see of a part of a picture.
_VISIBLE = {
    ColumnDataSource: ("data",),
    Span: ("visible", "location"),
    BoxAnnotation: ("visible", "left", "right"),
    Plot: ("x_range.start", "x_range.end", "y_range.start", "y_range.end"),
}
#: A document with read-outs only; `places` is filled below.
_DOCUMENT = """
let places = {};
globalThis.document = {
  readyState: "loading", addEventListener() {}, getElementById: id => places[id] ?? null,
};
"""
#: What is shown, as text that JSON can carry; in a browser, too. Numbers that are none are words.
SHOWN = """
(name, keys, parts, wanted) => JSON.stringify({
  says: Object.fromEntries(keys.map(key => {
    const place = document.getElementById(`${name}-${key}`);
    return [key, {text: place.textContent, ...place.dataset}];
  })),
  parts: Object.fromEntries(Object.entries(wanted).map(([part, paths]) => [part,
    Object.fromEntries(paths.map(path =>
      [path, path.split(".").reduce((from, step) => from[step], parts[part])]))])),
}, (_, x) => ArrayBuffer.isView(x) ? [...x] : typeof x === "number" && !isFinite(x) ? String(x) : x)
"""


def shown_on(root: Path) -> list[str]:
    """The explorers on the pages of the book below `root`, by name."""
    pages = [*root.glob("*.md"), *root.glob("book/*.md")]
    found = {name for page in pages for name in _DIRECTIVE.findall(page.read_text("utf-8"))}
    return sorted(found & set(EXPLORERS))  # Sphinx refuses others


def record_path(root: Path, name: str) -> Path:
    return root / "tests" / "records" / "explorers" / f"{name}.txt"


def record(root: Path) -> int:
    """Write the records of the explorers that the book shows, unless one shows what is not true."""
    names = shown_on(root)
    texts = {}
    for name in names:
        shown = evaluate(name)
        if complaints := list(untrue(name, shown)):
            print("\n".join(complaints))
            return 1
        texts[record_path(root, name)] = text_of(name, shown)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def wrong(root: Path) -> list[str]:
    """What is wrong with the explorers on the book's pages; they are right if nothing is."""
    found = []
    for name in shown_on(root):
        shown = evaluate(name)
        found += list(untrue(name, shown)) or list(unrecorded(root, name, text_of(name, shown)))
    return found


# --- what is shown --------------------------------------------------------------------------------


def settings(name: str) -> list[dict[str, float]]:
    """The controls' values at which an explorer is asked: extremes, turning points, others."""
    controls = EXPLORERS[name].controls
    start = {control.name: control.value for control in controls}
    found = [start]
    for control in controls:
        bounds = (control.low, control.high, control.least, control.most)
        ends = {end for end in bounds if end is not None}
        ends |= {1.0} if control.name.startswith("gamma") else set()
        found += [{**start, control.name: end} for end in sorted(ends)]
    found += [
        {control.name: getattr(control, end) for control in controls} for end in ("low", "high")
    ]
    found += [{**start, **new} for new in TRUTH[name].settings]
    found += [{**start, **preset.values} for preset in EXPLORERS[name].presets.values()]
    rng = np.random.default_rng(13)
    for _ in range(10):
        chosen = {}
        for control in controls:
            low, high = (np.log10(e) if control.log else e for e in (control.low, control.high))
            x = rng.uniform(low, high)
            value = float(f"{10**x if control.log else x:.3g}")
            chosen[control.name] = float(round(value)) if control.whole else value
        found.append(chosen)
    return [point for number, point in enumerate(found) if point not in found[:number]]


def evaluate(
    name: str,
    points: Sequence[Values] | None = None,
    *,
    compiled: str | None = None,
    picture: str | None = None,
    shared: str | None = None,
) -> list[dict[str, Any]]:
    """What the explorer shows at each of these settings; a test may put in other scripts."""
    parts = EXPLORERS[name].draw()[1]
    code = [
        _DOCUMENT,
        compiled or theory(),
        shared or (_SCRIPTS / "explorer.js").read_text("utf-8"),
        picture or picture_of(name),
        f"const parts = {{{', '.join(f'{part}: {_stand_in(x)}' for part, x in parts.items())}}};",
        f"const drawn = ({{cb_obj, {', '.join(parts)}}}) => {call(name, parts)};",
        f"const shown = {SHOWN};",
    ]
    given = json.dumps(
        [places(name), list(wanted(parts)), settings(name) if points is None else points]
    )
    code.append(f"const [keys, , points] = {given}; const wanted = {json.dumps(wanted(parts))};")
    code.append(
        "JSON.stringify(points.map(p => {"
        f"  places = {{'explorer-{name}': {{}}}};"
        f"  for (const key of keys) places['{name}-' + key] = {{textContent: '…', dataset: {{}}}};"
        "  try { drawn({cb_obj: {tags: [p]}, ...parts}); } catch (e) { return {error: `${e}`}; }"
        f"  return JSON.parse(shown('{name}', keys, parts, wanted));"
        "}))"
    )
    with mini_racer() as engine:  # one that is not closed keeps the process from ending
        for part in code:
            found = engine.eval(part)
    return list(json.loads(str(found)))


def places(name: str) -> list[str]:
    return [*(key for key, _ in EXPLORERS[name].readouts), "verdict"]


def wanted(parts: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """By part of the picture, what to look at."""
    return {
        part: attributes
        for part, model in parts.items()
        for kind, attributes in _VISIBLE.items()
        if isinstance(model, kind)
    }


def picture_of(name: str) -> str:
    return (_SCRIPTS / "pictures" / f"{name}.js").read_text("utf-8")


def _stand_in(model: Any) -> str:
    """What the picture's script gets in place of a model of Bokeh's."""
    if isinstance(model, Plot):
        ends: dict[str, Any] = {"x_range": model.x_range, "y_range": model.y_range}
        return json.dumps({key: {"start": r.start, "end": r.end} for key, r in ends.items()})
    if isinstance(model, ColumnDataSource) and "image" in model.data:
        size = model.data["image"][0].size
        return f"{{data: {{image: [new Float32Array({size})]}}, change: {{emit() {{}}}}}}"
    return "{}" if isinstance(model, Model) else json.dumps(model)


# --- against the truth ---------------------------------------------------------------------------


def undeclared(name: str) -> Iterator[str]:
    """Keys that the explorer declares and the table of truths lacks, or the other way round."""
    explorer, truth = EXPLORERS[name], TRUTH.get(name)
    if truth is None:
        yield f"explorer {name} has no truth in tools/explorers/truth.py"
        return
    drawn = {part for part, x in explorer.draw()[1].items() if isinstance(x, Model)}
    plots = {part for part, x in explorer.draw()[1].items() if isinstance(x, Plot)}
    pairs = {
        "read-out": ({key for key, _ in explorer.readouts}, set(truth.readouts)),
        "sentence": (set(explorer.sentences), set(truth.sentences)),
        "preset": (set(explorer.presets), set(truth.presets)),
        "part of the picture": (drawn - plots, {*truth.curves, *truth.marks}),
    }
    for kind, (declared, known) in pairs.items():
        for key in sorted(declared - known):
            yield f"explorer {name}: the {kind} {key!r} has no truth in tools/explorers/truth.py"
        for key in sorted(known - declared):
            yield f"explorer {name}: the {kind} {key!r} of tools/explorers/truth.py is not declared"


def untrue(
    name: str, shown: Sequence[Mapping[str, Any]], points: Sequence[Values] | None = None
) -> Iterator[str]:
    """A complaint for whatever is not the truth, and for a sentence that no setting shows."""
    missing = list(undeclared(name))
    yield from missing
    if missing:
        return
    asked = settings(name) if points is None else points
    for number, (p, seen) in enumerate(zip(asked, shown, strict=True)):
        for complaint in _differences(name, p, seen, number):
            yield f"explorer {name} at {_setting(p)}: {complaint}"
    start = {control.name: control.value for control in EXPLORERS[name].controls}
    for key, preset in EXPLORERS[name].presets.items():
        if not TRUTH[name].presets[key](start | preset.values):
            yield f"explorer {name}: what its preset {key!r} says is not what one sees"
    if points is None:
        for key, holds in TRUTH[name].sentences.items():
            if not any(holds(p) is not None for p in asked):
                yield f"explorer {name}: no setting of truth.py shows the sentence {key!r}"


def _differences(name: str, p: Values, seen: Mapping[str, Any], number: int) -> Iterator[str]:
    if "error" in seen:
        yield seen["error"]
        return
    explorer, truth, says = EXPLORERS[name], TRUTH[name], seen["says"]
    for key, of in truth.readouts.items():
        want, said = of(p), says[key]
        if isinstance(want, str):
            if said["text"] != want:
                yield f"{key} reads {said['text']!r}, the truth is {want!r}"
            continue
        value = float(said.get("value", "nan"))
        if "value" not in said or not _agree(value, want, of):
            yield f"{key} is {said.get('value')}, the truth is {float(want)!r}"
        elif said["text"] != words(value):
            yield f"{key} reads {said['text']!r}, which is {words(value)!r}"
    true = [(key, holds(p)) for key, holds in truth.sentences.items()]
    sentences = [explorer.sentences[key].format(**n) for key, n in true if n is not None]
    verdict = says["verdict"]
    if verdict["text"] != " ".join(sentences):
        yield f"the verdict reads {verdict['text']!r}, the truth is {' '.join(sentences)!r}"
    if truth.gap is not None:
        gap = truth.gap(p)
        if not _agree(float(verdict.get("value", "nan")), gap, truth.gap):
            yield f"the verdict is coloured by {verdict.get('value')}, the truth is {float(gap)!r}"
        if verdict.get("wins") != str(bool(gap < 0)).lower():
            yield f"the verdict is coloured as wins={verdict.get('wins')} at the gap {float(gap)!r}"
    for part, draws in truth.curves.items():
        x, y = _curve(seen["parts"][part])
        points = draws.points if isinstance(draws, Number) else 33
        # others at each setting, if they are few
        chosen = (np.linspace(0, x.size - 1, points).round().astype(int) + number) % x.size
        with np.errstate(invalid="ignore"):
            want = draws(p, x[chosen])
        for k, value in zip(chosen, want, strict=True):
            if not _agree(y[k], value, draws):
                yield f"the curve {part} is {y[k]!r} at {x[k]!r}, the truth is {float(value)!r}"
                break
    for part, mark in truth.marks.items():
        for path, want in mark(p).items():
            got = seen["parts"][part]
            for step in path.split(".") if path.startswith("data.") else [path]:
                got = got[step]
            if np.shape(got) != np.shape(want) or not _agree(got, want, mark):
                yield f"{part} is drawn with {path} = {got}, the truth is {np.asarray(want)}"


def _curve(part: Mapping[str, Any]) -> tuple[Any, Any]:
    data = part["data"]
    if "image" in data:
        image = np.array(data["image"][0], dtype=float)
        return np.arange(image.size), image
    return np.array(data["x"], dtype=float), np.array(data["y"], dtype=float)


def _agree(got: Any, want: Any, of: Any) -> bool:
    limits = (of.relative, of.absolute) if isinstance(of, Number) else (1e-9, 0.0)
    sight = of.sight if isinstance(of, Number) else (-np.inf, np.inf)
    got, want = (np.clip(np.asarray(x, dtype=float), *sight) for x in (got, want))
    return bool(np.allclose(got, want, *limits, equal_nan=True))


# --- against the record --------------------------------------------------------------------------


def unrecorded(root: Path, name: str, text: str) -> Iterator[str]:
    path = record_path(root, name)
    if not path.exists():
        yield f"explorer {name} has no record tests/records/explorers/{path.name}. {MEND}"
        return
    before = path.read_text("utf-8").splitlines()
    changes = list(difflib.unified_diff(before, text.splitlines(), "record", "now", "", "", 0, ""))
    if changes:
        more = f"\n… and {len(changes) - 20} lines more" if len(changes) > 20 else ""
        shown = "\n".join(changes[:20])
        yield f"explorer {name} is not the one in its record:\n{shown}{more}\n{MEND}"


def text_of(name: str, shown: Sequence[Mapping[str, Any]]) -> str:
    """The record: what the explorer consists of, and what it shows."""
    return "\n".join([*_consists_of(name), "", *_shows(name, shown)]) + "\n"


def _consists_of(name: str) -> Iterator[str]:
    explorer = EXPLORERS[name]
    figures, parts = explorer.draw()
    yield from (f"# {explorer.title}", explorer.seen, "", "## Controls")
    yield from (str(control) for control in explorer.controls)
    yield from ("", "## Read-outs and sentences")
    yield from (f"{key}: {label}" for key, label in explorer.readouts)
    yield from (f"{key}: {text}" for key, text in explorer.sentences.items())
    yield from (f"{key}: {preset}" for key, preset in explorer.presets.items())
    yield f"folded: {', '.join(explorer.folded) or 'none'}; dragged: {explorer.drag}"
    yield from ("", "## Pictures")
    yield from (f"{colour} {text}" for colour, text in explorer.legend)
    names = {id(model): part for part, model in parts.items()}
    for plot in figures:
        yield f"{names.get(id(plot), 'plot')}: {_axis(plot, 'x')}; {_axis(plot, 'y')}"
        for renderer in plot.renderers:
            look = _look(renderer.glyph)
            yield f"- {type(renderer.glyph).__name__} {names[id(renderer.data_source)]}: {look}"
        for model in plot.center:
            if id(model) in names:
                yield f"- {type(model).__name__} {names[id(model)]}: {_look(model)}"
    code = picture_of(name)
    yield from ("", "## Code", *code.splitlines(), "", "## Compiled formulas")
    for function, text in formulas().items():
        if f"w2s.{function}(" in code:
            yield from text.splitlines()


def _axis(plot: Any, which: str) -> str:
    (axis,), ends = getattr(plot, f"{which}axis"), getattr(plot, f"{which}_range")
    kind = type(getattr(plot, f"{which}_scale")).__name__.removesuffix("Scale").lower()
    return f"{axis.axis_label}, {kind}, {ends.start:g} to {ends.end:g}"


def _look(model: Model) -> str:
    found = model.properties_with_values(include_defaults=False)
    if mapper := found.pop("color_mapper", None):
        found |= {"low": mapper.low, "high": mapper.high, "colours": "…".join(mapper.palette[::50])}
    values = {key: getattr(x, "value", x) for key, x in found.items()}
    shown = {key: x for key, x in sorted(values.items()) if isinstance(x, str | float | int | list)}
    return ", ".join(f"{key}={x}" for key, x in shown.items())


def _shows(name: str, shown: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "## Shown"
    for number, (p, seen) in enumerate(zip(settings(name), shown, strict=True)):
        yield _setting(p)
        for key, said in seen["says"].items():
            value = f" ({float(said['value']):.6g})" if "value" in said else ""
            wins = f" wins={said['wins']}" if "wins" in said else ""
            yield f"  {key}: {said['text']}{value}{wins}"
        if number % 8 == 0:
            yield from (f"  | {part}: {_drawn(x)}" for part, x in seen["parts"].items())


def _drawn(part: Mapping[str, Any]) -> str:
    if "data" not in part:
        values = {
            key: x if isinstance(x, bool | None) else f"{float(x):.5g}" for key, x in part.items()
        }
        return " ".join(f"{key}={x}" for key, x in values.items())
    x, y = _curve(part)
    chosen = np.unique(np.linspace(0, max(x.size - 1, 0), 5).round().astype(int))[: x.size]
    pairs = " ".join(f"({x[k]:.5g}, {y[k]:.5g})" for k in chosen)
    return f"{x.size} points, {pairs}"


def _setting(p: Values) -> str:
    return " ".join(f"{key}={value:g}" for key, value in p.items())
