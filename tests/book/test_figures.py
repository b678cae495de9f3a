"""A figure's record tells what was drawn: a fault in a small figure changes it, noise does not."""

import csv
import io
import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from tools.pages.figure_numbers import as_csv, rows
from tools.run import HOME
from tools.validate.chapters import DRAWN, code_cells, read_notebook
from tools.validate.figures import Words, describe, differences, numbers
from w2s.page import COLOURS

X = np.geomspace(0.01, 10, 200)
GAMMA = 0.25


def drawn(change=None, *, noise=0.0):
    """An error curve with its experiment, and a density; `change` spoils one thing."""
    figure = Figure()
    left, right = figure.subplots(1, 2)
    gamma = 1 / GAMMA if change == "gamma inverted" else GAMMA
    error = X / (X + gamma) * (1 + noise)
    if change == "moved by 1 %":
        error = error * 1.01
    if change == "moved by 0.1 %":
        error = error * 1.001
    if change == "one point moved by 1 %":
        error[150] *= 1.01
    colours = [COLOURS["teacher"], COLOURS["student"]]
    if change == "colours swapped":
        colours.reverse()
    teacher, student = (
        left.plot(X, curve, color=colour, label=label)[0]
        for curve, colour, label in zip(
            (1 - error, error), colours, ("teacher", "student"), strict=True
        )
    )
    at = slice(None, None, 20 if change != "an extra point" else 19)
    bar = 0.02 * (1 + noise) * (10 if change == "error bars × 10" else 1)
    left.errorbar(X[at], error[at], yerr=bar, fmt="o", label="experiment")
    if change == "a curve missing":
        student.remove()
    left.set_xlabel("penalty" if change == "another label" else r"$\lambda_s$")
    left.set_xscale("linear" if change == "linear for log" else "log")
    left.set_xlim(0.01, 10)
    left.set_ylim(0, 1.1)
    names = ["teacher", "student"]
    if change == "legend swapped":
        names.reverse()
    left.legend([teacher, student], names)
    density = np.exp(-(X**2)) * (2 if change == "density doubled" else 1) * (1 + noise)
    right.fill_between(X, density, color=COLOURS["muted"])
    right.hist(X, bins=12 if change == "other bins" else 10)
    right.axhline(0.5, linestyle="--" if change == "dashed" else ":")
    right.text(1, 2, "here")
    return figure


FAULTS = {
    "density doubled": "axes 2, area: y greatest 1.000 → 2.000",
    "gamma inverted": r"axes 1 '$\lambda_s$', line 'student': y first",
    "error bars × 10": r"axes 1 '$\lambda_s$', segments 'experiment': y first",
    "a curve missing": r"axes 1 '$\lambda_s$', line 'student' is missing",
    "linear for log": r"axes 1 '$\lambda_s$', x: scale log → linear",
    "colours swapped": r"axes 1 '$\lambda_s$', line 'teacher': style teacher → student",
    "legend swapped": "legend: entry 1 'teacher' line teacher → 'student' line teacher",
    "moved by 1 %": r"axes 1 '$\lambda_s$', line 'student': y first",
    "moved by 0.1 %": r"axes 1 '$\lambda_s$', line 'student': y first",
    "one point moved by 1 %": r"axes 1 '$\lambda_s$', line 'student': y mean",
    "another label": r"axes 1 '$\lambda_s$': x label '$\lambda_s$' → 'penalty'",
    "an extra point": "x n 10 → 11",
    "other bins": "axes 2, bars: x n 20 → 24",
    "dashed": "axes 2, line: style #1f77b4, linestyle : → #1f77b4, linestyle --",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_figure_is_told_by_its_place(fault):
    recorded, now = describe(drawn()), describe(drawn(fault))
    told = differences(recorded, now)
    assert FAULTS[fault] in "\n".join(told)
    assert Words(recorded) != Words(now)


@pytest.mark.parametrize("noise", [1e-12, -1e-9, 1e-7, -1e-7])
def test_what_another_processor_rounds_otherwise_is_no_difference(noise):
    assert Words(describe(drawn())) == Words(describe(drawn(noise=noise)))


@pytest.mark.parametrize(
    ("recorded", "now", "same"),
    [
        ("0.12345", "0.12346", True),
        ("0.12345", "0.12347", False),
        ("0.99999", "1.0000", True),  # five digits on a logarithmic axis
        ("-0.00001", "0.00000", True),
        ("1.2345E+7", "1.2346E+7", True),
        ("1.2345E+7", "1.2347E+7", False),
        ("nan", "0.00000", False),
        ("n 50, first 1.0000", "n 51, first 1.0000", False),
        ("0.12345", "0.12345, 0.12345", False),
    ],
)
def test_the_last_digit_may_differ_by_one(recorded, now, same):
    words = "<Figure size 1x1 with 1 Axes>\naxes 1\n  line\n    style: teacher\n    y: {}"
    told = differences(words.format(recorded), words.format(now))
    assert (told == []) == same


def test_labels_with_the_marks_of_the_record_are_read_as_labels():
    def named(label):
        figure = Figure()
        figure.subplots().plot([1, 2], label=label)
        return describe(figure)

    assert differences(named("x: 1, 2"), named("x: 1, 3")) == [
        "axes 1, line 'x: 1, 2' is missing",
        "axes 1, line 'x: 1, 3' is new",
    ]


def test_many_that_look_alike_are_told_as_one():
    def fan(count):
        figure = Figure()
        axes = figure.subplots()
        for slope in range(count):
            axes.plot([0, 1], [0, slope / count], color=COLOURS["muted"])
        axes.set_ylim(0, 1)
        return describe(figure)

    assert fan(40).count("\n  line") == 1
    (told,) = differences(fan(40), fan(41))
    assert "style 40 times muted → 41 times muted" in told


def test_what_has_no_words_is_refused_by_name():
    figure = Figure()
    figure.subplots().imshow([[1, 2]])
    with pytest.raises(TypeError, match="has no words for a AxesImage"):
        describe(figure)


def test_values_far_outside_the_axis_keep_five_digits():
    figure = Figure()
    axes = figure.subplots()
    axes.plot([0, 1], [0.5, 1e40])
    axes.set_ylim(0, 1)
    assert "y: 0.50000, 1.0000E+40" in describe(figure)


def test_every_figure_of_the_book_has_its_words_in_its_record():
    """Where the hook did not run, `<Figure size 704x418 with 1 Axes>` would be all."""
    bare = [
        f"{path.stem}, cell {number}"
        for path in sorted((HOME / "tests" / "records").glob("*.ipynb"))
        for number, cell in enumerate(code_cells(read_notebook(path)))
        for output in cell.outputs
        if (text := output.get("data", {}).get("text/plain", "")).startswith(DRAWN)
        if "\naxes 1\n" not in text
    ]
    assert not bare, f"record anew: {bare}"


# --- the numbers behind a picture -----------------------------------------------------------------


def test_the_numbers_to_take_along_are_all_that_the_figure_shows():
    kept = json.loads(json.dumps(numbers(drawn())))  # as an output's metadata
    lines = list(csv.DictReader(io.StringIO(as_csv(kept))))
    student = [line for line in lines if line["label"] == "student"]
    assert [float(line["x"]) for line in student] == pytest.approx(X, rel=1e-5)
    assert [float(line["y"]) for line in student] == pytest.approx(X / (X + GAMMA), rel=1e-5)
    assert {line["artist"] for line in student} == {"line 2"}
    assert lines[0] == dict.fromkeys(lines[0], "") | {
        "axes": "1",
        "artist": "x label",
        "label": r"$\lambda_s$",
    }
    assert {line["x"] for line in lines if line["axes"] == "2" and line["artist"] == "line 1"} == {
        ""
    }  # a horizontal line has no x


def test_the_table_below_a_picture_is_a_line_an_artist():
    left, right = (list(rows(axes)) for axes in numbers(drawn()))
    assert [line[:2] for line in left] == [
        ["teacher (line)", "200"],
        ["student (line)", "200"],
        ["experiment (line)", "10"],
        ["experiment (segments)", "20"],
    ]
    assert left[1][2:] == ["0.01 to 10", "0.03846 to 0.9756", ""]
    assert [line[0] for line in right] == ["area (muted)", "bars", "line"]


def test_numbers_that_are_no_numbers_are_left_empty():
    figure = Figure()
    figure.subplots().plot([1, 2, 3], [1, np.nan, np.inf])
    assert numbers(figure)[0]["artists"][0]["columns"]["y"] == [1, None, None]
    assert as_csv(numbers(figure)).splitlines()[1:] == [
        "1,line 1,,1.0,1.0,",
        "1,line 1,,2.0,,",
        "1,line 1,,3.0,,",
    ]


@pytest.mark.parametrize("shading", ["nearest", "gouraud"])
@pytest.mark.parametrize(("size", "kept"), [(100, 100), (240, 80)])
def test_a_fine_mesh_is_thinned_for_its_page_and_whole_in_its_record(size, kept, shading):
    figure = Figure()
    x = np.arange(size)
    figure.subplots().pcolormesh(x, x, np.add.outer(1000 * x, x), shading=shading)
    columns = numbers(figure)[0]["artists"][0]["columns"]
    assert len(columns["value"]) == len(columns["x"]) == len(columns["y"]) == kept**2
    assert columns["value"] == [
        1000 * y + x for x, y in zip(columns["x"], columns["y"], strict=True)
    ]
    assert f"value: n {size**2}, " in describe(figure)
