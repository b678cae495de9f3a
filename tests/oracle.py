"""What the tests compare with: the paper's own formulas, in as many digits as they need.

Nothing here is rearranged for accuracy. Cancellation is met with digits: the working precision
grows with the exponents of the arguments and is doubled until the value settles. A double is taken
for exactly the number it is. A penalty of 0 or infinity is the limit, found by going there.

The package's way (degrees of freedom, sums of non-negative terms, a quadratic) is not used. What
this file shares with it is the paper: Definition 2, Proposition 3, Theorems 4 and 8.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable
from functools import cache

import mpmath
import numpy as np
from mpmath import mpf, workdps

RTOL = 1e-12  # what the package promises, at every point where the value is a normal double
SETTLED = mpf(10) ** -50  # two precisions agree to this: the value has 50 right digits
NEVER, ALWAYS = None, (mpf(0), mpf("inf"))


# -- precision and limits ------------------------------------------------------------------------


def settled(formula: Callable, *arguments) -> mpf:
    """`formula(*arguments)` with at least 50 right digits."""
    exponents = [abs(mpmath.mag(x)) for x in arguments if x != 0]
    # A formula of degree two in each of m and λ can lose four times the largest exponent.
    digits = 60 + int(4 * 0.302 * max(exponents, default=0))
    before = None
    while digits < 10**5:
        with workdps(digits):
            value = mpf(formula(*map(mpf, arguments)))
            if before is not None and abs(value - before) <= SETTLED * abs(value):
                return value
        before, digits = value, 2 * digits
    raise ArithmeticError(f"{formula} does not settle at {arguments}")


def limit(formula: Callable, penalties: tuple, others: tuple) -> mpf:
    """The same, where a penalty may also be 0 or inf: the limit from within.

    The smallest scale in the problem is a last place of γ_s or γ_t near 1; both steps are far
    beyond it and beyond every finite argument, and a limit reached like √λ has 50 digits there.
    """
    if all(0 < lam < mpmath.inf for lam in penalties):
        return settled(formula, *penalties, *others)
    finite = [x for x in (*penalties, *others) if 0 < x < mpmath.inf]
    reach = max((abs(mpmath.mag(x)) for x in finite), default=0)
    near, far = (
        settled(formula, *(_approach(lam, steps + reach) for lam in penalties), *others)
        for steps in (100, 140)
    )
    if abs(far - near) <= mpf(10) ** -25 * abs(far):
        return far
    if abs(near) < abs(far) * mpf(10) ** -15:
        return mpmath.sign(far) * mpmath.inf
    if abs(far) < abs(near) * mpf(10) ** -15:
        return mpf(0)
    raise ArithmeticError(f"no limit in sight at {penalties}, {others}")


def _approach(lam, steps: int) -> mpf:
    if lam == 0:
        return mpf(10) ** -steps
    return mpf(10) ** steps if lam == mpmath.inf else mpf(lam)


# -- the Marchenko-Pastur law --------------------------------------------------------------------


def _m(lam: mpf, gamma: mpf) -> mpf:
    """Definition 2 as printed."""
    return -(1 - gamma + lam - mpmath.sqrt((1 + gamma + lam) ** 2 - 4 * gamma)) / (2 * gamma * lam)


def _m2(lam: mpf, gamma: mpf) -> mpf:
    """-∂m/∂λ, by differentiating 1/m = λ + 1/(1 + γm) implicitly."""
    m = _m(lam, gamma)
    return 1 / (1 / m**2 - gamma / (1 + gamma * m) ** 2)


def stieltjes(lam, gamma) -> mpf:
    return limit(_m, (lam,), (gamma,))


def stieltjes_derivative(lam, gamma) -> mpf:
    return limit(_m2, (lam,), (gamma,))


def degrees_of_freedom(lam, gamma) -> mpf:
    return limit(lambda lam, gamma: 1 - lam * _m(lam, gamma), (lam,), (gamma,))


def support(gamma) -> tuple[mpf, mpf]:
    return tuple(
        settled(lambda gamma, s=s: (1 + s * mpmath.sqrt(gamma)) ** 2, gamma) for s in (-1, 1)
    )


def density(x, gamma) -> mpf:
    low, high = support(gamma)
    if not low < x < high:
        return mpf(0)

    def formula(x, gamma):
        low, high = ((1 + s * mpmath.sqrt(gamma)) ** 2 for s in (-1, 1))
        return mpmath.sqrt((high - x) * (x - low)) / (2 * mpmath.pi * gamma * x)

    return settled(formula, x, gamma)


def atom(gamma) -> mpf:
    return max(mpf(0), settled(lambda gamma: 1 - 1 / gamma, gamma))


def moment(k: int, gamma) -> mpf:
    """From the quadratic of m in z = -1/λ: M = 1 + (1-γ)zM + γzM², coefficient by coefficient."""

    def formula(gamma):
        moments = [mpf(1)]
        for j in range(k):
            square = mpmath.fsum(moments[i] * moments[j - i] for i in range(j + 1))
            moments.append((1 - gamma) * moments[j] + gamma * square)
        return moments[k]

    return settled(formula, gamma)


# -- the limiting errors -------------------------------------------------------------------------


def is_optimal(lam_t, gamma_t, sigma2) -> bool:
    """The one agreed reading: a double λ_t equal to fl(σ²γ_t) is the optimal penalty itself."""
    return lam_t == float(sigma2) * float(gamma_t)


def _excess(lam_t, gamma_t, sigma2, optimal) -> mpf:
    """σ²γ_t - λ_t."""
    return mpf(0) if optimal else sigma2 * gamma_t - lam_t


def _teacher(lam_t, gamma_t, sigma2):
    """Proposition 3."""
    m1, m2 = _m(lam_t, gamma_t), _m2(lam_t, gamma_t)
    return sigma2 + (lam_t - sigma2 * gamma_t) * lam_t * m2 + sigma2 * gamma_t * m1


def _gap(optimal, lam_s, lam_t, gamma_s, gamma_t, sigma2, zeta):
    """Theorem 4's Δ minus ζ² times Theorem 8's Δ_Γ."""
    ms1, ms2 = _m(lam_s, gamma_s), _m2(lam_s, gamma_s)
    mt1, mt2 = _m(lam_t, gamma_t), _m2(lam_t, gamma_t)
    delta = _excess(lam_t, gamma_t, sigma2, optimal) * (
        (mt1 - lam_t * mt2) * (lam_s**2 * ms2 - 2 * lam_s * ms1)
    ) + lam_s**2 * ms2 * (1 - lam_t * mt1)
    if not zeta:
        return delta
    delta_gamma = (
        lam_s * (-1 + lam_t * mt1) * (-2 * lam_t * ms1 * mt1 + lam_s * ms2 * (-1 + lam_t * mt1))
    )
    return delta - zeta**2 * delta_gamma


def teacher_error(lam_t, gamma_t, sigma2) -> mpf:
    return limit(_teacher, (lam_t,), (gamma_t, sigma2))


def error_gap(lam_s, lam_t, gamma_s, gamma_t, sigma2, zeta=0.0) -> mpf:
    optimal = is_optimal(lam_t, gamma_t, sigma2)
    return limit(
        lambda *rest: _gap(optimal, *rest), (lam_s, lam_t), (gamma_s, gamma_t, sigma2, zeta)
    )


def student_error(lam_s, lam_t, gamma_s, gamma_t, sigma2, zeta=0.0) -> mpf:
    def formula(lam_s, lam_t, gamma_s, gamma_t, sigma2, zeta):
        return _teacher(lam_t, gamma_t, sigma2) + _gap(
            False, lam_s, lam_t, gamma_s, gamma_t, sigma2, zeta
        )

    return limit(formula, (lam_s, lam_t), (gamma_s, gamma_t, sigma2, zeta))


# -- the winning window --------------------------------------------------------------------------
#
# Divide the gap by λ_s m_s > 0 and put u = λ_s m_s₂ / m_s, the elasticity of m_s. What is left is
# linear in u, K(u - 2) + bu - ζ²b(2(1 - b) + bu), with K = (σ²γ_t - λ_t)(m_t - λ_t m_t₂) and
# b = 1 - λ_t m_t: it is A(u - τ). When A <= 0 the student never wins; else it wins where u < τ.
# As a function of λ_s, u increases from 0 (γ_s < 1) or ½ (γ_s = 1) to 1; for γ_s > 1 it falls
# from 1 to a minimum and rises back to 1. The edges are found by bisection. That the gap itself
# changes sign there is checked with its printed formula.


def _elasticity(lam, gamma):
    """λm₂/m, with m from the conjugate of Definition 2 and m₂ from the quadratic of m."""
    p = 1 - gamma + lam
    root = mpmath.sqrt(p**2 + 4 * gamma * lam)
    m = 2 / (p + root) if p > 0 else (root - p) / (2 * gamma * lam)
    return lam * (1 + gamma * m) / root


def _log_slope(lam, gamma):
    """d log u / dλ, from u = λ(1 + γm)/S."""
    root = mpmath.sqrt((1 + gamma + lam) ** 2 - 4 * gamma)
    return 1 / lam - gamma * _m(lam, gamma) / root - (1 + gamma + lam) / root**2


def _bisect(rises: Callable[[mpf], bool], low: mpf, high: mpf) -> mpf:
    """Where `rises` turns from False to True, to 22 digits."""
    while high - low > mpf(10) ** -22 * high:
        middle = mpmath.sqrt(low * high) if high > 2 * low else (low + high) / 2
        low, high = (low, middle) if rises(middle) else (middle, high)
    return (low + high) / 2


@cache
def least_elastic(gamma_s: float) -> tuple[mpf, mpf]:
    """For γ_s > 1: the penalty at which u is least, and that least value."""
    with workdps(150):
        gamma = mpf(gamma_s)
        lam = _bisect(lambda lam: _log_slope(lam, gamma) > 0, mpf(10) ** -40, mpf(10) ** 20)
        return lam, _elasticity(lam, gamma)


def _threshold(lam_t, gamma_t, sigma2, zeta) -> mpf:
    """τ: the student wins where u < τ."""
    optimal = is_optimal(lam_t, gamma_t, sigma2)

    def sides(lam_t, gamma_t, sigma2, zeta):
        if lam_t == 0:  # m is finite or (1-1/γ)/λ + 1/(γ(γ-1)) + O(λ)
            b = min(mpf(1), 1 / gamma_t)
            weight = _excess(lam_t, gamma_t, sigma2, optimal) * b / abs(gamma_t - 1)
        else:
            m1, m2 = _m(lam_t, gamma_t), _m2(lam_t, gamma_t)
            b = 1 - lam_t * m1
            weight = _excess(lam_t, gamma_t, sigma2, optimal) * (m1 - lam_t * m2)
        slope = weight + b - (zeta * b) ** 2
        return slope, 2 * weight + 2 * zeta**2 * b * (1 - b)

    if lam_t == mpmath.inf:
        return mpf(0)
    if lam_t == 0 and gamma_t == 1:  # σ² > 0: K → ∞; σ² = 0: K → 0 with b → 1
        return mpf(2) if sigma2 > 0 else mpf(0)
    arguments = (lam_t, gamma_t, sigma2, zeta)
    zero = settled(lambda *args: sides(*args)[1], *arguments) == 0
    if zero or settled(lambda *args: sides(*args)[0], *arguments) <= 0:
        return mpf(0)

    def ratio(*args):
        slope, rest = sides(*args)
        return rest / slope

    return settled(ratio, *arguments)


@cache
def winning_window(
    lam_t: float, gamma_s: float, gamma_t: float, sigma2: float, zeta: float = 0.0
) -> tuple[mpf, mpf] | None:
    """The open interval of winning λ_s, or None."""
    with workdps(150):
        tau, gamma = _threshold(lam_t, gamma_t, sigma2, zeta), mpf(gamma_s)
        trough, least = mpf(0), mpf(0)
        if gamma == 1:
            least = mpf(1) / 2
        elif gamma > 1:
            trough, least = least_elastic(gamma_s)
        if tau <= least or abs(tau - least) < mpf(10) ** -40:
            return NEVER
        if tau >= 1 or abs(tau - 1) < mpf(10) ** -40:
            return ALWAYS
        floor, ceiling = mpf(10) ** -700, mpf(10) ** 700
        high = _bisect(lambda lam: _elasticity(lam, gamma) > tau, trough or floor, ceiling)
        low = mpf(0)
        if gamma > 1:
            low = _bisect(lambda lam: _elasticity(lam, gamma) < tau, floor, trough)
        _check_edges(low, high, lam_t, gamma_s, gamma_t, sigma2, zeta)
        return low, high


def _check_edges(low, high, lam_t, *rest) -> None:
    """The printed Δ changes sign at each finite edge."""
    if lam_t == 0:
        lam_t = mpf(10) ** -600
    step = mpf(10) ** -18
    inside = [high * (1 - step)] + [low * (1 + step)] * (low > 0)
    outside = [high * (1 + step)] + [low * (1 - step)] * (low > 0)
    if not all(error_gap(lam_s, lam_t, *rest) < 0 for lam_s in inside):
        raise AssertionError(f"the gap is not negative inside {low}, {high}")
    if not all(error_gap(lam_s, lam_t, *rest) > 0 for lam_s in outside):
        raise AssertionError(f"the gap is not positive outside {low}, {high}")


def penalty_with(c: mpf | float, gamma_t: float, sigma2: float) -> float | None:
    """The double λ_t nearest to (λ_t - σ²γ_t)/√((1+γ_t+λ_t)² - 4γ_t) = c; None if there is none.

    The left side increases in λ_t, to 1.
    """
    with workdps(60):
        gamma, noise = mpf(gamma_t), mpf(sigma2)

        def above(lam):
            root = mpmath.sqrt((1 - gamma) ** 2 + 2 * (1 + gamma) * lam + lam**2)
            return (lam - noise * gamma) / root > c

        floor, ceiling = mpf(10) ** -320, mpf(10) ** 320
        if above(floor) or not above(ceiling):
            return None
        return float(_bisect(above, floor, ceiling))


def critical_c(gamma_s: float) -> mpf:
    """c*: above it no student with γ_s >= 1 wins. The largest value of u/(u - 2)."""
    with workdps(150):
        least = mpf(1) / 2 if gamma_s == 1 else least_elastic(gamma_s)[1]
        return least / (least - 2)


# -- the best student ----------------------------------------------------------------------------


@cache
def optimal_student_penalty(lam_t, gamma_s, gamma_t, sigma2, zeta=0.0) -> mpf:
    """Where the printed gap stops falling in λ_s: the sign of its central difference, bisected.

    Only for best penalties in [1e-80, 1e80], else 0 or inf.
    """
    optimal = is_optimal(lam_t, gamma_t, sigma2)
    teacher = mpf(10) ** -200 if lam_t == 0 else lam_t

    def slope(lam_s, *rest):
        step = lam_s * mpf(10) ** -25
        return _gap(optimal, lam_s + step, *rest) - _gap(optimal, lam_s - step, *rest)

    def rises(lam_s):
        return settled(slope, lam_s, teacher, gamma_s, gamma_t, sigma2, zeta) > 0

    with workdps(150):
        floor, ceiling = mpf(10) ** -80, mpf(10) ** 80
        if rises(floor):
            return mpf(0)
        if not rises(ceiling):
            return mpmath.inf
        best = _bisect(rises, floor, ceiling)
        off = mpf(10) ** -18
        if rises(best * (1 - off)) or not rises(best * (1 + off)):
            raise AssertionError(f"no minimum at {best}")
        return best


def alignment_threshold(gamma_s, gamma_t, sigma2) -> mpf:
    """γ_s >= 1, λ_t = σ²γ_t: the ζ at which τ = 2ζ²(1-b)/(1-ζ²b) is the least u (see above)."""
    least = mpf(1) / 2 if gamma_s == 1 else least_elastic(gamma_s)[1]

    def formula(gamma_t, sigma2):
        lam_t = sigma2 * gamma_t
        b = 1 - lam_t * _m(lam_t, gamma_t)
        return mpmath.sqrt(least / (2 * (1 - b) + b * least))

    return settled(formula, gamma_t, sigma2)


# -- the points ----------------------------------------------------------------------------------

BELOW_ONE, ABOVE_ONE = float(np.nextafter(1, 0)), float(np.nextafter(1, 2))
GAMMAS = (1e-6, 1e-3, 0.1, 0.25, 0.5, 0.99, BELOW_ONE, 1.0, ABOVE_ONE)
GAMMAS += (1.01, 1.2, 2.0, 4.0, 10.0, 1e3, 1e6)
PENALTIES = (1e-300, 1e-160, 1e-100, 1e-30, 1e-16, 1e-12, 1e-6, 1e-3, 0.1, 1.0)
PENALTIES += (10.0, 1e3, 1e6, 1e12, 1e16, 1e100, 1e160, 1e300)


def random_points(count: int, ranges: Iterable[tuple[float, float]], seed: int) -> list[tuple]:
    """Points whose logarithms are uniform: `ranges` are in powers of ten."""
    low, high = np.array(list(ranges)).T
    exponents = np.random.default_rng(seed).uniform(low, high, size=(count, low.size))
    return [tuple(map(float, row)) for row in 10**exponents]


@cache
def spectrum_points() -> tuple[tuple[float, float], ...]:
    """(λ, γ): every pair of the grid, then random ones, some of them close to γ = 1."""
    near_one = [
        (lam, float(1 + sign * off))
        for lam, off in random_points(60, [(-40, 1), (-15, -1)], seed=1)
        for sign in (1, -1)
    ]
    return (
        *itertools.product(PENALTIES, GAMMAS),
        *random_points(120, [(-300, 300), (-6, 6)], seed=2),
        *random_points(120, [(-9, 9), (-6, 6)], seed=3),
        *near_one,
    )


@cache
def ridge_points() -> tuple[tuple[float, ...], ...]:
    """(λ_s, λ_t, γ_s, γ_t, σ²): a shuffled grid of regimes, extremes, and random points."""
    rng = np.random.default_rng(4)
    noises = (0.0, 1e-12, 0.04, 1.0, 4.0, 1e6)
    lists = (PENALTIES, PENALTIES, GAMMAS, GAMMAS, noises)
    # A Latin design: every column runs through its whole list, equally often, in random order.
    grid = zip(*(rng.permutation(np.resize(column, 360)) for column in lists), strict=True)
    ordinary = itertools.product(
        (0.01, 1.0, 30.0), (0.02, 0.6), (0.5, 1.0, 2.0), (0.3, 3.0), (1.0,)
    )
    return (
        *(tuple(map(float, row)) for row in grid),
        *ordinary,
        *random_points(100, [(-300, 300), (-300, 300), (-6, 6), (-6, 6), (-6, 6)], seed=5),
        *random_points(100, [(-6, 6), (-6, 6), (-2, 2), (-2, 2), (-3, 3)], seed=6),
        *(
            (lam_s, lam_t, 1 + a, 1 - b, 1.0)
            for lam_s, lam_t, a, b in random_points(
                40, [(-20, 1), (-20, 1), (-15, -1), (-15, -1)], seed=7
            )
        ),
    )


OFFSETS = (1e-1, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15)
CRITICAL_GAMMAS = (1e-6, 0.5, BELOW_ONE, 1.0, ABOVE_ONE, 1 + 1e-9, 1.125, 2.0, 1e3, 1e6)
NOISY_TEACHERS = ((0.25, 4.0), (1.0, 1.0), (4.0, 2.0), (1e-3, 2e3), (100.0, 1.5), (0.5, 1.1))


def critical_values(gamma_s: float, off: float) -> list[mpf]:
    """The values of c where the window changes shape, each missed by `off` on either side."""
    with workdps(60):
        centres = [mpf(-1), mpf(-1) / 3] + [critical_c(gamma_s)] * (gamma_s > 1)
        return [c * (1 + sign * off) for c in centres for sign in (1, -1)]


@cache
def critical_points(off: float) -> tuple[tuple[float, float, float, float], ...]:
    """(λ_t, γ_s, γ_t, σ²) with such a c, and some of no distinction."""
    teachers = itertools.cycle((*NOISY_TEACHERS, (1e6, 2.0)))
    found = []
    for gamma_s in CRITICAL_GAMMAS:
        for c in (*critical_values(gamma_s, off), -0.05, -0.5, -0.85, -1e-8, 0.1):
            gamma_t, sigma2 = next(teachers)
            lam_t = penalty_with(c, gamma_t, sigma2)
            if lam_t is not None and not is_optimal(lam_t, gamma_t, sigma2):
                found.append((lam_t, gamma_s, gamma_t, sigma2))
    return tuple(found)


@cache
def weighted_critical_points(off: float) -> tuple[tuple[float, float, float, float, float], ...]:
    """(λ_t, γ_s, γ_t, σ², ζ) with (c - ζ²(1-b))/(1-ζ²) next to such a value: see `_threshold`."""
    teachers = itertools.cycle(
        itertools.product((0.0, 0.3, -0.02), ((0.25, 1.0), (1.0, 0.3), (3.0, 2.0), (100.0, 1.5)))
    )
    found = []
    for gamma_s in CRITICAL_GAMMAS:
        for target in critical_values(gamma_s, off):
            c, (gamma_t, sigma2) = next(teachers)
            lam_t = gamma_t * sigma2 if c == 0 else penalty_with(c, gamma_t, sigma2)
            with workdps(60):
                square = (c - target) / (lam_t * _m(mpf(lam_t), mpf(gamma_t)) - target)
                zeta = float(mpmath.sqrt(square))
            found.append((lam_t, gamma_s, gamma_t, sigma2, zeta))
    return tuple(found)


# -- the comparison ------------------------------------------------------------------------------

SMALLEST, LARGEST = mpf(sys.float_info.min), mpf(sys.float_info.max)


def miss(got: float, want: mpf, rtol: float = RTOL) -> str:
    """Empty when `got` is right. Outside the normal doubles: `got` must be outside too."""
    got = float(got)
    if got != got:
        return f"got nan, want {mpmath.nstr(want, 20)}"
    if want == 0 or abs(want) == mpmath.inf:
        right = got == want
    elif abs(want) > LARGEST:
        right = abs(got) >= LARGEST * (1 - rtol) and mpmath.sign(got) == mpmath.sign(want)
    elif abs(want) < SMALLEST:
        right = abs(got) <= SMALLEST * (1 + rtol)
    else:
        right = abs(got) != mpmath.inf and abs(mpf(got) - want) <= rtol * abs(want)
    if right:
        return ""
    scale = abs(want) if 0 < abs(want) < mpmath.inf else mpf(1)
    error = mpmath.nstr(abs(mpf(got) - want) / scale, 3)
    return f"got {got!r}, want {mpmath.nstr(want, 20)}, relative error {error}"


def misses(got: Iterable, want: Iterable, points: Iterable, rtol: float = RTOL) -> list[str]:
    """One line for each point where `got` is not right, to be asserted empty."""
    found = []
    for g, w, point in zip(np.ravel(got), want, points, strict=True):
        if line := miss(g, w, rtol):
            found.append(f"{point}: {line}")
    return found
