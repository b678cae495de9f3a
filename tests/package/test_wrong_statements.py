"""The proof engine against wrong statements: random true ones, each altered until it is false.

Whether a statement is false is decided here, by exact arithmetic at a point, never by the engine.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import prod

import numpy as np
import pytest
import sympy as sp

from tests.package.test_proof import random_polynomial, random_rational, rewritten
from w2s import proof
from w2s.proof import Certificate, ProofError

X, Y, Z, M = sp.symbols("x y z m")
OO = sp.oo
PROVERS = {
    ">": proof.positive,
    "<": proof.negative,
    ">=": proof.nonnegative,
    "<=": proof.nonpositive,
}
HOLDS = {
    "=": lambda value: value == 0,
    ">": lambda value: value > 0,
    "<": lambda value: value < 0,
    ">=": lambda value: value >= 0,
    "<=": lambda value: value <= 0,
}
#: Pairs of intervals, the second with ends that depend on the first.
REGIONS = [
    ((0, OO), (X, OO)),
    ((0, OO), (0, 1 / X)),
    ((0, OO), (-X, X)),
    ((0, 1), (X, 1)),
    ((0, 1), (0, 1 / (2 - X))),
    ((1, OO), (1 / X, X)),
    ((-2, 3), (X, X + 1)),
    ((-2, 3), (-1, X**2)),
    ((sp.Rational(1, 2), 2), (0, OO)),
]


@dataclass(frozen=True)
class Statement:
    """What somebody might claim: an identity, perhaps modulo a relation, or a sign on a region."""

    lhs: sp.Expr
    relation: str
    rhs: sp.Expr = sp.S.Zero
    region: dict = field(default_factory=dict)
    where: dict = field(default_factory=dict)
    modulo: sp.Expr | None = None  # of M, and linear in Y

    def prove(self):
        if self.relation != "=":
            return PROVERS[self.relation](self.lhs, self.region, where=self.where)
        of = None if self.modulo is None else M
        return proof.identity(self.lhs, self.rhs, relation=self.modulo, of=of, where=self.where)

    def by_hand(self):
        region = tuple((symbol, *ends) for symbol, ends in self.region.items())
        modulo = None if self.modulo is None else (M, self.modulo)
        parts = (self.lhs, self.relation, self.rhs, region, "obviously", ())
        return Certificate(*parts, modulo, tuple(self.where.items()))


# --- true statements ----------------------------------------------------------------------------


def true_identity(rng):
    lhs = random_rational(rng, X, Y)
    return Statement(lhs, "=", rewritten(rng, lhs))


def true_identity_with_a_definition(rng):
    lhs, meant = random_rational(rng, X, Z) + Z, random_polynomial(rng, X, Y)
    return Statement(lhs, "=", sp.together(lhs.subs(Z, meant)), where={Z: meant})


def true_identity_modulo_a_relation(rng):
    relation = random_polynomial(rng, X, M) * Y + random_polynomial(rng, X, M) + M**3
    lhs = random_rational(rng, X, Y) + M
    rhs = lhs + relation * random_polynomial(rng, X, M) / random_polynomial(rng, X)
    return Statement(lhs, "=", sp.expand(rhs), modulo=relation)


def true_sign(rng):
    """A rational function of what is positive in the region, multiplied out."""
    ends = REGIONS[rng.integers(len(REGIONS))]
    region = dict(zip((X, Y), ends, strict=True))
    parts = [symbol - low for symbol, (low, _) in region.items()]
    parts += [high - symbol for symbol, (_, high) in region.items() if high != OO]
    where = {}
    if rng.random() < 0.4:  # one part gets a name
        where[Z], parts[0] = parts[0], Z
    expression = positive(rng, parts) / positive(rng, parts)
    if where and not expression.has(Z):
        expression += Z
    disguise = (sp.together, sp.expand, lambda e: sp.expand(sp.numer(e)) / sp.denom(e))
    expression = disguise[rng.integers(3)](sp.together(expression))
    relation, sign = [(">", 1), ("<", -1), (">=", 1), ("<=", -1)][rng.integers(4)]
    if relation in (">=", "<="):
        expression *= sp.expand((X - Y) ** 2)
    return Statement(sign * expression, relation, region=region, where=where)


def positive(rng, parts):
    return sum(
        int(rng.integers(1, 5)) * sp.prod(part ** int(rng.integers(0, 3)) for part in parts)
        for _ in range(rng.integers(1, 3))
    )


KINDS = (
    *(true_identity, true_identity_with_a_definition, true_identity_modulo_a_relation),
    *(true_sign, true_sign, true_sign),
)


# --- altered statements -------------------------------------------------------------------------


def altered(rng, statement):
    """The statement with one thing changed, in every way that is known here."""
    s = statement
    yield from (replace(s, lhs=lhs) for lhs in some(rng, changed(s.lhs)))
    yield from (replace(s, rhs=rhs) for rhs in some(rng, changed(s.rhs)) if s.relation == "=")
    for symbol, value in s.where.items():
        yield from (replace(s, where={symbol: v}) for v in some(rng, changed(value)))
    if s.modulo is not None:
        yield from (replace(s, modulo=other) for other in some(rng, changed(s.modulo)))
        yield replace(s, modulo=None)
        yield replace(s, lhs=s.lhs + 1 / s.modulo, rhs=s.rhs + 1 / s.modulo)
    for symbol, (low, high) in s.region.items():
        wider = [(low - 1, high), (-5 - low**2, high), (low, OO), (low, 2 * high + 1)]
        yield from (replace(s, region={**s.region, symbol: ends}) for ends in wider)
    opposite = {">": "<", "<": ">", ">=": "<=", "<=": ">="}.get(s.relation)
    strict = {">=": ">", "<=": "<"}.get(s.relation)
    yield from (replace(s, relation=other) for other in (opposite, strict) if other)
    hidden = sp.expand((X + Y) ** 2) - (X + Y) ** 2
    yield replace(s, lhs=s.lhs + 1 / hidden, rhs=s.rhs + int(s.relation == "=") / hidden)
    yield replace(s, lhs=s.lhs + 1 / (1 + 1 / hidden))
    pole = 1 / (X + Y) if s.relation == "=" else (Y - X) / sp.expand((Y - X) * (X - 1))
    yield replace(s, lhs=s.lhs + pole)


def changed(expression):
    yield from proof.mutants(expression)
    for number in expression.atoms(sp.Integer) - {0, 1, -1}:
        yield expression.xreplace({number: number + 1})


def some(rng, found, most=5):
    listed = sorted(set(found), key=sp.srepr)
    return [listed[k] for k in rng.permutation(len(listed))[:most]]


# --- what is false ------------------------------------------------------------------------------


def value(expression, point):
    """Plain arithmetic from the expression's tree; ZeroDivisionError where it is undefined."""
    if expression.is_Symbol:
        return point[expression]
    if expression.is_Rational:
        return Fraction(int(expression.p), int(expression.q))
    if expression.is_Pow:
        return value(expression.base, point) ** int(expression.exp)
    values = [value(argument, point) for argument in expression.args]
    return sum(values) if expression.is_Add else prod(values)


def draw(rng, statement):
    """A point of the region, or of the curve on which the relation holds; None for a bad draw."""
    point = {s: Fraction(int(rng.integers(-40, 41)), int(rng.integers(1, 9))) for s in (X, Y, M)}
    for symbol, (low, high) in statement.region.items():
        t = Fraction(float(10 ** rng.uniform(-3, 3))).limit_denominator(2000) + Fraction(1, 2000)
        low = value(sp.sympify(low), point)
        point[symbol] = low + t
        if high != OO:
            high = value(sp.sympify(high), point)
            if low >= high:
                raise Empty
            point[symbol] = (low + high * t) / (1 + t)
            if symbol == Y and low < point[X] < high and rng.random() < 0.3:
                point[Y] = point[X]  # where squares vanish
    if statement.modulo is not None:
        at_0, at_1 = (value(statement.modulo, {**point, Y: Fraction(y)}) for y in (0, 1))
        if at_0 == at_1:
            return None
        point[Y] = at_0 / (at_0 - at_1)
        if value(statement.modulo, point) != 0:
            return None
    return point


class Empty(Exception):
    """An interval has no point."""


def is_false(rng, statement, draws=40):
    """Whether a point shows it: a wrong sign or value, or no value where one is claimed."""
    defined = tried = 0
    for _ in range(draws):
        try:
            point = draw(rng, statement)
        except (Empty, ZeroDivisionError):
            return True
        if point is None:
            continue
        tried += 1
        try:
            for symbol, meant in statement.where.items():
                point[symbol] = value(meant, point)
            difference = value(statement.lhs, point) - value(statement.rhs, point)
        except ZeroDivisionError:
            if statement.region:
                return True
            continue
        defined += 1
        if not HOLDS[statement.relation](difference):
            return True
    return tried > 10 and defined == 0


# --- the fuzzer ---------------------------------------------------------------------------------


def test_no_wrong_statement_is_accepted(record_property):
    rng = np.random.default_rng(13)
    true = [make(rng) for make in KINDS for _ in range(10)]
    assert not any(is_false(rng, statement) for statement in true)
    proved = sum(isinstance(attempt(s.prove), Certificate) for s in true)
    wrong = [w for s in true for w in altered(rng, s) if is_false(rng, w)]
    accepted = [w for w in wrong if not isinstance(attempt(w.prove), ProofError)]
    record_property("true statements that were proved", f"{proved} of {len(true)}")
    record_property("wrong statements that were refused", f"{len(wrong) - len(accepted)}")
    print(f"{proved} of {len(true)} true statements proved, {len(wrong)} wrong ones tried")
    assert not accepted, accepted[:3]
    assert proved >= 0.9 * len(true)
    assert len(wrong) > 500
    for statement in wrong[::25]:
        with pytest.raises(ProofError):
            statement.by_hand().verify()


def attempt(prove):
    try:
        return prove()
    except ProofError as error:
        return error
