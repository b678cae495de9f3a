"""The proof engine: what is true is proved, and nothing else is.

The statements are made from seeded random rational functions. Whether one is true is decided here
by other means: by construction, by exact evaluation, or by isolating roots.
"""

import copy
from dataclasses import replace
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


ZERO = (X - 1) * (X + 1) - X**2 + 1  # SymPy does not see it
NOTHING = sp.Symbol("o", zero=True)


def unevaluated(kind, *parts):
    return kind(*parts, evaluate=False)


UNDEFINED = {
    "a hidden 0 on both sides": (1 / ZERO, 1 / ZERO, {}),
    "two of them": (1 / ZERO, 7 / ((Y + 1) ** 2 - Y**2 - 2 * Y - 1), {}),
    "in a denominator's denominator": (1 / (1 + 1 / ZERO), 0, {}),
    "on the right only": (X, X * (1 + 1 / ZERO), {}),
    "cancelled by the difference": (X / ZERO + Y, Y + X / ZERO, {}),
    "times 0, which is not carried out": (unevaluated(sp.Mul, 0, 1 / ZERO), 0, {}),
    "a quotient that is not carried out": (unevaluated(sp.Mul, ZERO, 1 / ZERO), 1, {}),
    "1/0 that is not carried out": (unevaluated(sp.Pow, sp.Integer(0), -1), 1 / X, {}),
    "a symbol that is 0": (1 / NOTHING, 1 / NOTHING, {}),
    "times another": (X / (NOTHING * X), X / (NOTHING * X), {}),
    "a definition that is 0": (1 / Z, 1 / Z, {"where": {Z: ZERO}}),
    "1/(1 + 1/0), which SymPy takes for 0": (1 / (1 + 1 / Z), 0, {"where": {Z: ZERO}}),
    "by a later definition": (1 / (1 + 1 / (Z - X)), 0, {"where": {Z: M, M: X}}),
    "inside a definition": (Z - Z / 2, Z / 2, {"where": {Z: 1 / ZERO}}),
    "a definition of a definition": (Z, Z, {"where": {Z: 1 / (M - X), M: X}}),
}


@pytest.mark.parametrize("what", UNDEFINED)
def test_an_identity_that_is_undefined_everywhere_is_refused(what):
    lhs, rhs, more = UNDEFINED[what]
    with pytest.raises(ProofError, match="undefined everywhere"):
        proof.identity(lhs, rhs, **more)
    if NOTHING in lhs.free_symbols:
        return  # `spot_check` gives it other values
    with pytest.raises(AssertionError, match="undefined"):
        forged(lhs, "=", rhs=rhs, where=tuple(more.get("where", {}).items())).spot_check()


@pytest.mark.parametrize(
    ("lhs", "rhs", "relation", "more"),
    [
        ((M**2 - 1) / (M - 1), 0, M - 1, {}),
        (X / (M**2 - X) - X / (M**2 - X) ** 2, 0, M**2 - X, {}),
        (1 / (M - 1), 1 / (M - 1), M - 1, {}),  # both sides the same, at no point defined
        (1 / (M - 1), 1 / (M - 1), M**2 - 1, {}),  # at one root of two
        (1 / Z, 1 / Z, M**2 - X, {"where": {Z: M**2 - X}}),
        (1 / (X - M), 1 / (X - M), Z - M, {"where": {Z: X}}),
    ],
)
def test_a_denominator_that_the_relation_makes_zero_is_refused(lhs, rhs, relation, more):
    with pytest.raises(ProofError, match="vanishes where"):
        proof.identity(lhs, rhs, relation=relation, of=M, **more)


P, R_, N = (
    sp.Symbol("p", positive=True),
    sp.Symbol("r", real=True),
    sp.Symbol("n", nonnegative=True),
)


@pytest.mark.parametrize(
    ("lhs", "rhs", "more", "exceptions"),
    [
        (X + Y, Y + X, {}, ()),
        (X / 2, X / sp.Integer(2), {}, ()),
        (X / (X + 2 - sp.expand((Y + 1) * X) + X * Y), X / 2, {}, ()),
        (X / ((X + 1) ** 2 - (X - 1) ** 2 - 4 * X + 2), X / 2, {}, ()),  # a number in disguise
        ((X**2 - 1) / (X - 1), X + 1, {}, (X - 1,)),
        ((1 - X**2) / (1 - X) ** 2, (1 + X) / (1 - X), {}, (1 - X,)),  # as it is written
        (1 / (2 * X * Y**3), Y**-3 / X / 2, {}, (X, Y)),
        (X / (X - X * Y**2), 1 / (1 - Y**2), {}, (X, Y - 1, Y + 1)),
        (1 / (1 + 1 / X), X / (1 + X), {}, (X, X + 1)),
        (unevaluated(sp.Mul, X, 1 / X), 1, {}, (X,)),
        (1 / P + 1 / (1 + P), (1 + 2 * P) / (P + P**2), {}, ()),
        (1 / (P * (P - X)), 1 / (P**2 - P * X), {}, (P - X,)),
        (1 / (1 + R_**2), 1 / (R_**2 + 1), {}, ()),
        (1 / (N * (1 + N)), 1 / N - 1 / (1 + N), {}, (N,)),
        (X * Z, 1, {"where": {Z: 1 / X}}, (X,)),
        (Z / Y, X, {"where": {Z: X * Y}}, (Y,)),
        (1 / M, M - 1, {"relation": M**2 - M - 1, "of": M}, ()),  # M = 0 is no root
        (1 / M, M / X, {"relation": M**2 - X, "of": M}, (M, X)),
        (M**2, (1 - Y * M) / X, {"relation": X * M**2 + Y * M - 1, "of": M}, (X,)),
        (M**2, (1 - Y * M) / P, {"relation": P * M**2 + Y * M - 1, "of": M}, ()),
        (M**2 * Z, 1, {"relation": X * M**2 - 1, "of": M, "where": {Z: X}}, (X,)),
        (X * M, 1, {"relation": X * M - 1, "of": M}, (X,)),  # the leading coefficient alone
    ],
)
def test_exceptions_are_a_part_of_the_statement(lhs, rhs, more, exceptions):
    certificate = proof.identity(lhs, rhs, **more)
    assert set(certificate.exceptions) == set(exceptions)
    assert all(f"{exception} ≠ 0" in str(certificate) for exception in exceptions)
    assert str(certificate).count("≠") == len(exceptions)
    fewer = [certificate.exceptions[1:]] if exceptions else [(Y,)]
    with pytest.raises(ProofError, match="not what the proof gives: exceptions"):
        replace(certificate, exceptions=fewer[0]).verify()


def test_entries_of_symbolic_matrices_are_indeterminates():
    i, j = sp.symbols("i j", integer=True, nonnegative=True)
    A = sp.MatrixSymbol("A", 5, 5)
    assert proof.identity((A[i, j] + 1) ** 2, A[i, j] ** 2 + 2 * A[i, j] + 1).spot_check() == 20
    with pytest.raises(ProofError):
        proof.identity(A[i, j], A[j, i])


# --- definitions --------------------------------------------------------------------------------


def test_definitions_are_put_in_one_after_the_other():
    meant = {Z: X * M, M: 1 - Y}
    certificate = proof.identity(Z / X + Y, 1, where=meant)
    assert certificate.where == ((Z, X * M), (M, 1 - Y))
    assert (certificate.lhs, certificate.rhs) == (Y + Z / X, 1)  # as stated
    assert str(certificate) == "y + z/x = 1 for x ≠ 0 where z = m*x, m = 1 - y"
    assert certificate.spot_check() == 20
    meant, region = {Z: X * M, M: 2 - X}, {X: (0, 1), Y: (0, M)}  # in the ends of a region, too
    assert proof.positive(Z * (2 - Y), region, where=meant).spot_check() == 20
    assert proof.positive(1 - X - Y, {X: (0, 1), Y: (0, Z)}, where={Z: 1 - X}).spot_check() == 20
    modulo = proof.identity(M**2, Y, relation=M**2 - Z, of=M, where={Z: Y})
    assert modulo.spot_check() == 20
    assert str(modulo) == "m**2 = y for m**2 - z = 0 where z = y"


@pytest.mark.parametrize(
    ("prove", "message"),
    [
        (lambda: proof.identity(Z / X + Y, 1, where={Z: X * M, M: 1 + Y}), "not an identity"),
        (lambda: proof.identity(M**2, Y, relation=M**2 - Z, of=M, where={Z: -Y}), "not an identi"),
        (lambda: proof.positive(Z, UNIT, where={Z: X - 1}), "opposite sign"),
        (lambda: proof.positive(Z, UNIT, where={Z: X - Y}), "says nothing of y"),
        (lambda: proof.positive(X * Z, {X: (-1, 1)}, where={Z: 1 / X}), "x may vanish"),
        (lambda: proof.positive(X, {X: (0, Z)}, where={Z: sp.Integer(-1)}), "is empty"),
        (lambda: proof.positive(X, {X: (0, Z)}, where={Z: X}), "depend on x"),
        (lambda: proof.positive(Y, {X: (-1, 1), Y: (0, Z * X**2)}, where={Z: 1 / X**2}), "vanish"),
        (lambda: proof.positive(1 + 1 / (1 + 1 / Z), UNIT, where={Z: ZERO}), "everywhere"),
    ],
)
def test_a_statement_that_its_definitions_make_false_is_refused(prove, message):
    with pytest.raises(ProofError, match=message):
        prove()


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({Z: Z + X}, "where must define z after z, which uses it"),
        ({Z: M, M: Z}, "where must define z after m, which uses it"),
        ({M: X, Z: M}, "where must not define m, which the statement does not use"),
        ({Z: X, M: X}, "where must not define m, which the statement does not use"),
        ({X: Z, Z: Y}, "where must not define x, which varies"),
        ({Z: X, sp.Symbol("y", real=True): Y}, "where must not define y, which the state"),
        ({Z: sp.Symbol("z", real=True)}, r"only symbol of its name, got \['z', 'z'\]"),
    ],
)
def test_definitions_that_say_something_else_are_refused(where, message):
    with pytest.raises(ValueError, match=message):
        proof.positive(X * Z * Y, {X: (1, 2), Y: (1, 2)}, where=where)


def test_where_may_not_define_what_the_relation_does():
    with pytest.raises(ValueError, match="where must not define m, which varies"):
        proof.identity(M**2, 2, relation=M**2 - 2, of=M, where={M: X})


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


def test_a_whole_number_of_pythons_defines_a_symbol_but_not_against_its_assumptions():
    assert proof.identity(Z * X, 2 * X, where={Z: 2}).where == ((Z, sp.Integer(2)),)
    with pytest.raises(ProofError, match=r"p = 0 is not what Symbol\('p', positive=True\) assumes"):
        proof.identity(P * X, 0, where={P: 0})


BELOW, ACROSS, ABOVE, UP, FROM_BELOW = (-2, -1), (-1, 1), (1, 2), (0, OO), (-1, OO)
ANY = (BELOW, ACROSS, ABOVE, UP, FROM_BELOW)
ASSUMED = [
    ({}, ANY),
    ({"commutative": True}, ANY),
    ({"complex": True}, ANY),
    ({"real": True}, ANY),
    ({"finite": True}, ANY),
    ({"extended_real": True}, ANY),
    ({"positive": True}, (ABOVE, UP)),
    ({"nonnegative": True}, (ABOVE, UP)),
    ({"extended_positive": True}, (ABOVE, UP)),
    ({"negative": False}, (ABOVE, UP)),
    ({"negative": True}, (BELOW,)),
    ({"nonpositive": True}, (BELOW,)),
    ({"positive": False}, (BELOW,)),
    ({"nonzero": True}, (BELOW, ABOVE, UP)),
    ({"zero": False}, (BELOW, ABOVE, UP)),
    *(({fact: True}, ()) for fact in ("zero", "integer", "rational", "even", "odd", "prime")),
    *(({fact: True}, ()) for fact in ("irrational", "algebraic", "imaginary", "infinite")),
    *(({fact: False}, ()) for fact in ("real", "integer", "complex", "finite", "even")),
    ({"positive": True, "integer": False}, ()),
]


@pytest.mark.parametrize(("assumptions", "allowed"), ASSUMED, ids=str)
def test_a_region_must_be_what_its_symbol_is_assumed_to_be(assumptions, allowed):
    """SymPy has simplified by the assumptions before the engine sees anything."""
    symbol = sp.Symbol("s", **assumptions)
    for low, high in ANY:
        if (low, high) in allowed:
            assert proof.nonnegative(symbol**2, {symbol: (low, high)})
        else:
            with pytest.raises(ProofError, match=rf"{low} < s < {high} .*Symbol\('s'|not exact"):
                proof.nonnegative(symbol**2, {symbol: (low, high)})


def test_the_square_root_that_an_assumption_resolved():
    """√(p²) is p for a positive p, and √(p²) < 0 would be proved below 0."""
    with pytest.raises(ProofError, match=r"-2 < p < -1 .* Symbol\('p', positive=True\) assumes"):
        proof.negative(sp.sqrt(P**2), {P: (-2, -1)})
    assert proof.positive(P, {X: (1, 2), P: (X - 1, 2)})  # an end that is proved to be at least 0
    with pytest.raises(ProofError, match=r"x - 2 < p < 2 .* assumes"):
        proof.positive(P, {X: (1, 2), P: (X - 2, 2)})


@pytest.mark.parametrize("fact", ["positive", "nonnegative", "nonzero"])
def test_a_definition_must_be_what_its_symbol_is_assumed_to_be(fact):
    symbol = sp.Symbol("s", **{fact: True})
    assert proof.negative(-symbol * X, UNIT, where={symbol: 2 - X})
    assert proof.identity(symbol, X, where={symbol: X})
    for wrong in (X - Y, X - 2 if fact != "nonzero" else 2 * X - 1, ZERO):
        with pytest.raises(ProofError, match=rf"s = .* Symbol\('s', {fact}=True\) assumes"):
            proof.nonnegative(symbol**2, {X: (0, 1), Y: (0, 1)}, where={symbol: wrong})
    with pytest.raises(ProofError, match=r"p = 0 is not what Symbol\('p', positive=True\)"):
        proof.identity(P, P, where={P: sp.Integer(0)})


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


SHARP = X**2 - 2 * X + sp.Rational(101, 100)
FORM = X**2 - X * Y + Y**2
SPACE = {X: (0, OO), Y: (0, OO), Z: (0, OO)}


@pytest.mark.parametrize(
    ("expression", "region", "method"),
    [
        (X + 1, UNIT, "signs of 4 coefficients"),
        (sp.Integer(3), UNIT, "the sign of a number"),
        (X * (1 + X), PLANE, "signs of 3 coefficients"),
        # Pólya: (1 + x)(x² − x + 1) = x³ + 1
        (X**2 - X + 1, PLANE, r"signs of 2 coefficients after times $(1+\sum t)$"),
        # (x + y)(x² − xy + y²) = x³ + y³, and times 1 + x + y the form itself would stay
        (FORM, PLANE, r"signs of 2 coefficients after times $(\sum t)$"),
        (Z * FORM, SPACE, r"sign of 1 coefficient; signs of 2 coefficients after times $(\sum t)$"),
        (FORM - X * Y / 2, SPACE, r"signs of 6 coefficients after times $(\sum t)^5$"),
        # its lowest part is a form, its highest is not of one sign either
        (FORM + FORM**2, PLANE, r"after times $(\sum t)"),
        (SHARP, {X: (0, OO)}, "Sturm: no root in $t>0$"),  # Pólya would need some 400 steps
        (SHARP * (Y + 1), PLANE, "signs of 2 coefficients; Sturm: no root in $t>0$"),
        (-((X**2 - 3 * X + 3) ** 2) - sp.Rational(1, 9), {X: (0, OO)}, "Sturm"),
    ],
)
def test_the_method_says_how_it_was_settled(expression, region, method):
    prove = proof.positive if expression.subs({X: 1, Y: 1, Z: 1}) > 0 else proof.negative
    certificate = prove(expression, region)
    assert method in certificate.method
    assert certificate.spot_check() == 20
    for how in certificate.method.split("; "):
        assert how == "the sign of a number" or any(how[-8:] in n for n, _ in certificate.evidence)


def test_the_method_of_squares_zeros_and_identities():
    square = proof.nonnegative((X - Y) ** 2 * X, PLANE)
    assert set(square.method.split("; ")) == {"an even power", "sign of 1 coefficient"}
    assert proof.nonnegative(ZERO, UNIT).method == "expands to 0"
    assert proof.identity((X + 1) ** 2, X**2 + 2 * X + 1).method == "expands to 0"
    assert proof.identity(1 / X + 1, (1 + X) / X).method == "numerator expands to 0"
    golden = proof.identity(M**2, M + 1, relation=M**2 - M - 1, of=M)
    assert golden.method == "remainder 0 modulo the relation"
    assert golden.evidence == ()


@pytest.mark.parametrize("just_below", [SHARP - sp.Rational(1, 100), SHARP - 1, FORM - X * Y])
def test_what_has_a_zero_is_refused_however_often_it_is_multiplied(just_below):
    for prove in (proof.positive, proof.negative):
        with pytest.raises(ProofError):
            prove(just_below, PLANE)


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


def forged(lhs, relation, *region, rhs=0, modulo=None, where=()):
    return Certificate(lhs, relation, sp.sympify(rhs), region, "trust me", (), modulo, where)


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


def mine(certificate, **changed):
    """The same certificate written by hand, or another."""
    return replace(certificate, **changed)


MADE = [
    proof.identity((X**2 - 1) / (X - 1), X + 1),
    proof.identity(Z / X + Y, 1, where={Z: X * M, M: 1 - Y}),
    proof.identity(1 / M, M / X, relation=M**2 - X, of=M),
    proof.positive(Y * (1 - X * Y), {X: (1, OO), Y: (0, 1 / X)}),
    proof.negative(Z - 3, {X: (1, 2)}, where={Z: X}),
    proof.nonnegative(FORM * (X - Y) ** 2, PLANE),
    proof.nonpositive(-(X**2), {X: (-1, 1)}),
]


@pytest.mark.parametrize("certificate", MADE, ids=str)
def test_verify_decides_again_what_was_written_by_hand(certificate):
    certificate.verify()
    mine(certificate).verify()
    changes = [
        {"rhs": certificate.rhs + 1},
        {"lhs": certificate.lhs - 7},
        {"lhs": certificate.lhs + sp.Rational(1, 10**30), "evidence": ()},
        {"lhs": certificate.lhs + 1 / ZERO, "rhs": certificate.rhs + 1 / ZERO},
        {"relation": {"=": ">", ">": "<=", "<": ">"}.get(certificate.relation, "=")},
        {"method": "trust me"},
        {"evidence": (*certificate.evidence, ("and", X))},
        {"exceptions": (X + 5,)},
        {"where": (*certificate.where, (N, X))},
        {"modulo": (X, X)},
        {"region": (*certificate.region, (N, 0, 1))},
        {"region": tuple((symbol, -9, high) for symbol, _, high in certificate.region) or None},
    ]
    for changed in changes:
        with pytest.raises(ProofError, match="the certificate "):
            mine(certificate, **changed).verify()


@pytest.mark.parametrize(
    "nonsense",
    [
        *({"lhs": value} for value in (None, "x", 0.5 * X, sp.nan, [X], X > 0)),
        *({"relation": value} for value in ("", "≥", None, [">"], "is")),
        *({"region": value} for value in (None, ((X, 0),), ((X, 0, 1), (X, 0, 1)), {X: (0, 1)})),
        *({"where": value} for value in (None, {Z: X}, ((Z,),), ((X, X),))),
        *({"evidence": value} for value in (None, [], np.zeros(3))),
        *({"modulo": value} for value in (X, (M, M**2 - 2), ())),
        {"exceptions": None},
    ],
    ids=str,
)
def test_verify_refuses_nonsense(nonsense):
    with pytest.raises(ProofError, match="the certificate "):
        mine(proof.positive(X, UNIT), **nonsense).verify()


def test_verify_knows_what_the_engine_made_and_nothing_else():
    """A certificate that the engine made is not decided a second time; an equal one is."""
    certificate = proof.positive(X, UNIT)
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Certificate, "_decided", lambda self: calls.append(self) or {})
        certificate.verify()
        assert not calls
        for other in (mine(certificate), copy.copy(certificate), copy.deepcopy(certificate)):
            other.verify()
            assert calls.pop() is other


@pytest.mark.parametrize("certificate", FALSE, ids=str)
def test_verify_refuses_what_is_false(certificate):
    with pytest.raises(ProofError):
        certificate.verify()


def test_one_proof_makes_one_certificate(monkeypatch):
    """Those of the parts, such as that the region is not empty, no reader would ever see."""
    made = []

    class Counted(Certificate):
        def __init__(self, *arguments, **fields):
            super().__init__(*arguments, **fields)
            made.append(self)

    monkeypatch.setattr(proof, "Certificate", Counted)
    region = {X: (1, OO), Y: (0, 1 / X), P: (Y, 2)}
    shown = [
        proof.positive(P * Z / (X + Y), region, where={Z: X}),
        proof.identity(1 / M, M - Z, relation=M**2 - M - 1, of=M, where={Z: X / X}),
    ]
    assert made == shown
    mine(shown[0])
    assert len(made) == 3  # the spy sees
    made[2].verify()
    assert len(made) == 3


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
