"""The proof engine: what is true is proved, and nothing else is.

The statements are made from seeded random rational functions. Whether one is true is decided here
by other means: by construction, by exact evaluation, or by isolating roots.
"""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from w2s import proof
from w2s.proof import Certificate, ProofError

X, Y, Z, M = sp.symbols("x y z m")
OO = sp.oo
SEEDS = range(10)
UNIT = {X: (0, 1)}
PLANE = {X: (0, OO), Y: (0, OO)}


def random_polynomial(rng, *symbols, terms=4, degree=2):
    """A polynomial with small integer coefficients of both signs, never 0."""
    total = sp.Integer(int(rng.integers(1, 5)))
    for _ in range(terms):
        powers = rng.integers(0, degree + 1, size=len(symbols))
        total += int(rng.integers(-4, 5)) * sp.prod(
            s ** int(k) for s, k in zip(symbols, powers, strict=True)
        )
    return total if sp.expand(total) != 0 else X + 1


def random_rational(rng, *symbols):
    return random_polynomial(rng, *symbols) / random_polynomial(rng, *symbols)


def rewritten(rng, expression):
    """The same function in another form."""
    forms = (sp.together, sp.factor, sp.expand, sp.cancel)
    other = random_polynomial(rng, X, Y)
    return (
        forms[rng.integers(len(forms))](expression)
        + 1 / other
        - sp.expand(2 * other) / (2 * other**2)
    )


def evaluator(expression):
    """The expression as exact arithmetic on fractions; ZeroDivisionError at a pole."""
    return sp.lambdify([X, Y], expression, modules="math")


def fractions(rng, low, high, count):
    return [Fraction(int(n), 97) for n in rng.integers(97 * low + 1, 97 * high, count)]


# --- identities ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_an_identity_is_proved_and_each_mutant_is_refused(seed):
    rng = np.random.default_rng(seed)
    expression = random_rational(rng, X, Y)
    other = rewritten(rng, expression)
    certificate = proof.identity(expression, other)
    assert certificate.spot_check(rng=seed) == 20
    place = dict(zip((X, Y), map(sp.Rational, fractions(rng, 5, 9, 2)), strict=True))
    false = [m for m in proof.mutants(expression) if m.subs(place) != expression.subs(place)]
    assert len(false) >= 4
    assert (
        proof.refused(lambda m: proof.identity(m, other), false) == f"{len(false)} of {len(false)}"
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_an_identity_holds_modulo_a_relation_and_not_without_it(seed):
    rng = np.random.default_rng(seed)
    relation = X * M**2 + random_polynomial(rng, X, Y) * M - 1 - Y**2
    rational = random_rational(rng, X, Y)
    lhs, rhs = rational * M, rational * M + relation * random_polynomial(rng, X, M)
    certificate = proof.identity(lhs, rhs, relation=relation, of=M)
    assert certificate.modulo is not None
    assert certificate.spot_check(points=3, rng=seed) == 3
    assert " = 0, " in str(certificate) or str(certificate).endswith(" = 0")
    with pytest.raises(ProofError, match="not an identity"):
        proof.identity(lhs, rhs)
    with pytest.raises(ProofError, match="not an identity"):
        proof.identity(lhs, rhs + rational, relation=relation, of=M)
    with pytest.raises(ProofError):
        proof.identity(lhs, rhs + 1 + 0 * M, relation=relation + 1, of=M)


def test_golden_ratio():
    golden = M**2 - M - 1
    assert proof.identity(1 / M, M - 1, relation=golden, of=M).spot_check() == 20
    assert proof.identity(M**5, 5 * M + 3, relation=golden, of=M)
    with pytest.raises(ProofError, match="not an identity"):
        proof.identity(M**5, 5 * M + 2, relation=golden, of=M)


@pytest.mark.parametrize(
    ("relation", "of", "message"),
    [
        (X, M, "must contain the symbol"),  # a remainder modulo a constant is always 0
        (sp.Integer(1), M, "must contain the symbol"),
        (sp.Integer(0), M, "must contain the symbol"),
        (M - M * (1 + X) + M * X, M, "does not restrict"),
        (M**2 - 2, None, "must contain the symbol"),
        (None, M, "no relation says what m is"),
        (1 / M - X, M, "must be a polynomial"),
        (sp.sqrt(M) - X, M, "not exact and rational"),
    ],
)
def test_a_relation_that_would_prove_everything_is_refused(relation, of, message):
    with pytest.raises(ProofError, match=message):
        proof.identity(M, M + 1, relation=relation, of=of)


def test_a_denominator_that_the_relation_makes_zero_is_refused():
    with pytest.raises(ProofError, match=r"m - 1 vanishes where"):
        proof.identity((M**2 - 1) / (M - 1), 0, relation=M - 1, of=M)
    with pytest.raises(ProofError, match="vanishes where"):
        proof.identity(X / (M**2 - X) - X / (M**2 - X) ** 2, 0, relation=M**2 - X, of=M)


def test_a_denominator_that_is_zero_everywhere_is_refused():
    zero, other_zero = (X - 1) * (X + 1) - X**2 + 1, (Y + 1) ** 2 - Y**2 - 2 * Y - 1
    for lhs, rhs in [(1 / zero, 7 / other_zero), (1 / (1 + 1 / zero), 0), (X / zero, X / zero + 0)]:
        if lhs - rhs != 0:  # SymPy itself cancels the last one before anybody can look
            with pytest.raises(ProofError, match="undefined everywhere"):
                proof.identity(lhs, rhs)


def test_entries_of_symbolic_matrices_are_indeterminates():
    i, j = sp.symbols("i j", integer=True, nonnegative=True)
    A = sp.MatrixSymbol("A", 5, 5)
    assert proof.identity((A[i, j] + 1) ** 2, A[i, j] ** 2 + 2 * A[i, j] + 1).spot_check() == 20
    with pytest.raises(ProofError):
        proof.identity(A[i, j], A[j, i])


# --- what is not decided here -------------------------------------------------------------------

R, S = sp.symbols("R S", commutative=False)
FOREIGN = [
    (0.5 * X, "0.5"),
    (X + 1e-30 * Y, "E-30"),
    (sp.sqrt(2) * X, "sqrt"),
    (X ** sp.Rational(1, 2), "sqrt"),
    (X**Y, r"x\*\*y"),
    (X**0.5, "x"),
    (sp.sin(X), "sin"),
    (sp.pi * X, "pi"),
    (sp.I * X, "I"),
    (sp.Abs(X), "Abs"),
    (X + OO * Y, "oo"),
    (X * sp.nan, "nan"),
    (sp.zoo, "zoo"),
    (R * S - S * R, "R"),
    (sp.Max(X, Y), "Max"),
    (sp.Derivative(X**2, X), "Derivative"),
]


@pytest.mark.parametrize(("expression", "part"), FOREIGN)
def test_what_is_not_exact_and_rational_is_refused_by_name(expression, part):
    square = {X: (1, 2), Y: (1, 2)}
    for attempt in (
        lambda: proof.identity(expression, expression),
        lambda: proof.identity(1, expression),
        lambda: proof.identity(X, X, relation=expression, of=X),
        lambda: proof.positive(expression + 10, square),
        lambda: proof.nonnegative(expression + 10, square),
        lambda: proof.positive(X, {Y: (0, 1), X: (0, 1 + expression)}),
    ):
        with pytest.raises(ProofError, match=rf"{part}.* is not exact and rational"):
            attempt()


def test_floats_do_not_round_to_a_proof():
    lhs, rhs = (X + 1.0) ** 2 + sp.Float("1e-30"), X**2 + 2 * X + 1
    assert sp.expand(lhs - rhs) == 0  # the trap
    with pytest.raises(ProofError, match="not exact"):
        proof.identity(lhs, rhs)


def test_two_symbols_of_one_name_are_two_symbols():
    x_positive = sp.Symbol("x", positive=True)
    with pytest.raises(ProofError, match="not an identity"):
        proof.identity(X, x_positive)
    with pytest.raises(ProofError, match="says nothing of x"):
        proof.positive(x_positive, {X: (0, 1)})
    with pytest.raises(ProofError, match="two different symbols that are both called x"):
        proof.positive(x_positive + X, {X: (0, 1), x_positive: (0, 1)})


def test_assumptions_about_a_symbol_prove_nothing():
    """The region alone says where a symbol lies."""
    parameter = sp.Symbol("t_1", positive=True)  # the name of a parameter of the chart
    assert proof.positive(parameter - X, {parameter: (0, 1), X: (0, parameter)})
    with pytest.raises(ProofError):
        proof.positive(X - parameter / 2, {parameter: (0, 1), X: (0, parameter)})


# --- signs --------------------------------------------------------------------------------------


def exact_sign_changes(polynomial, low, high):
    """Whether a univariate polynomial has a root in the open interval: by isolating roots."""
    p = sp.Poly(polynomial, X)
    return p.count_roots(low, high) - (p.eval(low) == 0) - (p.eval(high) == 0) > 0


@pytest.mark.parametrize("seed", range(40))
def test_one_variable_is_decided_completely(seed):
    """Over an interval the engine proves exactly what is true."""
    rng = np.random.default_rng(seed)
    numerator = random_polynomial(rng, X, terms=5, degree=4)
    denominator = random_polynomial(rng, X, degree=2) ** int(rng.integers(1, 3))
    low, high = sorted(map(int, rng.choice(np.arange(-4, 5), 2, replace=False)))
    expression, region = numerator / denominator, {X: (low, high)}
    has_pole = exact_sign_changes(denominator, low, high)
    # Between its roots and poles the function has one sign; an even root keeps it.
    value_at = evaluator(expression)
    points = [Fraction(low) + Fraction(high - low, 50) * k for k in range(1, 50)]
    values = [] if has_pole else [value_at(p, 0) for p in points]
    crosses = exact_sign_changes(numerator, low, high)
    is_positive = not has_pole and not crosses and values[0] > 0
    is_negative = not has_pole and not crosses and values[0] < 0
    for prove, true in [(proof.positive, is_positive), (proof.negative, is_negative)]:
        if true:
            assert prove(expression, region).spot_check(rng=seed) == 20
        else:
            with pytest.raises(ProofError):
                prove(expression, region)
    if not has_pole and min(values) < 0 < max(values):
        for prove in (proof.nonnegative, proof.nonpositive):
            with pytest.raises(ProofError):
                prove(expression, region)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_false_inequality_is_refused(seed):
    """Two variables: an expression with a point of the wrong sign is never certified."""
    rng = np.random.default_rng(seed)
    expression = random_rational(rng, X, Y)
    region = {X: (0, OO), Y: (0, 1 / (1 + X))}
    found, value_at = set(), evaluator(expression)
    for x, share in zip(fractions(rng, 0, 9, 300), fractions(rng, 0, 1, 300), strict=True):
        try:
            value = value_at(x, share / (1 + x))
            found.add("+" if value > 0 else "-" if value < 0 else "0")
        except ZeroDivisionError:
            found.add("pole")
    allowed = {
        proof.positive: found == {"+"},
        proof.negative: found == {"-"},
        proof.nonnegative: found <= {"+", "0"},
        proof.nonpositive: found <= {"-", "0"},
    }
    for prove, may_hold in allowed.items():
        if not may_hold:
            with pytest.raises(ProofError):
                prove(expression, region)


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_of_positive_terms_are_proved_in_disguise(seed):
    """Positive coefficients in (x - low, high - x) are proved after expansion."""
    rng = np.random.default_rng(seed)
    low, high = int(rng.integers(-3, 1)), int(rng.integers(1, 4))
    u, v, w = X - low, high - X, Y - X
    terms = (u**2 * w + 3, v * w**2 + u, u * v + w + 1, w**3 * u + v + 1)
    chosen = [terms[k] for k in rng.choice(4, 3)]
    expression = sp.expand(chosen[0]) / sp.expand(chosen[1]) + chosen[2]
    region = {X: (low, high), Y: (X, OO)}
    assert proof.positive(expression, region).spot_check(rng=seed) == 20
    with pytest.raises(ProofError, match="opposite sign"):
        proof.negative(expression, region)
    with pytest.raises(ProofError):
        proof.positive(expression - 10**6, region)


def test_a_region_whose_ends_depend_on_earlier_symbols():
    assert proof.positive(1 - X * Y, {X: (1, OO), Y: (0, 1 / X)})
    with pytest.raises(ProofError):
        proof.positive(1 - X * Y, {X: (1, OO), Y: (0, 1)})
    assert proof.positive(Z - X, {X: (0, 1), Y: (X, OO), Z: (Y, 2 * Y)})
    with pytest.raises(ProofError):
        proof.positive(Y - Z, {X: (0, 1), Y: (X, OO), Z: (Y / 2, 2 * Y)})


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ({X: (1, 0)}, r"1 < x < 0 is empty"),
        ({X: (1, 1)}, r"1 < x < 1 is empty"),
        ({X: (0, OO), Y: (1, 1 / X)}, r"1 < y < 1/x may be empty"),
        ({Y: (0, 1 / X), X: (1, OO)}, r"ends of y depend on x, which must stand before"),
        ({X: (0, X)}, r"ends of x depend on x"),
        ({X: (0, Z)}, r"ends of x depend on z"),
        ({X: (-OO, 0)}, r"-oo is not exact and rational"),
        ({X: (0.1, 1)}, r"0\.1.* is not exact and rational"),
        ({X: (0, sp.sqrt(2))}, r"sqrt\(2\) is not exact and rational"),
        ({X: (-1, 1), Y: (0, 1 / X**2)}, r"the denominator x may vanish"),
        ({X: (-1, 1), Y: (1 / X, OO)}, r"the denominator x may vanish"),
        ({X: (-1, 1), Y: (1 / X, 1 + 1 / X)}, r"the denominator x may vanish"),
        ({}, r"says nothing of x"),
        ({Y: (0, 1)}, r"says nothing of x"),
    ],
)
def test_a_region_that_is_not_one_is_refused(region, message):
    with pytest.raises(ProofError, match=message):
        proof.positive(X**2 + 1, region)
    with pytest.raises(ProofError, match=message):
        proof.nonnegative(X**2 + 1, region)


@pytest.mark.parametrize(
    ("expression", "region"),
    [
        ((X**2 - X) / (X - 1), {X: (0, 2)}),  # a hole, which cancelling hides
        (1 / (X - 1) ** 2, {X: (0, 2)}),  # a pole with the same sign on both sides
        (1 / (1 + 1 / (X - 1) ** 2), {X: (0, 2)}),  # a hole one level down
        ((X - Y) ** 2 / (X - Y) ** 4, PLANE),
        (1 + (X * Y - 1) / (X - 1 / Y) - Y + Y, PLANE),
    ],
)
def test_a_denominator_that_may_vanish_is_refused(expression, region):
    for prove in (proof.positive, proof.nonnegative):
        with pytest.raises(ProofError, match="may vanish"):
            prove(expression, region)


def test_a_denominator_that_is_zero_everywhere_has_no_sign():
    zero = (X - 1) * (X + 1) - X**2 + 1
    for prove in (proof.positive, proof.nonnegative):
        with pytest.raises(ProofError, match="undefined everywhere"):
            prove(2 + 1 / (1 + 1 / zero), UNIT)


def test_squares_may_vanish_only_where_that_is_allowed():
    square = sp.expand((X - Y) ** 2 * (X + Y))
    assert proof.nonnegative(square, PLANE)
    assert proof.nonpositive(-square, PLANE)
    assert proof.nonnegative((X - Y) ** 2 / (X + Y) ** 3, PLANE)
    for prove, expression in [
        (proof.positive, square),
        (proof.negative, -square),
        (proof.nonnegative, -square),
        (proof.nonnegative, sp.expand((X - Y) ** 3)),
        (proof.nonnegative, square * (X - 1)),
        (proof.nonpositive, square),
    ]:
        with pytest.raises(ProofError):
            prove(expression, PLANE)


def test_zero_is_not_positive_and_is_nonnegative():
    zero = (X + 1) ** 2 - X**2 - 2 * X - 1
    for prove in (proof.positive, proof.negative):
        with pytest.raises(ProofError, match="identically 0"):
            prove(zero, UNIT)
    assert proof.nonnegative(zero, UNIT).spot_check() == 20
    assert proof.nonpositive(zero, UNIT).spot_check() == 20


@pytest.mark.parametrize(
    ("polynomial", "method"),
    [
        (X + 1, "signs of 2 coefficients"),
        (X**2 - X + 1, "times"),  # Pólya: (1 + x)(x² − x + 1) = x³ + 1
        (X**2 - 2 * X + sp.Rational(101, 100), "Sturm"),  # Pólya would need some 400 steps
        (-((X**2 - 3 * X + 3) ** 2) - sp.Rational(1, 9), "Sturm"),
    ],
)
def test_mixed_coefficients_without_a_root(polynomial, method):
    prove = proof.positive if polynomial.subs(X, 1) > 0 else proof.negative
    certificate = prove(polynomial, {X: (0, OO)})
    assert any(method in name for name, _ in certificate.evidence)
    assert method in certificate.method
    nearly = polynomial - sp.sign(polynomial.subs(X, 1)) * sp.Rational(1, 100)
    if method == "Sturm" and exact_sign_changes(nearly, 0, 100):
        with pytest.raises(ProofError):
            prove(nearly, {X: (0, OO)})


def test_a_root_in_the_region_is_found_however_close_the_ends():
    tiny = sp.Rational(1, 10**30)
    assert proof.positive((X - 1) ** 2 + tiny, {X: (0, OO)})
    with pytest.raises(ProofError):
        proof.positive((X - 1) ** 2, {X: (0, OO)})
    with pytest.raises(ProofError):
        proof.positive((X - 1) ** 2 - tiny, {X: (0, OO)})
    assert proof.positive(tiny * X, UNIT).spot_check() == 20  # a value that evalf would chop to 0


def test_messages_say_what_stood_in_the_way():
    with pytest.raises(ProofError, match=r"no sign certificate: the numerator's factor t_1 - t_2"):
        proof.positive(X - Y, PLANE)
    with pytest.raises(ProofError, match=r"the numerator of the difference is 2\*x"):
        proof.identity((X + 1) ** 2, X**2 + 1)
    with pytest.raises(ProofError, match=r"x \+ 1 has the opposite sign"):
        proof.negative(X + 1, UNIT)


# --- certificates -------------------------------------------------------------------------------


def forged(lhs, relation, *region, rhs=0, modulo=None):
    return Certificate(lhs, relation, sp.sympify(rhs), region, "trust me", (), modulo)


TRUE = [
    forged(X * (1 - X), ">", (X, 0, 1)),
    forged(X * (X - 1), "<", (X, 0, 1)),
    forged(sp.Integer(0), ">=", (X, 0, 1)),
    forged(X - Y, "<=", (X, 0, 1), (Y, X, OO)),
    forged((X**2 - 1) / (X - 1) - X - 1, "="),
    forged(M**2 - X, "=", modulo=(M, M**2 - X)),
]
FALSE = [
    forged(X * (1 - X) - sp.Rational(1, 5), ">", (X, 0, 1)),
    forged(X * (X - 1), ">", (X, 0, 1)),
    forged(sp.Integer(0), ">", (X, 0, 1)),
    forged(X - Y, "<=", (X, 0, 1), (Y, 0, OO)),
    forged(1 / (X - X**2 - X * (1 - X)) + X, ">", (X, 0, 1)),
    forged((X**2 - 1) / (X - 1) - X, "="),
    forged(X / 10**40, "="),
    forged(-X / 10**40, ">=", (X, 0, 1)),
    forged(M - X, "=", modulo=(M, M**2 - X)),
    forged(X / 10**15, "=", modulo=(M, M**2 - X)),
    forged(1 / ((X + 1) ** 2 - X**2 - 2 * X - 1), "="),
]


@pytest.mark.parametrize("certificate", TRUE, ids=str)
def test_spot_check_lets_the_truth_pass(certificate):
    assert certificate.spot_check(points=30, rng=1) == 30


@pytest.mark.parametrize("certificate", FALSE, ids=str)
def test_spot_check_catches_a_forged_certificate(certificate):
    with pytest.raises(AssertionError, match=r" is (false|undefined)"):
        certificate.spot_check(points=30, rng=1)


def test_a_certificate_shows_itself():
    certificate = proof.positive(1 - X * Y, {X: (1, OO), Y: (0, 1 / X)})
    assert str(certificate) == "-x*y + 1 > 0 for 1 < x < oo, 0 < y < 1/x"
    assert repr(certificate) == f"<proved: {certificate}>"
    golden = proof.identity(1 / M, M - 1, relation=M**2 - M - 1, of=M)
    assert str(golden) == "1/m = m - 1 for m**2 - m - 1 = 0"
    reduced = proof.identity(X / (X * Y), Z, where={Z: 1 / Y})
    assert str(reduced) == "1/y = z for y ≠ 0 where z = 1/y"


# --- negative controls --------------------------------------------------------------------------


def test_mutants_change_one_thing_each():
    found = list(proof.mutants(2 * X**3 - Y / 3))
    assert len(found) == len(set(found))
    assert {4 * X**3 - Y / 3, -2 * X**3 - Y / 3, 2 * X**3 + Y / 3, 2 * X**6 - Y / 3} <= set(found)
    assert 2 * X**3 - Y / 3 not in found


def test_refused_counts_and_never_passes_on_nothing():
    statements = [X + 1, X - 1, X + 2]
    assert proof.refused(lambda s: proof.positive(s, UNIT), statements) == "1 of 3"
    with pytest.raises(ValueError, match="nothing would be shown"):
        proof.refused(lambda s: proof.positive(s, UNIT), [])
    with pytest.raises(ZeroDivisionError):  # only a ProofError is a refusal
        proof.refused(lambda s: 1 / 0, statements)
