"""The explorers: forms proved equal to the theorems, evaluated and driven in a real browser."""

import itertools
import json
import shutil
import subprocess
import sys

import mpmath
import numpy as np
import pytest
import sympy as sp

from tools.checks.browser import browser as headless
from tools.checks.browser import served, watch
from tools.explorers import explorers, validation
from tools.explorers.javascript import function
from tools.pages.assets import EXPLORER_SCRIPTS, gather_assets
from tools.run import HOME, jupyter_book
from w2s import marchenko_pastur, proof, ridge
from w2s import symbolic as s

#: What the browser may differ by from the package, which has twelve digits.
RELATIVE = 1e-9

# -- the forms are the theorems ------------------------------------------------------------------

#: what each symbol of the forms stands for, in degrees of freedom
MEANING = {
    s.rest_t: 1 - s.b,
    s.rest_s: 1 - s.a,
    s.slack_t: 1 - s.gamma_t * s.b,
    s.slack_s: 1 - s.gamma_s * s.a,
    s.curvature_t: 1 - s.gamma_t * s.b**2,
    s.curvature_s: 1 - s.gamma_s * s.a**2,
    s.edge_t: 1 - s.gamma_t,
    s.edge_s: 1 - s.gamma_s,
    s.S_t: s.of_teacher(s.root),
}
IMBALANCE = s.imbalance.subs(s.lam_t, s.of_teacher(s.penalty))


def branches(expression):
    """Every expression that the form may take, special points (those with `=`) left out."""
    pieces = sorted(expression.atoms(sp.Piecewise), key=sp.count_ops)
    if not pieces:
        return [expression]
    usual = [value for value, test in pieces[0].args if not isinstance(test, sp.Eq)]
    return [
        branch for value in usual for branch in branches(expression.xreplace({pieces[0]: value}))
    ]


def in_dof(expression):
    return expression.subs(s.c, IMBALANCE).subs(MEANING)


@pytest.mark.parametrize(
    ("form", "theorem"),
    [
        (s.teacher_sum, s.teacher_error),
        (s.student_sum, s.weighted_student_error),
        (s.energy_sum, s.of_student(s.energy)),
        (s.gap_sum, s.weighted_student_error - s.teacher_error),
        (s.gap_factor_sum, s.weighted_gap_factor.subs(s.c, IMBALANCE)),
        (s.H_1_sum, s.H_1),
        (s.imbalance_sum.subs(s.lam_t, s.of_teacher(s.penalty)), IMBALANCE),
    ],
    ids=["teacher", "student", "energy", "gap", "gap factor", "H_1", "imbalance"],
)
def test_the_forms_are_the_theorems(form, theorem):
    """Proved; and a form with one sign or number wrong is refused."""
    for branch in branches(form):
        proof.identity(in_dof(branch), theorem)
        altered = list(proof.mutants(branch))
        assert altered
        refused = proof.refused(lambda wrong: proof.identity(in_dof(wrong), theorem), altered)
        assert refused == f"{len(altered)} of {len(altered)}"


def test_the_spectral_steps_are_the_spectrum():
    """Modulo S² = (1+γ+λ)² − 4γ, with the edge put back."""
    square = s.S**2 - ((1 + s.gamma + s.lam) ** 2 - 4 * s.gamma)
    edge = {s.edge: 1 - s.gamma}
    g = sp.Symbol("g", positive=True)  # √γ
    product = (s.spectral_steps[s.S] ** 2).subs(edge).subs(s.gamma, g**2)
    proof.identity(sp.powdenest(product), square.subs(s.gamma, g**2).subs(s.S, 0) * -1)
    delta = s.spectral_steps[s.delta]
    quadratic = s.gamma * delta**2 - (1 + s.gamma + s.lam) * delta + 1
    proof.identity(quadratic, 0, relation=square, of=s.S)
    meant = {s.rest: 1 - delta, s.slack: 1 - s.gamma * delta, s.curvature: 1 - s.gamma * delta**2}
    for symbol, meaning in meant.items():
        for branch in branches(s.spectral_steps[symbol]):
            form = branch.subs(edge).subs(s.delta, delta)
            proof.identity(form, meaning, relation=square, of=s.S)


def test_the_density_is_theorem_16():
    """With t = tan(θ/2) and g = √γ; both sides are positive, so their squares decide."""
    t, g = sp.symbols("t g", positive=True)
    half = {sp.sin(s.theta): 2 * t / (1 + t**2), sp.sin(s.theta / 2): t / sp.sqrt(1 + t**2)}
    point = s.spectral_point.subs(half).subs(s.gamma, g**2)
    left = (s.density_at_point.subs(half).subs(s.gamma, g**2).subs(s.x, point) * sp.pi) ** 2
    right = (s.density.subs(s.gamma, g**2).subs(s.x, point) * sp.pi) ** 2
    proof.identity(left, right)


def test_the_window_solves_its_quadratic():
    """Each edge is the penalty of a root, the roots' penalties multiply to (1−γ_s)²."""
    discriminant = s.window_discriminant.subs(MEANING)
    square = s.w**2 - discriminant
    proof.identity(discriminant, sp.discriminant(s.window_boundary, s.a))
    total = s.z + s.kappa
    for sign in (1, -1):
        root = 2 * (s.z - s.kappa) / (total + sign * s.w)
        proof.identity(s.window_boundary.subs(s.a, root), 0, relation=square, of=s.w)
    root = 2 * (s.z - s.kappa) / (total + s.w)
    parts = {
        s.window_rest: (1 - root) * (total + s.w),
        s.window_slack: (1 - s.gamma_s * root) * (total + s.w),
    }
    for form, meaning in parts.items():
        for branch in branches(form):
            proof.identity(branch.subs(MEANING), meaning, relation=square, of=s.w)
    penalty = s.of_student(s.penalty)
    edge = s.window_edge.subs(
        {s.above_rest: (1 - root) * (total + s.w), s.above_slack: parts[s.window_slack]}
    )
    proof.identity(edge, penalty.subs(s.a, root))
    other = penalty.subs(s.a, 2 * (s.z - s.kappa) / (total - s.w))
    proof.identity(edge * other, (1 - s.gamma_s) ** 2, relation=square, of=s.w)
    # the boundary is that of the gap: the gap factor, at κ = ζ²(1−b) − c and z = 1 − ζ²
    remaining = {s.kappa: s.remaining_imbalance.subs(MEANING), s.z: s.unaligned}
    proof.identity(s.window_boundary.subs(remaining), s.weighted_gap_factor)


def test_the_threshold_is_the_chapter_s():
    r = sp.Symbol("r", positive=True)
    ratio = {s.gamma_s: 1 / (1 - r**2)}
    root = {sp.sqrt(s.gamma_s**2 - s.gamma_s): s.gamma_s * r}
    form = s.threshold_sum.args[-1][0].subs(sp.sqrt((s.gamma_s - 1) / s.gamma_s), r)
    proof.identity(form.subs(ratio), s.threshold.subs(root).subs(ratio))


def test_a_step_out_of_order_is_refused():
    u, v = sp.symbols("u v")
    with pytest.raises(ValueError, match="v is used before"):
        function("f", [u], u + v)
    with pytest.raises(ValueError, match="no name"):
        function("f", [sp.Symbol("in")], 1)


def test_an_unknown_explorer_is_named():
    with pytest.raises(ValueError, match=r"no explorer called 'gaps'; there are: calculator"):
        explorers.render("gaps")


@pytest.mark.slow
def test_a_page_is_the_same_in_every_build():
    script = "import sys; from tools.explorers import explorers; "
    script += "sys.stdout.write(explorers.render('gap') + explorers.theory())"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=HOME)
    assert run.stdout.decode() == explorers.render("gap") + explorers.theory()


# -- in the browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with headless() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def evaluate(browser):
    """Evaluate a compiled function at many points, its arguments given by name as the package's."""
    page = browser.new_page()
    page.evaluate(explorers.theory())

    def call(name, key=None, **columns):
        part = f"[{json.dumps(key)}]" if key else ""
        rows = zip(*(np.ravel(column).tolist() for column in columns.values()), strict=True)
        found = page.evaluate(
            f"points => points.map(point => String(w2s.{name}(point){part}))",
            [dict(zip(columns, row, strict=True)) for row in rows],
        )
        return np.array([float(value.replace("Infinity", "inf")) for value in found])

    yield call
    page.close()


def points(count=300):
    """Columns by name: all combinations of extremes, then random points between them."""
    extremes = itertools.product(
        (0.0, 1e-12, 1e-3, 1e6),
        (0.0, 1e-12, 0.3, 1e6),
        (1e-3, 1 - 1e-9, 1.0, 1 + 1e-9, 1e3),
        (0.25, 1.0, 1 + 1e-12, 40.0),
        (0.0, 1e-6, 4.0),
        (0.0, 0.7, 1.0),
    )
    rng = np.random.default_rng(6)
    low, high = np.array([[-12, -12, -2, -2, -4], [6, 6, 2, 2, 3]])
    random = np.column_stack([10 ** rng.uniform(low, high, (count, 5)), rng.uniform(0, 1, count)])
    random[::4, 5] = 0
    random[1::7, 2] = 1.0
    random[2::7, 3] = 1.0
    names = ("lam_s", "lam_t", "gamma_s", "gamma_t", "sigma2", "zeta")
    return dict(zip(names, np.vstack([list(extremes), random]).T, strict=True))


TEACHERS = ("lam_t", "gamma_s", "gamma_t", "sigma2", "zeta")


def teachers_with_windows(count=200):
    """With c between −1 and the largest H₁, 10⁻⁴ of the way at the least."""
    rng = np.random.default_rng(7)
    rows = []
    for k in range(count):
        lam_t, gamma_s, gamma_t = 10 ** rng.uniform([-6, -2, -2], [2, 2, 2])
        gamma_s = (gamma_s, 1.0, 1 - 1e-9, 1 + 1e-9)[k % 4] if k % 8 < 4 else gamma_s
        r = np.sqrt(max(gamma_s - 1, 0) / gamma_s)
        top = 0 if gamma_s < 1 else -(1 + r) / (3 - r)
        off = 10 ** rng.uniform(-4, -0.4)
        c = -1 + off * (top + 1) if k % 2 else top - off * (top + 1)
        sigma2 = (lam_t - c * marchenko_pastur.terms(lam_t, gamma_t).root) / gamma_t
        rows.append((lam_t, gamma_s, gamma_t, sigma2, 0.0))
    return np.array(rows)  # in the order of TEACHERS


def deviation(got, want):
    """The relative ones; an infinity is right or wrong, and so is a zero."""
    got, want = np.broadcast_arrays(got, want)
    away = np.full(want.shape, np.inf)
    away[got == want] = 0
    usual = np.isfinite(want) & np.isfinite(got) & (want != 0)
    away[usual] = np.abs(got[usual] / want[usual] - 1)
    return away


@pytest.mark.browser
def test_the_errors_in_the_browser_are_those_of_the_package(evaluate):
    point = points()
    want = ridge.student_error(**point)
    assert np.all(deviation(evaluate("student_error", **point), want) < RELATIVE)
    teacher = {name: point[name] for name in ("lam_t", "gamma_t", "sigma2")}
    want = ridge.teacher_error(**teacher)
    assert np.all(deviation(evaluate("teacher_error", **teacher), want) < RELATIVE)


@pytest.mark.browser
def test_the_spectrum_in_the_browser_is_that_of_the_package(evaluate):
    lam, gamma = (
        a.ravel()
        for a in np.meshgrid(
            [0.0, 1e-300, 1e-12, 1e-6, 0.3, 1.0, 1e6, 1e300],
            [1e-6, 0.25, 1 - 1e-12, 1.0, 1 + 1e-9, 4.0, 1e6],
        )
    )
    m = marchenko_pastur.stieltjes(lam, gamma)
    assert np.all(deviation(evaluate("terms", "m", lam=lam, gamma=gamma), m) < RELATIVE)
    visible = (lam > 0) & (lam < 1e100) & (lam > 1e-100)
    m_2 = marchenko_pastur.stieltjes_derivative(lam[visible], gamma[visible])
    found = evaluate("terms", "m_2", lam=lam[visible], gamma=gamma[visible])
    assert np.all(deviation(found, m_2) < RELATIVE)
    dof = marchenko_pastur.degrees_of_freedom(lam, gamma)
    assert np.all(deviation(evaluate("terms", "dof", lam=lam, gamma=gamma), dof) < RELATIVE)
    angles = {"theta": np.linspace(0.02, 3.12, 60), "gamma": np.geomspace(1e-3, 1e3, 60)}
    x = evaluate("density_at", "x", **angles)
    want = marchenko_pastur.density(x, angles["gamma"])
    assert np.all(deviation(evaluate("density_at", "density", **angles), want) < RELATIVE)


@pytest.mark.browser
def test_the_gap_in_the_browser_is_that_of_the_package(evaluate):
    """Relative to the gap itself, down to a millionth of the terms that it is the sum of.

    Nearer to its zeros the package computes in sixty digits and a browser cannot: there the
    difference is held against the largest term. λ_s → 0, where the gap vanishes as a whole, is no
    such place.
    """
    point = points()
    want = ridge.error_gap(**point)
    got = evaluate("error_gap", **point)
    lam_s, lam_t, gamma_s, gamma_t, sigma2, zeta = point.values()
    student = marchenko_pastur.terms(lam_s, gamma_s)
    teacher = marchenko_pastur.terms(lam_t, gamma_t)
    with np.errstate(divide="ignore", invalid="ignore"):
        c = (lam_t - sigma2 * gamma_t) / teacher.root
        largest = (
            student.rest
            / student.curvature
            * teacher.dof
            * np.max(np.abs(ridge._gap_parts(student, teacher, c, zeta)), axis=0)
        )
    near = np.abs(want) < 1e-6 * np.where(np.isfinite(largest), largest, 0)
    assert near.mean() < 0.05
    assert np.all(deviation(got[~near], want[~near]) < RELATIVE)
    assert np.all(np.abs(got[near] - want[near]) < 1e-14 * largest[near])
    tiny = (np.abs(want) < 1e-10) & (want != 0) & ~near
    assert tiny.sum() > 50  # gaps that no difference of two errors could show


@pytest.mark.browser
def test_the_window_in_the_browser_is_that_of_the_package(evaluate):
    point = points()
    extremes = np.unique(np.column_stack([point[name] for name in TEACHERS]), axis=0)
    for rows, everywhere in ((extremes, False), (teachers_with_windows(), True)):
        teachers = [dict(zip(TEACHERS, row, strict=True)) for row in rows.tolist()]
        want = [ridge.winning_window(**teacher) for teacher in teachers]
        columns = dict(zip(TEACHERS, rows.T, strict=True))
        low = evaluate("winning_window", "low", **columns)
        high = evaluate("winning_window", "high", **columns)
        there = np.array([bool(window) for window in want])
        np.testing.assert_array_equal(high > low, there)
        assert there.all() == everywhere
        for got, end in ((low, "low"), (high, "high")):
            expected = np.array([getattr(window, end) for window in want])
            assert np.all(deviation(got[there], expected[there]) < RELATIVE)


@pytest.mark.browser
def test_the_student_s_side_in_the_browser_is_the_theorem_s(evaluate):
    """H₁, its largest value and its roots; at the roots H₁ is c."""
    exact = sp.lambdify((s.a, s.gamma_s), s.H_1, "mpmath")
    lam_s = np.array([1e-12, 1e-4, 0.3, 7.0, 1e6])

    def precise_dof(lam, gamma):
        total = 1 + mpmath.mpf(gamma) + lam
        return 2 / (total + mpmath.sqrt(total**2 - 4 * mpmath.mpf(gamma)))

    with mpmath.workdps(50):
        for gamma_s in (0.01, 1 - 1e-9, 1.0, 1.3, 1e3):
            dofs = [precise_dof(lam, gamma_s) for lam in lam_s]
            want = np.array([float(exact(dof, mpmath.mpf(gamma_s))) for dof in dofs])
            got = evaluate("H_1", lam_s=lam_s, gamma_s=np.full(lam_s.shape, gamma_s))
            assert np.all(deviation(got, want) < RELATIVE)
    for gamma_s in (1.001, 1.2, 3.0, 50.0):
        top = evaluate("threshold", gamma_s=gamma_s)
        assert deviation(top, float(s.threshold.subs(s.gamma_s, gamma_s)))[0] < RELATIVE
        c = 0.5 * (top[0] - 1)
        for end in ("low", "high"):
            root = evaluate("edges", end, c=c, gamma_s=gamma_s)
            assert deviation(evaluate("H_1", lam_s=root, gamma_s=gamma_s), c)[0] < RELATIVE


def test_what_the_book_shows_is_true_and_in_its_record():
    """As `make book` asks, in a JavaScript engine without a browser."""
    assert validation.wrong(HOME) == []


# -- on the page -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A small book: the calculator on its first page, every other explorer on the second."""
    root = tmp_path_factory.mktemp("book")
    for part in ("assets", "tools"):
        shutil.copytree(HOME / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(HOME / "_config.yml", root)
    (root / "book").mkdir()
    shutil.copy2(HOME / "book" / "references.bib", root / "book")
    others = [name for name in explorers.EXPLORERS if name != "calculator"]
    shown = "\n\n".join(f"```{{explorer}} {name}\n```" for name in others)
    pages = {
        "index": "# First\n\n```{explorer} calculator\n```\n",
        "book/others": f"# Others\n\n{shown}\n",
        "book/plain": "# Plain\n\nNo explorer here.\n",
        "_toc": "format: jb-book\nroot: index\nchapters:\n- file: book/others\n"
        "- file: book/plain\n",
    }
    for name, text in pages.items():
        (root / f"{name}{'.yml' if name == '_toc' else '.md'}").write_text(text, encoding="utf-8")
    gather_assets(root)
    code, log = jupyter_book(root, "html")
    assert code == 0, log[-3000:]
    with served(root / "_build" / "html") as address:
        yield address


class Page:
    """A page in the browser, with its complaints: errors, and what it asked the outside for."""

    def __init__(self, browser, address, *, width=1280, theme="light"):
        self.page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=theme, has_touch=width < 600
        )
        self.complaints = watch(self.page)
        self.page.goto(address)
        self.page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        for more in self.page.locator(".explorer-more summary").all():
            more.click()
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.explorer output')]"
            ".every(place => place.textContent !== '…')"
        )
        self.settle()

    def settle(self):
        """Until what the last change asked for is drawn and read out."""
        self.page.wait_for_function("() => !document.querySelector('.explorer[aria-busy=true]')")

    def shown(self, identifier):
        """The number behind a read-out, after checking that its text is that number, rounded."""
        self.settle()
        place = self.page.locator(f"#{identifier}")
        value = float(place.get_attribute("data-value").replace("Infinity", "inf"))
        assert _as_number(place.text_content()) == pytest.approx(value, rel=6e-4)
        return value

    def text(self, identifier):
        self.settle()
        return self.page.locator(f"#{identifier}").text_content()

    def field(self, identifier):
        return float(self.page.locator(f"#{identifier}-number").input_value())

    def curves(self, name):
        """The data of each renderer of an explorer's first figure, in the order of drawing."""
        self.settle()
        return self.page.evaluate(
            "name => Bokeh.documents.map(d => d.get_model_by_name(name)).find(f => f).renderers"
            ".map(r => Object.fromEntries(Object.entries(r.data_source.data)"
            ".map(([k, v]) => [k, k === 'image' ? [...v[0]] : [...v].map(String)])))",
            f"explorer-{name}",
        )


def _as_number(text):
    text = text.replace("−", "-").replace("∞", "inf")
    if "·10" in text:
        head, power = text.split("·10")
        text = f"{head}e{power.translate(str.maketrans('⁻⁰¹²³⁴⁵⁶⁷⁸⁹', '-0123456789'))}"
    return float(text)


def numbers(column):
    return np.array([float(value.replace("Infinity", "inf")) for value in column])


@pytest.mark.browser
@pytest.mark.parametrize("address", ["index", "book/others", "book/plain"])
@pytest.mark.parametrize(
    ("width", "theme"), [(360, "light"), (360, "dark"), (768, "dark"), (1280, "light")]
)
def test_a_page_is_quiet_fits_and_is_labelled(browser, site, address, width, theme):
    seen = Page(browser, f"{site}/{address}.html", width=width, theme=theme)
    page = seen.page
    assert seen.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    scripts = page.evaluate("[...document.scripts].map(s => s.src.split('/').pop().split('?')[0])")
    wanted = set(EXPLORER_SCRIPTS) if address != "book/plain" else set()
    assert set(scripts) & set(EXPLORER_SCRIPTS) == wanted
    identifiers = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    ours = [i for i in identifiers if i.split("-")[0] in ("explorer", *explorers.EXPLORERS)]
    assert len(ours) == len(set(ours))
    for control in page.locator(".explorer input").all():
        name = control.evaluate("e => e.ariaLabel || e.labels[0]?.textContent || ''")
        assert len(name) > 3
        assert control.bounding_box()["height"] >= 24  # a finger's target
    for card in page.locator(".explorer-figures").all():
        assert len(card.get_attribute("aria-label")) > 40
        assert card.evaluate("e => getComputedStyle(e.parentElement).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        box, inner = card.bounding_box(), card.locator(".bk-Figure").first.bounding_box()
        assert inner["height"] > 200
        assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
    page.close()


@pytest.mark.browser
def test_the_first_page_is_light(browser, site):
    """3 MB before compression, MathJax aside."""
    seen = Page(browser, f"{site}/index.html")
    loaded = seen.page.evaluate(
        "() => performance.getEntries().filter(e => e.decodedBodySize)"
        ".map(e => [e.name, e.decodedBodySize])"
    )
    assert any("bokeh" in name for name, _ in loaded)
    assert sum(size for name, size in loaded if "mathjax" not in name) < 3e6
    seen.page.close()


def calculator_says(seen):
    """Compare everything that the calculator shows with the package, at the numbers it shows."""
    n_t, n_s, d, sigma, lam_t, lam_s, zeta = (
        seen.field(f"calculator-{name}")
        for name in ("n_t", "n_s", "d", "sigma", "lam_t", "lam_s", "zeta")
    )
    gamma_t, gamma_s, sigma2 = d / n_t, d / n_s, sigma**2
    rest = {"lam_t": lam_t, "gamma_t": gamma_t, "gamma_s": gamma_s, "sigma2": sigma2, "zeta": zeta}
    gap = ridge.error_gap(lam_s=lam_s, **rest)
    window = ridge.winning_window(**rest)
    want = {
        "L_t": ridge.teacher_error(lam_t, gamma_t, sigma2),
        "L_s": ridge.student_error(lam_s=lam_s, **rest),
        "gamma_t": gamma_t,
        "gamma_s": gamma_s,
        "best": ridge.optimal_teacher_penalty(gamma_t, sigma2),
    }
    for key, value in want.items():
        assert seen.shown(f"calculator-{key}") == pytest.approx(float(value), rel=RELATIVE)
    verdict, words = seen.text("calculator-verdict"), seen.text("calculator-window")
    assert ("stays below" in verdict) == (gap == -np.inf)
    assert ("wins" in verdict) == (-np.inf < gap < 0)
    assert ("loses" in verdict) == (gap > 0)
    assert (words == "none") == (not window)
    assert (words == "every λₛ > 0") == (bool(window) and window.high == np.inf)
    if window and window.high < np.inf:
        low, high = (_as_number(part) for part in words.split(" < λₛ < "))
        assert (low, high) == pytest.approx((window.low, window.high), rel=6e-4)
    teacher, student, here = seen.curves("calculator")
    grid = numbers(student["x"])
    curve = ridge.student_error(lam_s=grid, **rest)
    np.testing.assert_allclose(numbers(student["y"]), curve, rtol=RELATIVE)
    np.testing.assert_allclose(numbers(teacher["y"]), float(want["L_t"]), rtol=RELATIVE)
    np.testing.assert_allclose(numbers(here["y"]), float(want["L_s"]), rtol=RELATIVE)
    return gap < 0, window


@pytest.mark.browser
def test_the_calculator_follows_mouse_and_keyboard(browser, site):
    seen = Page(browser, f"{site}/index.html")
    page = seen.page
    outcomes = [calculator_says(seen)]
    before = seen.field("calculator-lam_s")
    box = page.locator("#calculator-lam_s").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.3 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], middle, steps=5)
    page.mouse.up()
    assert seen.field("calculator-lam_s") > 30 * before
    outcomes.append(calculator_says(seen))

    def press(control, *keys):
        page.locator(f"#calculator-{control}").focus()
        for key in keys:
            page.keyboard.press(key)
        outcomes.append(calculator_says(seen))

    def type_in(control, text):
        page.locator(f"#calculator-{control}-number").fill(text)
        outcomes.append(calculator_says(seen))

    press("lam_s", "ArrowLeft", "ArrowLeft", "PageDown", "PageDown", "PageDown")
    press("sigma", "End")
    press("n_s", "Home")  # few samples, γ_s = 50
    type_in("n_s", "416")  # γ_s = 1.2, and a noisy teacher: an interval away from 0
    type_in("sigma", "2")
    type_in("lam_t", "0.1")
    type_in("n_s", "2000")
    type_in("sigma", "1")
    type_in("lam_t", "0.25")  # the best teacher: nothing wins
    type_in("zeta", "0.9")  # unless the penalty knows something
    type_in("n_t", "500")  # γ_t = 1
    type_in("lam_t", "1e-12")
    type_in("lam_t", "0")  # no penalty at the peak: L_t is infinite
    assert seen.shown("calculator-L_t") == np.inf
    assert page.locator("#calculator-lam_t").input_value() == "-4"  # the slider waits at its end
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "calculator-lam_s"  # in reading order
    wins, windows = zip(*outcomes, strict=True)
    assert set(wins) == {True, False}
    assert {bool(w) and (w.low > 0, w.high < np.inf) for w in windows} >= {
        False,
        (False, True),
        (True, True),
        (False, False),
    }
    kept = seen.field("calculator-zeta"), seen.shown("calculator-L_s")
    page.locator("#calculator-zeta-number").fill("1.5")
    assert page.locator("#calculator-zeta-number").get_attribute("aria-invalid") == "true"
    assert seen.shown("calculator-L_s") == kept[1]
    assert seen.complaints == []
    page.close()


@pytest.mark.browser
def test_who_knows_no_symbol_learns_it_from_four_buttons(browser, site):
    seen = Page(browser, f"{site}/index.html")
    outcomes = {}
    for key, preset in explorers.EXPLORERS["calculator"].presets.items():
        button = seen.page.get_by_role("button", name=preset.words)
        button.click()
        outcomes[key] = calculator_says(seen)[0]
        assert button.get_attribute("aria-pressed") == "true"
        assert seen.page.locator(".explorer-presets [aria-pressed=true]").count() == 1
        assert seen.page.locator(".explorer-seen").text_content() == preset.text
    assert outcomes == {"careless": True, "tuned": False, "few": True, "features": True}
    seen.page.locator("#calculator-lam_s-number").fill("7")
    assert seen.page.locator(".explorer-presets [aria-pressed=true]").count() == 0
    assert seen.page.locator(".explorer-seen").text_content() == ""
    seen.page.close()


@pytest.mark.browser
def test_what_matters_can_be_hit_and_points_can_be_dragged(browser, site):
    seen = Page(browser, f"{site}/book/others.html")
    page = seen.page
    gap = page.locator("#explorer-gap")
    gap.locator("[data-name=gamma_s] .explorer-mark").click()
    assert seen.field("gap-gamma_s") == 1
    gap.locator("[data-name=lam_t] .explorer-mark").click()
    optimum = seen.field("gap-gamma_t") * seen.field("gap-sigma") ** 2
    assert seen.field("gap-lam_t") == pytest.approx(optimum, rel=1e-12)
    page.locator("#gap-gamma_s").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    assert seen.field("gap-gamma_s") == 1  # not 1.002
    plot = gap.locator(".explorer-figures")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    x, y = box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.click(x, y)
    first = seen.field("gap-lam_t"), seen.field("gap-lam_s")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y - 60, steps=6)
    page.mouse.up()
    assert seen.field("gap-lam_t") > 1.2 * first[0]
    assert seen.field("gap-lam_s") > 1.2 * first[1]
    (dot,) = numbers(seen.curves("gap")[-1]["x"])
    assert 10**dot == pytest.approx(seen.field("gap-lam_t"))
    assert seen.complaints == []
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("typed", "told"), [("-1", "a number, at least 0"), ("", "a number"), ("1.5", "at most 1")]
)
def test_typed_nonsense_gets_a_word(browser, site, typed, told):
    seen = Page(browser, f"{site}/index.html")
    shown = seen.shown("calculator-L_s")
    seen.page.locator("#calculator-zeta-number").fill(typed)
    problem = seen.page.locator(".explorer-problem")
    assert problem.text_content().startswith("alignment of the student's penalty: please type")
    assert told in problem.text_content()
    assert seen.shown("calculator-L_s") == shown
    seen.page.locator("#calculator-zeta-number").fill("0.5")
    assert problem.text_content() == ""
    seen.page.close()


@pytest.mark.browser
def test_the_map_is_the_gap_and_its_boundary_the_window(browser, site):
    seen = Page(browser, f"{site}/book/others.html")
    seen.page.locator("#gap-gamma_s-number").fill("1.3")
    surface, upper, lower, _ = seen.curves("gap")
    image = np.array(surface["image"]).reshape(explorers._CELLS, -1)
    low, high = explorers._GRID
    edges = np.linspace(low, high, explorers._CELLS + 1)
    centres = 10 ** ((edges[1:] + edges[:-1]) / 2)
    want = ridge.error_gap(
        lam_t=centres, lam_s=centres[:, None], gamma_t=0.25, gamma_s=1.3, sigma2=4.0
    )
    want = want / ridge.teacher_error(centres, 0.25, 4.0)
    np.testing.assert_allclose(image, want, rtol=2e-6, atol=1e-9)
    across = numbers(upper["x"])
    ends = numbers(lower["y"]), numbers(upper["y"])
    seen_open = 0
    for k in range(0, across.size, 3):
        window = ridge.winning_window(lam_t=10 ** across[k], gamma_t=0.25, gamma_s=1.3, sigma2=4.0)
        if window.high == np.inf:
            assert ends[1][k] == np.inf
        elif window:
            seen_open += 1
            assert ends[0][k] == pytest.approx(np.log10(window.low), abs=1e-6)
            assert ends[1][k] == pytest.approx(np.log10(window.high), abs=1e-6)
        else:
            assert np.isnan(ends[1][k])
    assert seen_open > 5
    tip = np.nanargmax(np.where(np.isnan(ends[1]), np.nan, across))
    assert ends[1][tip] - ends[0][tip] < 1e-5  # the tongue is closed
    seen.page.close()


@pytest.mark.browser
def test_the_other_explorers_draw_the_package_s_curves(browser, site):
    seen = Page(browser, f"{site}/book/others.html")

    def agree(curve, want):
        np.testing.assert_allclose(numbers(curve["y"]), want(numbers(curve["x"])), rtol=RELATIVE)

    def move(control, text):
        seen.page.locator(f"#{control}-number").fill(text)

    move("weighted-zeta", "0.8")
    _, plain, aligned, student = seen.curves("weighted")
    for curve, zeta in ((plain, 0), (aligned, 1), (student, 0.8)):
        agree(
            curve,
            lambda x, zeta=zeta: ridge.student_error(
                lam_t=0.25, lam_s=x, gamma_t=0.25, gamma_s=0.25, sigma2=1.0, zeta=zeta
            ),
        )
    move("descent-share", "0.15")
    teacher, student = seen.curves("descent")
    agree(teacher, lambda g: ridge.teacher_error(0.15 * g, g, 1.0))
    agree(
        student,
        lambda g: ridge.student_error(
            lam_t=0.15 * g, lam_s=0.3, gamma_t=g, gamma_s=0.1, sigma2=1.0
        ),
    )
    move("teacher-lam_t", "0.02")
    curve, dot = seen.curves("teacher")
    for part in (curve, dot):
        agree(part, lambda x: ridge.teacher_error(x, 0.8, 1.0))
    move("spectrum-gamma", "4")
    density, weight, atom = seen.curves("spectrum")
    agree(density, lambda x: marchenko_pastur.density(x, 4.0))
    agree(weight, lambda x: 0.1 / (x + 0.1))
    assert numbers(atom["y"]) == pytest.approx([0, 0.75])
    assert seen.shown("spectrum-m") == pytest.approx(marchenko_pastur.stieltjes(0.1, 4.0), rel=1e-9)
    move("h1-c", "-0.9")
    curve, level, roots = seen.curves("h1")
    a = marchenko_pastur.degrees_of_freedom(numbers(curve["x"]), 1.2)
    np.testing.assert_allclose(numbers(curve["y"]), -(1 - a) / (1 + a - 2.4 * a**2), rtol=1e-9)
    assert set(numbers(level["y"])) == {-0.9}
    assert np.prod(numbers(roots["x"])) == pytest.approx(0.2**2, rel=1e-9)
    move("best-gamma_s", "0.8")
    teacher, unlimited, student, _ = seen.curves("best")
    agree(teacher, lambda x: ridge.teacher_error(x, 0.5, 1.0))
    x, found = numbers(student["x"]), numbers(student["y"])
    np.testing.assert_allclose(
        found, ridge.best_student_error(lam_t=x, gamma_t=0.5, gamma_s=0.8, sigma2=1.0), rtol=1e-10
    )
    assert seen.shown("best-lam_s") == pytest.approx(
        ridge.optimal_student_penalty(lam_t=0.05, gamma_t=0.5, gamma_s=0.8, sigma2=1.0), rel=1e-6
    )
    share = ridge.performance_gap_recovered(lam_t=0.05, gamma_t=0.5, gamma_s=0.8, sigma2=1.0)
    assert seen.shown("best-share") == pytest.approx(share, rel=1e-9)
    x, found = numbers(unlimited["x"]), numbers(unlimited["y"])
    np.testing.assert_allclose(
        found, ridge.best_student_error(lam_t=x, gamma_t=0.5, gamma_s=0, sigma2=1.0), rtol=1e-8
    )
    assert seen.complaints == []
    seen.page.close()
