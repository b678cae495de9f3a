"""Complete proofs of identities and signs of rational expressions, each with a certificate.

The module knows nothing of the book's subject. A proof here is a finite computation that a person
can repeat: a remainder that is zero, or a polynomial all of whose coefficients are positive on an
orthant. Where no such certificate is found the statement is refused with a `ProofError`; there is
no third answer, and no sample point counts as proof. `Certificate.spot_check` evaluates the proved
statement at exact rational points, by code that shares nothing with the proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

Region = Mapping[sp.Symbol, tuple[Any, Any]]

_RELATIONS = {"= 0": sp.Eq, "> 0": sp.Gt, "< 0": sp.Lt, ">= 0": sp.Ge, "<= 0": sp.Le}
#: How often a polynomial may be multiplied by 1 + Σt before its signs are given up (Pólya).
_POLYA_STEPS = 6


class ProofError(ValueError):
    """The statement is not proved; the message shows what stood in the way."""


@dataclass(frozen=True)
class Certificate:
    """What was proved, on which region, and the computation that proves it.

    Attributes
    ----------
    expression, relation : the statement `expression relation`, for example `x**2 + 1`, "> 0".
    region : the open intervals in which the symbols lie, in the order of substitution.
    method : one sentence that says how to check the evidence by hand.
    evidence : the (name, expression) pairs that the method speaks of.
    """

    expression: Any
    relation: str
    region: tuple[tuple[sp.Symbol, Any, Any], ...]
    method: str
    evidence: tuple[tuple[str, Any], ...]

    def spot_check(self, *, points: int = 20, rng: Any = None) -> int:
        """Evaluate the statement at random exact rational points; returns how many were checked."""
        generator = np.random.default_rng(rng)
        holds = _RELATIONS[self.relation]
        free = [s for s in sorted(self.expression.free_symbols, key=str) if s not in _names(self)]
        for _ in range(points):
            values: dict[sp.Symbol, Any] = {s: _rational(generator) for s in free}
            for symbol, low, high in self.region:
                low, high = (sp.sympify(end).subs(values) for end in (low, high))
                t = _rational(generator)
                values[symbol] = low + t if high == sp.oo else (low + high * t) / (1 + t)
            if not bool(holds(sp.nsimplify(self.expression.subs(values)), 0)):
                raise AssertionError(f"{self} is false at {values}")
        return points

    def __str__(self) -> str:
        where = ", ".join(f"{low} < {symbol} < {high}" for symbol, low, high in self.region)
        return f"{self.expression} {self.relation}" + (f" for {where}" if where else "")

    def _repr_markdown_(self) -> str:
        where = ", ".join(
            f"${sp.latex(low)} < {sp.latex(s)} < {sp.latex(high)}$" for s, low, high in self.region
        )
        sign = self.relation.replace(">=", r"\ge").replace("<=", r"\le")
        lines = [f"**Proved**: ${sp.latex(self.expression)} {sign}$" + (where and f" for {where}.")]
        lines += [f"*{self.method}*"]
        lines += [f"- {name}: ${sp.latex(value)}$" for name, value in self.evidence]
        return "\n\n".join(lines[:2]) + "\n\n" + "\n".join(lines[2:])


def identity(
    lhs: Any, rhs: Any, *, relation: Any = None, of: sp.Symbol | None = None
) -> Certificate:
    """Prove `lhs == rhs` for rational expressions, or modulo one polynomial relation.

    Parameters
    ----------
    lhs, rhs : rational expressions in their free symbols.
    relation, of : optional. A polynomial that vanishes and the symbol that it defines, such as
        `m`'s quadratic: the numerator's remainder modulo it must then be zero.

    Returns
    -------
    A certificate whose evidence is the zero remainder and the common denominator, whose zeros are
    the only points excepted.

    Raises
    ------
    ProofError : the remainder is not zero; it is shown.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> str(identity((x**2 - 1) / (x - 1), x + 1))
    '-x - 1 + (x**2 - 1)/(x - 1) = 0'
    """
    difference = sp.sympify(lhs) - sp.sympify(rhs)
    numerator, denominator = sp.fraction(sp.together(difference))
    remainder = sp.expand(numerator)
    method = "Bring both sides over the common denominator; the numerator expands to 0."
    if relation is not None:
        remainder = sp.expand(sp.rem(sp.Poly(remainder, of), sp.Poly(relation, of)).as_expr())
        remainder = sp.expand(sp.fraction(sp.together(remainder))[0])
        method = f"The numerator leaves remainder 0 on division by ${sp.latex(relation)}$."
    if not _is_rational(difference):
        raise ProofError(f"not a rational expression, so not decided here: {difference}")
    if remainder != 0:
        raise ProofError(f"not an identity: the numerator of the difference is {remainder}")
    evidence = (("common denominator", sp.factor(denominator)),)
    certificate = Certificate(difference, "= 0", (), method, evidence)
    if relation is None:
        certificate.spot_check(points=3, rng=0)
    return certificate


def positive(expression: Any, region: Region) -> Certificate:
    """Prove `expression > 0` at every point of the open `region`.

    Parameters
    ----------
    expression : a rational expression.
    region : {symbol: (low, high)}; `high` may be oo, and the ends may contain symbols that stand
        earlier in the mapping: `{gamma: (1, oo), a: (0, 1/gamma)}`.

    Each interval is mapped onto t > 0 (low + t, or (low + high·t)/(1 + t)). In these coordinates
    every irreducible factor of numerator and denominator must have coefficients of one sign, if
    need be after multiplication by a power of 1 + Σt; the signs then multiply to +1.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> str(positive(x - x * y, {x: (0, 1), y: (0, 1)}))
    '-x*y + x > 0 for 0 < x < 1, 0 < y < 1'
    """
    return _signed(expression, region, "> 0", +1, strict=True)


def negative(expression: Any, region: Region) -> Certificate:
    """Prove `expression < 0` at every point of the open `region`; see `positive`."""
    return _signed(expression, region, "< 0", -1, strict=True)


def nonnegative(expression: Any, region: Region) -> Certificate:
    """Prove `expression >= 0` on the open `region`: as `positive`, and squares may vanish."""
    return _signed(expression, region, ">= 0", +1, strict=False)


def nonpositive(expression: Any, region: Region) -> Certificate:
    """Prove `expression <= 0` on the open `region`: as `negative`, and squares may vanish."""
    return _signed(expression, region, "<= 0", -1, strict=False)


def mutants(expression: Any) -> Iterator[Any]:
    """The expression with one thing wrong: a sign flipped, or a number doubled, at one place.

    What proves the original must refuse each of them; tests and chapters check that it does.
    """
    expression = sp.sympify(expression)
    for path, node in _nodes(expression):
        if node.is_Add:
            for term in node.args:
                yield _replaced(expression, path, node - 2 * term)
        elif node.is_Number and node not in (0, 1, -1):
            yield _replaced(expression, path, 2 * node)


def refused(prove: Any, statements: Sequence[Any]) -> str:
    """How many of the (false) statements `prove` refuses, as "k of n"; all of them is the aim."""
    count = 0
    for statement in statements:
        try:
            prove(statement)
        except ProofError:
            count += 1
    return f"{count} of {len(statements)}"


def _signed(
    expression: Any, region: Region, relation: str, sign: int, *, strict: bool
) -> Certificate:
    expression = sp.sympify(expression)
    if not _is_rational(expression):
        raise ProofError(f"not a rational expression, so not decided here: {expression}")
    unbound = expression.free_symbols - set(region)
    if unbound:
        raise ProofError(f"the region says nothing of {', '.join(sorted(map(str, unbound)))}")
    substitution: dict[sp.Symbol, Any] = {}
    parameters = []
    for number, (symbol, (low, high)) in enumerate(region.items()):
        t = sp.Symbol(f"t_{number + 1}", positive=True)
        low, high = (sp.sympify(end).subs(substitution) for end in (low, high))
        image = low + t if high == sp.oo else (low + high * t) / (1 + t)
        substitution[symbol] = sp.cancel(image)
        parameters.append(t)
    mapped = sp.factor(sp.together(expression.subs(substitution)))
    found = 1
    evidence: list[tuple[str, Any]] = [
        (f"${sp.latex(symbol)}$ is", image) for symbol, image in substitution.items()
    ]
    for part, name in zip(sp.fraction(mapped), ("numerator", "denominator"), strict=True):
        constant, factors = sp.factor_list(part, *parameters)
        if constant == 0:
            raise ProofError(f"{expression} is identically 0, so not {relation} strictly")
        found *= 1 if constant > 0 else -1
        for factor, power in factors:
            polynomial = sp.Poly(factor, *parameters)
            factor_sign, steps = _coefficient_sign(polynomial)
            if factor_sign == 0 and power % 2 == 0 and not strict and name == "numerator":
                continue  # a square, at least 0
            if factor_sign == 0:
                raise ProofError(
                    f"no sign certificate for {expression} {relation}: the {name}'s factor "
                    f"{factor} has coefficients of both signs"
                )
            found *= factor_sign ** (power % 2)
            multiplied = f" times $(1+\\sum t)^{{{steps}}}$" if steps else ""
            evidence.append((f"{name}, factor with coefficients of one sign{multiplied}", factor))
    if found != sign:
        raise ProofError(f"{expression} has the opposite sign on the whole region")
    method = (
        "With t > 0 in place of the intervals, every factor has coefficients of one sign; "
        "the signs multiply to " + ("+1." if sign > 0 else "−1.")
    )
    bounds = tuple((symbol, low, high) for symbol, (low, high) in region.items())
    certificate = Certificate(expression, relation, bounds, method, tuple(evidence))
    certificate.spot_check(points=3, rng=0)
    return certificate


def _coefficient_sign(polynomial: sp.Poly) -> tuple[int, int]:
    """(±1, k) when (1+Σt)ᵏ·polynomial has coefficients of that sign only, else (0, 0)."""
    raising = sp.Poly(1 + sum(polynomial.gens), *polynomial.gens)
    for steps in range(_POLYA_STEPS + 1):
        coefficients = polynomial.coeffs()
        if all(c > 0 for c in coefficients):
            return 1, steps
        if all(c < 0 for c in coefficients):
            return -1, steps
        polynomial = polynomial * raising
    return 0, 0


def _is_rational(expression: Any) -> bool:
    return bool(expression.is_rational_function(*expression.free_symbols))


def _names(certificate: Certificate) -> set[sp.Symbol]:
    return {symbol for symbol, _, _ in certificate.region}


def _rational(generator: np.random.Generator) -> sp.Rational:
    exact = Fraction(float(10 ** generator.uniform(-2, 2))).limit_denominator(997)
    return sp.Rational(max(exact, Fraction(1, 997)))


def _nodes(expression: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    yield path, expression
    for index, argument in enumerate(expression.args):
        yield from _nodes(argument, (*path, index))


def _replaced(expression: Any, path: tuple[int, ...], node: Any) -> Any:
    if not path:
        return node
    arguments = list(expression.args)
    arguments[path[0]] = _replaced(arguments[path[0]], path[1:], node)
    return expression.func(*arguments)
