"""The statements of `w2s.symbolic`: each against numbers that are computed without it.

The reference for a statement is the paper's definition, integrated, differentiated or solved by
mpmath, at exact rational penalties and ratios below, at and above 1. Then `w2s.ridge` and
`w2s.marchenko_pastur` are tested against the statements.
"""

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mpf, workdps

from tests import oracle
from tests.package import order
from w2s import marchenko_pastur as mp_law
from w2s import proof, ridge, symbolic

DIGITS = 60
AGREE = mpf(10) ** -25
#: their references come from an edge found by bisection, to 22 digits, or a numerical derivative
LOOSER = dict.fromkeys(
    ("threshold", "threshold_sum", "alignment_threshold_squared", "best_student", "share_of_data"),
    mpf(10) ** -18,
)
RATIOS = (Fraction(1, 3), Fraction(1), Fraction(5, 2))

#: (λ_s, λ_t, γ_s, γ_t, σ², ζ): both sides of every ratio, both signs of the imbalance
POINTS = [
    (lam_s, lam_t, gamma_s, gamma_t, Fraction(3, 2), Fraction(3, 5))
    for (lam_s, lam_t), gamma_s, gamma_t in itertools.product(
        ((Fraction(1, 7), Fraction(2, 9)), (Fraction(3, 2), Fraction(11, 2))), RATIOS, RATIOS
    )
]


class At:
    """The quantities of one point, from Definition 2, to 50 digits."""

    def __init__(self, point):
        self.lam_s, self.lam_t, self.gamma_s, self.gamma_t, self.sigma2, self.zeta = (
            mpf(number.numerator) / number.denominator for number in point
        )
        self.m_s1, self.m_s2 = self.transforms(self.lam_s, self.gamma_s)
        self.m_t1, self.m_t2 = self.transforms(self.lam_t, self.gamma_t)
        self.a = 1 - self.lam_s * self.m_s1
        self.b = 1 - self.lam_t * self.m_t1
        self.root_s = self.root(self.lam_s, self.gamma_s)
        self.root_t = self.root(self.lam_t, self.gamma_t)
        m_tuned, _ = self.transforms(self.sigma2 * self.gamma_t, self.gamma_t)
        self.b_star = 1 - self.sigma2 * self.gamma_t * m_tuned
        self.c = (self.lam_t - self.sigma2 * self.gamma_t) / self.root_t
        #: the paper's H₁ as it is defined, below (11)
        self.H_1 = self.lam_s * self.m_s2 / (self.lam_s * self.m_s2 - 2 * self.m_s1)
        self.ridge = (self.lam_s, self.lam_t, self.gamma_s, self.gamma_t, self.sigma2)
        # the spectral expressions know one pair (λ, γ): the student's
        self.lam, self.gamma, self.delta = self.lam_s, self.gamma_s, self.a
        self.m = 3 * self.m_s1 + 1  # any number: a polynomial is compared, not its zero
        self.m_1, self.m_2 = self.m_s1, self.m_s2

    @staticmethod
    def transforms(lam, gamma):
        return oracle.stieltjes(lam, gamma), oracle.stieltjes_derivative(lam, gamma)

    @staticmethod
    def root(lam, gamma):
        return mpmath.sqrt((1 + gamma + lam) ** 2 - 4 * gamma)

    @staticmethod
    def kept(lam, gamma):
        """∫(s/(s+λ))² dμ, the mean square of the filter."""
        m1, m2 = At.transforms(lam, gamma)
        return 1 - 2 * lam * m1 + lam**2 * m2

    def gap(self, zeta=0):
        return oracle.error_gap(*self.ridge, zeta)

    def gap_slope(self):
        """The derivative of the gap in the student's degrees of freedom."""
        lam_s, *rest = self.ridge
        slope = mpmath.diff(lambda lam: oracle._gap(False, lam, *rest, 0), lam_s)
        return slope / (self.lam_s * self.m_s2 - self.m_s1)

    def share_of_data(self):
        """The student's own λ_s is the best one for the teacher with 1 − c = 2/(dq/da)."""
        if self.lam_s == self.gamma_s - 1:
            return None  # a tie: 0, which has no relative error

        def kept(lam):
            m1, m2 = oracle._m(lam, self.gamma_s), oracle._m2(lam, self.gamma_s)
            return 1 - 2 * lam * m1 + lam**2 * m2

        slope = mpmath.diff(kept, self.lam_s) / (self.lam_s * self.m_s2 - self.m_s1)
        c, energy = 1 - 2 / slope, kept(self.lam_s)
        gain = (2 * self.a - (1 - c) * energy) - (2 - (1 - c))
        return gain / (c**2 / (1 - c))

    def share_of_teacher(self):
        """What scaling the teacher gains, B − 2b + b²/B, over what tuning it gains."""
        energy = REFERENCE["teacher_energy"](self)
        tuned = oracle.teacher_error(self.sigma2 * self.gamma_t, self.gamma_t, self.sigma2)
        gap = oracle.teacher_error(self.lam_t, self.gamma_t, self.sigma2) - tuned
        return (energy - 2 * self.b + self.b**2 / energy) / gap

    def scale(self):
        """(1−a)·b/(1−γ_s a²), with 1−γa² = a·√((1+γ+λ)²−4γ)."""
        return self.lam_s * self.m_s1 * self.b / (self.a * self.root_s)


def least(function, start):
    """Where the derivative of `function` vanishes, near `start`."""
    return mpmath.findroot(lambda x: mpmath.diff(function, x), (start * 0.9, start * 1.2))


def crossing(at, side):
    """The λ with H₁(λ) = c that is λ_s itself, when λ_s lies on that side of the maximum of H₁."""
    trough = oracle.least_elastic(float(at.gamma_s))[0] if at.gamma_s > 1 else mpf(0)
    below = at.lam_s < trough
    return at.lam_s if below == (side == "below") else None


REFERENCE = {
    "self_consistent": lambda at: (
        (at.lam + 1 / (1 + at.gamma * at.m) - 1 / at.m) * at.m * (1 + at.gamma * at.m)
    ),
    "penalty": lambda at: at.lam,
    "stieltjes": lambda at: at.m_1,
    "stieltjes_derivative": lambda at: at.m_2,
    "root": lambda at: at.root_s,
    # an infinite sample shrinks by 1/(1+κ)
    "effective_penalty": lambda at: at.lam / (1 - at.gamma * (1 - at.lam * at.m_1)),
    "proposition_3": lambda at: oracle.teacher_error(at.lam_t, at.gamma_t, at.sigma2),
    "theorem_4": lambda at: at.gap(),
    "teacher_error": lambda at: oracle.teacher_error(at.lam_t, at.gamma_t, at.sigma2),
    "energy": lambda at: at.kept(at.lam, at.gamma),
    "teacher_energy": lambda at: (
        at.kept(at.lam_t, at.gamma_t)
        + at.sigma2 * at.gamma_t * (at.m_t1 - at.lam_t * at.m_t2)  # σ²γ ∫ s/(s+λ)² dμ
    ),
    "student_share": lambda at: 1 - 2 * at.lam_s * at.m_s1 + at.lam_s**2 * at.m_s2,
    "student_error": lambda at: oracle.student_error(*at.ridge),
    "optimal_teacher_penalty": lambda at: least(
        lambda lam: oracle._teacher(lam, at.gamma_t, at.sigma2), at.sigma2 * at.gamma_t
    ),
    "theorem_8": lambda at: at.gap() - at.gap(zeta=1),
    "alignment_gain": lambda at: at.gap() - at.gap(zeta=1),
    "weighted_student_error": lambda at: oracle.student_error(*at.ridge, at.zeta),
    "H_1": lambda at: at.H_1,
    "imbalance": lambda at: at.c,
    "boundary": lambda at: (at.H_1 - at.c) * at.lam_s * at.m_s1 / -at.H_1,
    "gap_factor": lambda at: at.gap() / at.scale(),
    "weighted_gap_factor": lambda at: at.gap(at.zeta) / at.scale(),
    # the aligned gap is scale·(1−ζ²)·(c_ζ − H₁)·(1+a−2γ_s a²), and the last factor is −(1−a)/H₁
    "aligned_imbalance": lambda at: (
        at.H_1 - at.gap(at.zeta) * at.H_1 / (at.scale() * (1 - at.zeta**2) * at.lam_s * at.m_s1)
    ),
    "best_student": lambda at: -((at.a * at.root_s) ** 2) * at.gap_slope() / (2 * at.b),
    "share_of_data": At.share_of_data,
    "share_of_teacher": At.share_of_teacher,
    "spike_factor": lambda at: at.lam_s / oracle.degrees_of_freedom(at.lam_s, at.gamma_s),
    # with the optimal teacher, c_ζ = −ζ²(1−b)/(1−ζ²) reaches c*
    "alignment_threshold_squared": lambda at: (
        1 / (1 - (1 - at.b) / oracle.critical_c(float(at.gamma_s))) if at.gamma_s > 1 else None
    ),
    "unaligned": lambda at: 1 - at.zeta**2,
    "threshold_sum": lambda at: oracle.critical_c(float(at.gamma_s)) if at.gamma_s >= 1 else None,
    "threshold": lambda at: oracle.critical_c(float(at.gamma_s)) if at.gamma_s > 1 else None,
    "equation_12_plus": lambda at: crossing(at, "below"),
    "equation_12_minus": lambda at: crossing(at, "above"),
}
#: (12) is put to the test where it must return the student's own penalty: at c = H₁(λ_s)
AT_THE_CROSSING = {"equation_12_plus", "equation_12_minus"}


def public_expressions():
    """Every statement of the module: its public expressions in the theory's own symbols.

    Left out are forms for evaluation, in auxiliary symbols such as `rest_s`: test_explorers.py.
    """
    return {
        name: value
        for name, value in vars(symbolic).items()
        if isinstance(value, sp.Basic) and not isinstance(value, sp.Symbol) and name[0] != "_"
        if all(hasattr(POSITIONS[0], named(symbol)) for symbol in value.free_symbols)
    }


def disagreement(name, expression):
    """The largest relative difference to the reference over all points where there is one."""
    arguments = sorted(expression.free_symbols, key=str)
    function = sp.lambdify(arguments, expression, "mpmath")
    quantities = [
        "H_1" if n == "c" and name in AT_THE_CROSSING else n for n in map(named, arguments)
    ]
    errors = []
    for at in POSITIONS:
        want = WANTED[name, at]
        if want is None:
            continue
        try:
            got = function(*(getattr(at, quantity) for quantity in quantities))
            errors.append(abs(got - want) / abs(want))
        except ZeroDivisionError:
            errors.append(mpmath.inf)
    assert len(errors) >= 2
    return max(errors)


def named(symbol):
    """The name under which the module keeps a symbol."""
    return next(name for name, value in vars(symbolic).items() if value is symbol)


with workdps(DIGITS):
    POSITIONS = [At(point) for point in POINTS]
    WANTED = {(name, at): REFERENCE[name](at) for name in REFERENCE for at in POSITIONS}


def test_every_statement_has_a_reference():
    assert set(public_expressions()) == set(REFERENCE)


@pytest.mark.parametrize("name", REFERENCE)
def test_statement_agrees_with_its_reference(name):
    with workdps(DIGITS):
        assert disagreement(name, getattr(symbolic, name)) < LOOSER.get(name, AGREE)


@pytest.mark.parametrize("name", REFERENCE)
def test_altered_statement_does_not(name):
    """A sign flipped or a number doubled anywhere in the statement is noticed."""
    with workdps(DIGITS):
        altered = list(proof.mutants(getattr(symbolic, name)))
        for statement in altered:
            assert disagreement(name, statement) > mpf(10) ** -4, statement
    assert altered or name == "optimal_teacher_penalty"


# -- the translation between the two languages ---------------------------------------------------


@pytest.mark.parametrize(
    ("in_the_paper_s", "in_the_book_s"),
    [
        (symbolic.proposition_3, symbolic.teacher_error),
        (symbolic.proposition_3 + symbolic.theorem_4, symbolic.student_error),
        (symbolic.theorem_8, symbolic.alignment_gain),
        (symbolic.m_t1 * symbolic.lam_t, 1 - symbolic.b),
        (symbolic.m_s1 * symbolic.lam_s, 1 - symbolic.a),
    ],
)
def test_in_dof_translates(in_the_paper_s, in_the_book_s):
    proof.identity(symbolic.in_dof(in_the_paper_s), in_the_book_s)


def test_spectral_expressions_of_teacher_and_student():
    assert symbolic.of_teacher(symbolic.stieltjes) == symbolic.b / (
        1 - symbolic.gamma_t * symbolic.b
    )
    assert symbolic.of_student(symbolic.root + symbolic.lam) == symbolic.lam_s + (
        1 - symbolic.gamma_s * symbolic.a**2
    ) / (symbolic.a)


# -- the numerics against the statements ---------------------------------------------------------
#
# At rational degrees of freedom everything is rational: λ, and each statement's value. The double
# nearest to λ stands for it; where the value is well conditioned that costs a few last places.

DOFS = (Fraction(1, 50), Fraction(2, 5), Fraction(9, 10))  # of min(1, 1/γ)
LAST_PLACES = 1e-13
RATIONAL = [
    (share_s * min(1, 1 / gamma_s), share_t * min(1, 1 / gamma_t), gamma_s, gamma_t)
    for share_s, share_t, gamma_s, gamma_t in itertools.product(DOFS, DOFS, RATIOS, RATIOS)
]
SIGMA2, ZETA = Fraction(3, 4), Fraction(3, 5)


def rational(expression, a, b, gamma_s, gamma_t):
    """The exact value of a statement in the book's language."""
    given = {
        symbolic.a: a,
        symbolic.b: b,
        symbolic.gamma_s: gamma_s,
        symbolic.gamma_t: gamma_t,
        symbolic.sigma2: SIGMA2,
        symbolic.zeta: ZETA,
        symbolic.lam_t: (1 - b) * (1 - gamma_t * b) / b,
    }
    exact = expression.subs({s: sp.Rational(n.numerator, n.denominator) for s, n in given.items()})
    assert exact.is_Rational
    return Fraction(exact.p, exact.q)


def penalties(a, b, gamma_s, gamma_t):
    pairs = (a, gamma_s), (b, gamma_t)
    return [(1 - dof) * (1 - gamma * dof) / dof for dof, gamma in pairs]


COLUMNS = np.array([penalties(*point) + list(point[2:]) for point in RATIONAL], dtype=float).T
NOISE = float(SIGMA2)
_SCALE = (1 - symbolic.a) * symbolic.b / (1 - symbolic.gamma_s * symbolic.a**2)


@pytest.mark.parametrize(
    ("computed", "statement"),
    [
        (lambda s, t, g, h: mp_law.degrees_of_freedom(s, g), symbolic.a),
        (
            lambda s, t, g, h: mp_law.penalty([float(p[0]) for p in RATIONAL], g),
            symbolic.of_student(symbolic.penalty),
        ),
        (lambda s, t, g, h: mp_law.stieltjes(s, g), symbolic.of_student(symbolic.stieltjes)),
        (
            lambda s, t, g, h: mp_law.stieltjes_derivative(s, g),
            symbolic.of_student(symbolic.stieltjes_derivative),
        ),
        (
            lambda s, t, g, h: ridge.optimal_teacher_penalty(h, NOISE),
            symbolic.optimal_teacher_penalty,
        ),
        (lambda s, t, g, h: ridge.teacher_error(t, h, NOISE), symbolic.teacher_error),
        (
            lambda s, t, g, h: ridge.student_error(
                lam_t=t, lam_s=s, gamma_t=h, gamma_s=g, sigma2=NOISE
            ),
            symbolic.student_error,
        ),
        (
            lambda s, t, g, h: ridge.student_error(
                lam_t=t, lam_s=s, gamma_t=h, gamma_s=g, sigma2=NOISE, zeta=float(ZETA)
            ),
            symbolic.weighted_student_error,
        ),
        (
            lambda s, t, g, h: ridge.error_gap(
                lam_t=t, lam_s=s, gamma_t=h, gamma_s=g, sigma2=NOISE
            ),
            _SCALE * symbolic.gap_factor.subs(symbolic.c, symbolic.imbalance),
        ),
        (
            lambda s, t, g, h: ridge.error_gap(
                lam_t=t, lam_s=s, gamma_t=h, gamma_s=g, sigma2=NOISE, zeta=float(ZETA)
            ),
            _SCALE * symbolic.weighted_gap_factor.subs(symbolic.c, symbolic.imbalance),
        ),
    ],
)
def test_numerics_at_exact_rational_points(computed, statement):
    got = computed(*COLUMNS)
    want = np.array([float(rational(statement, *point)) for point in RATIONAL])
    np.testing.assert_allclose(got, want, rtol=LAST_PLACES, atol=0)


@pytest.mark.parametrize("gamma_s", [Fraction(1, 3), Fraction(5, 2)])
def test_winning_window_ends_where_equation_12_says(gamma_s):
    """λ_t = 0 at γ_t < 1 has c = −σ²γ_t/(1−γ_t), a rational number."""
    gamma_t, sigma2 = Fraction(1, 2), Fraction(4, 5)
    c = -sigma2 * gamma_t / (1 - gamma_t)
    given = {symbolic.c: sp.Rational(*c.as_integer_ratio())}
    given[symbolic.gamma_s] = sp.Rational(*gamma_s.as_integer_ratio())
    window = order.at(ridge.winning_window, 0.0, *map(float, (gamma_s, gamma_t, sigma2)))
    high = symbolic.equation_12_minus.subs(given).evalf(30)
    assert window.high == pytest.approx(float(high), rel=LAST_PLACES)
    if gamma_s > 1:
        assert c < symbolic.threshold.subs(given)
        low = symbolic.equation_12_plus.subs(given).evalf(30)
        assert window.low == pytest.approx(float(low), rel=LAST_PLACES)
    else:
        assert window.low == 0


@pytest.mark.parametrize("gamma_s", [1.2, 2.5, 10.0])
def test_winning_window_opens_at_the_threshold(gamma_s):
    """Just below c* there is a window, just above it there is none."""
    c = float(symbolic.threshold.subs(symbolic.gamma_s, sp.Float(gamma_s, 30)))
    for off, wins in ((1.001, True), (0.999, False)):
        # λ_t = 0, γ_t = ½: c = −σ²
        assert (
            bool(ridge.winning_window(lam_t=0.0, gamma_t=0.5, gamma_s=gamma_s, sigma2=-c * off))
            is wins
        )
