"""Complete proofs of identities and signs of rational expressions, each with a certificate.

The module knows nothing of the book's subject. A proof here is a finite computation that a person
can repeat: a remainder that is zero, or a polynomial all of whose coefficients are positive on an
orthant. Where no such certificate is found the statement is refused with a `ProofError`; there is
no third answer, and no sample point counts as proof. `Certificate.spot_check` evaluates the proved
statement at exact rational points, by code that shares nothing with the proof.

A statement is built from symbols and *rational numbers* by +, −, ·, / and whole powers. Anything
else is refused: a float (its rounding could prove what is false), a root (give it a name and its
polynomial as `relation`), a function. "At every point" includes that the expression is defined
there: a denominator that may vanish in the region is refused even where it could be cancelled.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from w2s import _input
from w2s._exact import mp

__all__ = [
    "Certificate",
    "ProofError",
    "identity",
    "mutants",
    "negative",
    "nonnegative",
    "nonpositive",
    "positive",
    "refused",
]

Region = Mapping[sp.Symbol, tuple[Any, Any]]

Definitions = Mapping[sp.Symbol, Any]

_RELATIONS: dict[str, Callable[[Fraction], bool]] = {
    "=": lambda value: value == 0,
    ">": lambda value: value > 0,
    "<": lambda value: value < 0,
    ">=": lambda value: value >= 0,
    "<=": lambda value: value <= 0,
}
#: How often a polynomial may be multiplied by 1 + Σt before its signs are given up (Pólya).
_POLYA_STEPS = 6
_SPOT_CHECK_DIGITS = 60
#: What an identity treats as an indeterminate. Entries of a symbolic matrix are scalars, too.
_INDETERMINATES = (sp.Symbol, MatrixElement)


class ProofError(ValueError):
    """The statement is not proved; the message shows what stood in the way."""


@dataclass(frozen=True, repr=False)
class Certificate:
    """What was proved, on which region, and the computation that proves it.

    The functions of this module make certificates; nobody writes one by hand.

    Attributes
    ----------
    lhs, rhs : sympy.Expr
        The two sides as they were stated; the right-hand side of a sign is 0.
    relation : str
        What stands between them: "=", ">", "<", ">=" or "<=".
    region : tuple of (symbol, low, high)
        The open intervals in which the symbols lie, in the order of substitution.
    method : str
        One sentence that says how to check the evidence by hand.
    evidence : tuple of (str, sympy.Expr)
        What the method speaks of, each part with its name.
    modulo : (symbol, polynomial) or None
        For an identity that holds where a polynomial vanishes, the symbol and that polynomial.
    where : tuple of (symbol, sympy.Expr)
        What stands for the symbols that the statement defines, in the order of substitution.
    """

    lhs: Any
    relation: str
    rhs: Any
    region: tuple[tuple[sp.Symbol, Any, Any], ...]
    method: str
    evidence: tuple[tuple[str, Any], ...]
    modulo: tuple[sp.Symbol, Any] | None = None
    where: tuple[tuple[sp.Symbol, Any], ...] = ()

    @property
    def expression(self) -> Any:
        """What is compared with 0: the difference of the sides, with the definitions put in."""
        return _defined(self.lhs - self.rhs, self.where)

    def spot_check(self, *, points: int = 20, rng: Any = None) -> int:
        """Evaluate the statement at random points of its region.

        The points are rational and the arithmetic is exact; only under `modulo`, whose points are
        roots of a polynomial, it is done with 60 digits.

        Parameters
        ----------
        points : int
            How many points, at least 1.
        rng : None, int, sequence of int or numpy.random.Generator
            Where they come from; a seed gives the same ones again.

        Returns
        -------
        int
            How many points were checked: `points`.

        Raises
        ------
        AssertionError
            The statement is false or undefined at a point, which is shown.
        """
        points, generator = _input.count("points", points), _input.generator("rng", rng)
        checked = 0
        for _ in range(10 * points):
            if checked == points:
                break
            values = self._random_point(generator)
            try:
                holds = self._holds_at(values)
            except ZeroDivisionError:
                if self.region:  # a sign is claimed at every point of the region
                    raise AssertionError(f"{self} is undefined at {_shown(values)}") from None
                continue  # an identity excepts the zeros of its denominators
            if not holds:
                raise AssertionError(f"{self} is false at {_shown(values)}")
            checked += 1
        if checked < points:
            raise AssertionError(f"{self} is undefined almost everywhere")
        return checked

    def _random_point(self, generator: np.random.Generator) -> dict[Any, Fraction]:
        bound = {symbol for symbol, _, _ in self.region}
        named = _indeterminates(self.expression)
        if self.modulo:
            named |= _indeterminates(self.modulo[1])
        free = sorted(named - bound, key=str)
        values = {atom: int(generator.choice([-1, 1])) * _rational(generator) for atom in free}
        for symbol, low, high in self.region:
            t, low = _rational(generator), _value(sp.sympify(low), values)
            ends_nowhere = high == sp.oo
            values[symbol] = (
                low + t if ends_nowhere else (low + _value(sp.sympify(high), values) * t) / (1 + t)
            )
        return values

    def _holds_at(self, values: dict[Any, Fraction]) -> bool:
        if self.modulo is None:
            return _RELATIONS[self.relation](_value(self.expression, values))
        of, polynomial = self.modulo
        others = {atom: sp.Rational(value) for atom, value in values.items() if atom != of}
        coefficients = sp.Poly(polynomial.xreplace(others), of).all_coeffs()
        with mp.workdps(_SPOT_CHECK_DIGITS):
            numbers = {atom: mp.mpf(v.numerator) / v.denominator for atom, v in values.items()}
            roots = mp.polyroots(
                [mp.mpf(int(k.p)) / int(k.q) for k in coefficients], maxsteps=500, extraprec=500
            )
            terms = sp.Add.make_args(self.expression)
            for root in roots:
                parts = [_value(term, {**numbers, of: root}, mp.mpf) for term in terms]
                if abs(sum(parts)) > mp.mpf(10) ** -25 * (1 + sum(map(abs, parts))):
                    return False
        return True

    def __repr__(self) -> str:
        return f"<proved: {self}>"

    def __str__(self) -> str:
        where = ", ".join(f"{low} < {symbol} < {high}" for symbol, low, high in self.region)
        where = f"{self.modulo[1]} = 0" if self.modulo else where
        text = f"{self.lhs} {self.relation} {self.rhs}" + (f" for {where}" if where else "")
        meanings = ", ".join(f"{symbol} = {value}" for symbol, value in self.where)
        return text + (f" where {meanings}" if meanings else "")


def identity(
    lhs: Any,
    rhs: Any,
    *,
    relation: Any = None,
    of: sp.Symbol | None = None,
    where: Definitions | None = None,
) -> Certificate:
    """Prove `lhs == rhs` for rational expressions, or modulo one polynomial relation.

    Excepted are only the points where a denominator as written vanishes, or what the evidence
    names: the common denominator and, with a relation, its leading coefficient.

    Parameters
    ----------
    lhs, rhs : sympy.Expr or int
        Rational expressions in their free symbols.
    relation : sympy.Expr, optional
        A polynomial that vanishes, such as m's quadratic: the numerator's remainder modulo it must
        be zero.
    of : sympy.Symbol, optional
        The symbol that the relation defines.
    where : mapping of sympy.Symbol to sympy.Expr, optional
        Abbreviations that the statement uses, such as `{c: imbalance}`. They are put in, one after
        the other, before anything is decided; the certificate states them.

    Returns
    -------
    Certificate
        The proof, with the common denominator as its evidence.

    Raises
    ------
    ProofError
        The remainder is not zero; it is shown. Or the statement says nothing: one of its
        denominators vanishes identically, or wherever the relation holds.

    Examples
    --------
    >>> x, m = sp.symbols("x m")
    >>> str(identity((x**2 - 1) / (x - 1), x + 1))
    '(x**2 - 1)/(x - 1) = x + 1'
    >>> str(identity(1 / m, m - 1, relation=m**2 - m - 1, of=m))
    '1/m = m - 1 for m**2 - m - 1 = 0'
    """
    lhs, rhs = as_expression("lhs", lhs), as_expression("rhs", rhs)
    definitions = tuple((where or {}).items())
    difference = _rational_expression("lhs", _defined(lhs, definitions))
    difference -= _rational_expression("rhs", _defined(rhs, definitions))
    modulus = _modulus(relation, of)
    for denominator in _denominators(difference):
        numerator = sp.expand(sp.fraction(sp.together(denominator))[0])
        if numerator == 0:
            raise ProofError(f"undefined everywhere: the denominator {denominator} is 0")
        if modulus and sp.Poly(sp.gcd(numerator, modulus.as_expr()), of).degree() > 0:
            raise ProofError(
                f"the denominator {denominator} vanishes where {modulus.as_expr()} = 0"
            )
    numerator, denominator = sp.fraction(sp.together(difference))
    remainder = sp.expand(numerator)
    method = "Bring both sides over the common denominator; the numerator expands to 0."
    evidence = [("common denominator", sp.factor(denominator))]
    if modulus:
        remainder = sp.expand(sp.rem(sp.Poly(remainder, of), modulus).as_expr())
        remainder = sp.expand(sp.fraction(sp.together(remainder))[0])
        method = f"The numerator leaves remainder 0 on division by ${sp.latex(relation)}$."
        evidence.append(("divided by, so not 0", sp.factor(modulus.LC())))
    if remainder != 0:
        raise ProofError(f"not an identity: the numerator of the difference is {remainder}")
    given = (of, modulus.as_expr()) if modulus else None
    certificate = Certificate(lhs, "=", rhs, (), method, tuple(evidence), given, definitions)
    certificate.spot_check(points=1 if modulus else 3, rng=0)
    return certificate


def positive(
    expression: Any, region: Region, *, where: Definitions | None = None
) -> Certificate:
    """Prove `expression > 0` at every point of the open `region`.

    Each interval is mapped onto t > 0 (low + t, or (low + high·t)/(1 + t)). In these coordinates
    every irreducible factor of numerator and denominator must have coefficients of one sign, if
    need be after multiplication by a power of 1 + Σt; a factor in one t alone may instead have no
    root in t > 0, by Sturm's theorem. The signs then multiply to +1.

    Parameters
    ----------
    expression : sympy.Expr
        A rational expression.
    region : mapping of sympy.Symbol to (low, high)
        Where its symbols lie. `high` may be oo, and the ends may contain symbols that stand earlier
        in the mapping: `{gamma: (1, oo), a: (0, 1/gamma)}`. That each interval is not empty is
        proved first.
    where : mapping of sympy.Symbol to sympy.Expr, optional
        Abbreviations that the statement uses, as for `identity`.

    Returns
    -------
    Certificate
        The factors and why each has its sign.

    Raises
    ------
    ProofError
        No certificate was found; the message shows what stood in the way.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> str(positive(x - x * y, {x: (0, 1), y: (0, 1)}))
    '-x*y + x > 0 for 0 < x < 1, 0 < y < 1'
    """
    return _signed(expression, region, where, ">", +1, strict=True)


def negative(
    expression: Any, region: Region, *, where: Definitions | None = None
) -> Certificate:
    """Prove `expression < 0` at every point of the open `region`; see `positive`.

    Parameters
    ----------
    expression : sympy.Expr
        A rational expression.
    region : mapping of sympy.Symbol to (low, high)
        Where its symbols lie, as for `positive`.
    where : mapping of sympy.Symbol to sympy.Expr, optional
        Abbreviations that the statement uses, as for `identity`.

    Returns
    -------
    Certificate
        The factors and why each has its sign.

    Raises
    ------
    ProofError
        No certificate was found; the message shows what stood in the way.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> str(negative(x - 1, {x: (0, 1)}))
    'x - 1 < 0 for 0 < x < 1'
    """
    return _signed(expression, region, where, "<", -1, strict=True)


def nonnegative(
    expression: Any, region: Region, *, where: Definitions | None = None
) -> Certificate:
    """Prove `expression >= 0` on the open `region`: as `positive`, and squares may vanish.

    Parameters
    ----------
    expression : sympy.Expr
        A rational expression.
    region : mapping of sympy.Symbol to (low, high)
        Where its symbols lie, as for `positive`.
    where : mapping of sympy.Symbol to sympy.Expr, optional
        Abbreviations that the statement uses, as for `identity`.

    Returns
    -------
    Certificate
        The factors and why each has its sign.

    Raises
    ------
    ProofError
        No certificate was found; the message shows what stood in the way.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> str(nonnegative((2 * x - 1) ** 2, {x: (0, 1)}))
    '(2*x - 1)**2 >= 0 for 0 < x < 1'
    """
    return _signed(expression, region, where, ">=", +1, strict=False)


def nonpositive(
    expression: Any, region: Region, *, where: Definitions | None = None
) -> Certificate:
    """Prove `expression <= 0` on the open `region`: as `negative`, and squares may vanish.

    Parameters
    ----------
    expression : sympy.Expr
        A rational expression.
    region : mapping of sympy.Symbol to (low, high)
        Where its symbols lie, as for `positive`.
    where : mapping of sympy.Symbol to sympy.Expr, optional
        Abbreviations that the statement uses, as for `identity`.

    Returns
    -------
    Certificate
        The factors and why each has its sign.

    Raises
    ------
    ProofError
        No certificate was found; the message shows what stood in the way.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> str(nonpositive(-((2 * x - 1) ** 2), {x: (0, 1)}))
    '-(2*x - 1)**2 <= 0 for 0 < x < 1'
    """
    return _signed(expression, region, where, "<=", -1, strict=False)


def mutants(expression: Any) -> Iterator[Any]:
    """Alter the expression in one place at a time: a sign flipped, or a number doubled.

    What proves the original must refuse each of them; tests and chapters check that it does.

    Parameters
    ----------
    expression : sympy.Expr
        What is right.

    Returns
    -------
    iterator of sympy.Expr
        The same with one thing wrong.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> [str(wrong) for wrong in mutants(2 * x + 1)]
    ['2*x - 1', '1 - 2*x', '4*x + 1']
    """
    return _altered(as_expression("expression", expression))


def _altered(expression: Any) -> Iterator[Any]:
    for path, node in _nodes(expression):
        if node.is_Add:
            for term in node.args:
                yield _replaced(expression, path, node - 2 * term)
        elif node.is_Number and node not in (0, 1, -1):
            yield _replaced(expression, path, 2 * node)


def refused(prove: Callable[[Any], Any], statements: Collection[Any]) -> str:
    """Count how many of the (false) statements `prove` refuses; all of them is the aim.

    Parameters
    ----------
    prove : callable
        Takes a statement; raises ProofError where it finds no proof.
    statements : collection
        What must not be proved, at least one.

    Returns
    -------
    str
        "k of n".

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> refused(lambda claim: identity(claim, x + 1), list(mutants(x + 1)))
    '2 of 2'
    """
    if not callable(prove):
        raise TypeError(f"prove must be a function of one statement, got {prove!r}")
    if not isinstance(statements, Collection) or isinstance(statements, str):
        raise TypeError(f"statements must be a list of them, got {type(statements).__name__}")
    if not statements:
        raise ValueError("statements must not be empty: nothing would be shown")
    count = 0
    for statement in statements:
        try:
            prove(statement)
        except ProofError:
            count += 1
    return f"{count} of {len(statements)}"


def as_expression(name: str, value: Any) -> Any:
    """`value` as a SymPy expression; TypeError for anything else, text included."""
    try:
        found = sp.sympify(value, strict=True)
    except (sp.SympifyError, TypeError):
        found = None
    if not isinstance(found, sp.Expr):
        raise TypeError(f"{name} must be a SymPy expression or a number, got {_input._show(value)}")
    if found is sp.nan:
        raise ProofError(f"{name}: nan is not exact and rational, and no number at all")
    return found


def _defined(expression: Any, definitions: Iterable[tuple[sp.Symbol, Any]]) -> Any:
    for symbol, value in definitions:
        expression = expression.xreplace({symbol: value})
    return expression


def _signed(
    stated: Any,
    region: Region,
    where: Definitions | None,
    relation: str,
    sign: int,
    *,
    strict: bool,
) -> Certificate:
    stated = as_expression("expression", stated)
    definitions = tuple((where or {}).items())
    expression = _rational_expression("expression", _defined(stated, definitions))
    _require_region(region)
    unbound = _indeterminates(expression) - set(region)
    if unbound:
        raise ProofError(f"the region says nothing of {', '.join(sorted(map(str, unbound)))}")
    images = _chart(region, {s.name for s in (*region, *expression.free_symbols)})
    evidence: list[tuple[str, Any]] = [
        (f"${sp.latex(symbol)}$ is", image) for symbol, image in images.items()
    ]
    found, factors = _sign(expression, images, strict=strict)
    if found == 0 and strict:
        raise ProofError(f"{expression} is identically 0, so not {relation} 0")
    if found == -sign:
        raise ProofError(f"{expression} has the opposite sign on the whole region")
    method = (
        "With t > 0 in place of the intervals, every factor has coefficients of one sign; "
        "the signs multiply to " + ("+1." if sign > 0 else "−1.")
    )
    bounds = tuple((symbol, low, high) for symbol, (low, high) in region.items())
    proof = (method, (*evidence, *factors), None, definitions)
    certificate = Certificate(stated, relation, sp.Integer(0), bounds, *proof)
    certificate.spot_check(points=3, rng=0)
    return certificate


def _require_region(region: Any) -> None:
    said = "region must be a mapping {symbol: (low, high)}"
    if not isinstance(region, Mapping):
        raise TypeError(f"{said}, got {_input._show(region)}")
    for symbol, ends in region.items():
        if not isinstance(symbol, sp.Symbol):
            raise TypeError(f"{said}, got the key {_input._show(symbol)}")
        if not isinstance(ends, (tuple, list)) or len(ends) != 2:
            raise TypeError(f"{said}, got {ends} for {symbol}")


def _chart(region: Region, taken: set[str]) -> dict[sp.Symbol, Any]:
    """Each symbol of the region as a function of parameters t > 0, after a proof that it exists."""
    letter = next(x for x in "tuvwxyz" if not any(name.startswith(f"{x}_") for name in taken))
    images: dict[sp.Symbol, Any] = {}
    for number, (symbol, (low, high)) in enumerate(region.items()):
        if symbol.name in {other.name for other in images}:
            raise ProofError(f"the region has two different symbols that are both called {symbol}")
        ends = [_rational_expression("region", low)]
        if high != sp.oo:
            ends.append(_rational_expression("region", high))
        unknown = set().union(*map(_indeterminates, ends)) - set(images)
        if unknown:
            raise ProofError(
                f"the ends of {symbol} depend on {', '.join(sorted(map(str, unknown)))}, "
                "which must stand before it in the region"
            )
        t = sp.Symbol(f"{letter}_{number + 1}", positive=True)
        if high == sp.oo:
            _refuse_poles(ends[0], images)
            image = ends[0].xreplace(images) + t
        else:
            _refuse_empty(symbol, ends[0], ends[1], images)
            low, high = (end.xreplace(images) for end in ends)
            image = (low + high * t) / (1 + t)
        images[symbol] = sp.cancel(image)
    return images


def _refuse_empty(symbol: sp.Symbol, low: Any, high: Any, images: dict[sp.Symbol, Any]) -> None:
    for end in (low, high):  # not their difference alone: equal poles would cancel in it
        _refuse_poles(end, images)
    try:
        width, _ = _sign(high - low, images, strict=True)
    except ProofError as error:
        raise ProofError(f"{low} < {symbol} < {high} may be empty: {error}") from None
    if width != 1:
        raise ProofError(f"{low} < {symbol} < {high} is empty")


def _refuse_poles(expression: Any, images: dict[sp.Symbol, Any]) -> None:
    """ProofError unless every denominator, as it is written, has one sign on the region."""
    for denominator in _denominators(expression):
        try:
            sign, _ = _factor_signs(denominator.xreplace(images), images, strict=True)
        except ProofError as error:
            raise ProofError(f"the denominator {denominator} may vanish: {error}") from None
        if sign == 0:
            raise ProofError(f"undefined everywhere: the denominator {denominator} is 0")


def _sign(
    expression: Any, images: dict[sp.Symbol, Any], *, strict: bool
) -> tuple[int, list[tuple[str, Any]]]:
    """The sign of an expression on the chart (0: it is identically 0) and what shows it."""
    _refuse_poles(expression, images)
    return _factor_signs(expression.xreplace(images), images, strict=strict)


def _factor_signs(
    mapped: Any, images: dict[sp.Symbol, Any], *, strict: bool
) -> tuple[int, list[tuple[str, Any]]]:
    parameters = sorted(set().union(*(i.free_symbols for i in images.values())), key=str)
    mapped = sp.factor(sp.together(mapped))
    if mapped == 0:
        return 0, [("it expands to", mapped)]
    sign = 1
    evidence: list[tuple[str, Any]] = []
    for part, name in zip(sp.fraction(mapped), ("numerator", "denominator"), strict=True):
        constant, factors = sp.factor_list(part, *parameters)
        sign *= 1 if constant > 0 else -1
        for factor, power in factors:
            factor_sign, reason = _one_sign(sp.Poly(factor, *parameters))
            if factor_sign == 0 and power % 2 == 0 and not strict and name == "numerator":
                evidence.append((f"{name}, to the even power {power}, so at least 0", factor))
                continue
            if factor_sign == 0:
                raise ProofError(
                    f"no sign certificate: the {name}'s factor {factor} has coefficients of both "
                    "signs"
                )
            sign *= factor_sign ** (power % 2)
            evidence.append((f"{name}, factor {reason}", factor))
    return sign, evidence


def _one_sign(polynomial: sp.Poly) -> tuple[int, str]:
    """The sign of a polynomial on t > 0 and why it has it; 0 where no certificate is found."""
    raised = polynomial
    raising = sp.Poly(1 + sum(polynomial.gens), *polynomial.gens)
    for steps in range(_POLYA_STEPS + 1):
        multiplied = f" times $(1+\\sum t)^{{{steps}}}$" if steps else ""
        for sign in (1, -1):
            if all(sign * coefficient > 0 for coefficient in raised.coeffs()):
                return sign, f"with coefficients of one sign{multiplied}"
        raised = raised * raising
    if len(polynomial.free_symbols) == 1:
        return _without_root(sp.Poly(polynomial.as_expr(), *polynomial.free_symbols))
    return 0, ""


def _without_root(polynomial: sp.Poly) -> tuple[int, str]:
    """The sign of an irreducible polynomial in one t if it has no root in t > 0 (Sturm)."""
    chain = sp.sturm(polynomial)
    at_zero, at_infinity = ([p.eval(0) for p in chain], [p.LC() for p in chain])
    if polynomial.eval(0) == 0 or _sign_changes(at_zero) != _sign_changes(at_infinity):
        return 0, ""
    value = polynomial.eval(1)
    reason = f"without a root in $t>0$ by Sturm's theorem and with the value {value} at 1"
    return (1 if value > 0 else -1), reason


def _sign_changes(numbers: Sequence[Any]) -> int:
    signs = [number > 0 for number in numbers if number != 0]
    return sum(before != after for before, after in itertools.pairwise(signs))


def _modulus(relation: Any, of: sp.Symbol | None) -> sp.Poly | None:
    """The relation as a polynomial in `of`; ProofError where a remainder would say nothing."""
    if relation is None:
        if of is not None:
            raise ProofError(f"no relation says what {of} is")
        return None
    relation = _rational_expression("relation", relation)
    if of is not None and not isinstance(of, _INDETERMINATES):
        raise TypeError(f"of must be a symbol of the relation, got {_input._show(of)}")
    if of is None or of not in relation.free_symbols:
        raise ProofError(f"the relation {relation} must contain the symbol that it defines: {of}")
    if _denominators(relation):
        raise ProofError(f"the relation must be a polynomial, got {relation}")
    modulus = sp.Poly(sp.expand(relation), of)
    if modulus.degree() < 1:
        raise ProofError(f"the relation {relation} does not restrict {of}")
    return modulus


def _rational_expression(name: str, value: Any) -> Any:
    expression = as_expression(name, value)
    foreign = _foreign(expression)
    if foreign is not None:
        raise ProofError(
            f"{name}: {foreign} is not exact and rational, so not decided here; allowed are "
            "symbols and rational numbers under +, -, *, / and whole powers"
        )
    return expression


def _foreign(expression: Any) -> Any:
    """The first part of the expression that is not rational arithmetic, or None."""
    if isinstance(expression, _INDETERMINATES):
        return None if expression.is_commutative else expression
    if isinstance(expression, sp.Rational):
        return None
    if isinstance(expression, sp.Pow):
        whole = isinstance(expression.exp, sp.Integer)
        return _foreign(expression.base) if whole else expression
    if isinstance(expression, (sp.Add, sp.Mul)):
        return next((f for f in map(_foreign, expression.args) if f is not None), None)
    return expression


def _indeterminates(expression: Any) -> set[Any]:
    if isinstance(expression, _INDETERMINATES):
        return {expression}
    return set().union(*map(_indeterminates, expression.args))


def _denominators(expression: Any) -> list[Any]:
    """Every base of a negative power, innermost first: where one is 0 the value is undefined."""
    if isinstance(expression, _INDETERMINATES):
        return []
    found = [base for argument in expression.args for base in _denominators(argument)]
    if isinstance(expression, sp.Pow) and expression.exp.is_negative:
        found.append(expression.base)
    return list(dict.fromkeys(found))


def _value(
    expression: Any, values: Mapping[Any, Any], number: Callable[[int], Any] = Fraction
) -> Any:
    """The expression's value by plain arithmetic; ZeroDivisionError where it is undefined."""
    if expression in values:
        return values[expression]
    if isinstance(expression, sp.Rational):
        return number(int(expression.p)) / int(expression.q)
    if isinstance(expression, sp.Pow):
        return _value(expression.base, values, number) ** int(expression.exp)
    parts = [_value(argument, values, number) for argument in expression.args]
    return sum(parts) if isinstance(expression, sp.Add) else math.prod(parts)


def _shown(values: Mapping[Any, Fraction]) -> str:
    return ", ".join(f"{atom} = {value}" for atom, value in values.items())


def _rational(generator: np.random.Generator) -> Fraction:
    exact = Fraction(float(10 ** generator.uniform(-2, 2))).limit_denominator(997)
    return max(exact, Fraction(1, 997))


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
