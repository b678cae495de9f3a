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
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

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
Pairs = tuple[tuple[sp.Symbol, Any], ...]

_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
#: The sign that each relation to 0 asks for, and whether 0 itself is excluded.
_SIGNS = {">": (+1, True), "<": (-1, True), ">=": (+1, False), "<=": (-1, False)}
#: How often a polynomial may be multiplied by 1 + Σt or Σt before its signs are given up (Pólya).
_POLYA_STEPS = 6
_SPOT_CHECK_DIGITS = 60
#: What an identity treats as an indeterminate. Entries of a symbolic matrix are scalars, too.
_INDETERMINATES = (sp.Symbol, MatrixElement)


class ProofError(ValueError):
    """The statement is not proved; the message shows what stood in the way."""


@dataclass(frozen=True, repr=False)
class Certificate:
    """What was proved, on which region, and the computation that proves it.

    The functions of this module make certificates; one that was written by hand proves nothing
    until `verify` has found the same.

    Attributes
    ----------
    lhs, rhs : sympy.Expr
        The two sides as they were stated; the right-hand side of a sign is 0.
    relation : str
        What stands between them: "=", ">", "<", ">=" or "<=".
    region : tuple of (symbol, low, high)
        The open intervals in which the symbols lie, in the order of substitution.
    method : str
        How the statement was settled, in a few words of Markdown.
    evidence : tuple of (str, sympy.Expr)
        What the method speaks of, each part with its name.
    modulo : (symbol, polynomial) or None
        For an identity that holds where a polynomial vanishes, the symbol and that polynomial.
    where : tuple of (symbol, sympy.Expr)
        What stands for the symbols that the statement defines, in the order of substitution; they
        may occur in the sides, in `modulo` and in the ends of the region.
    exceptions : tuple of sympy.Expr
        What must not be 0, because an identity divides by it. Left out is what the assumptions of
        its symbols, such as `positive`, keep away from 0.
    """

    lhs: Any
    relation: str
    rhs: Any
    region: tuple[tuple[sp.Symbol, Any, Any], ...]
    method: str
    evidence: tuple[tuple[str, Any], ...]
    modulo: tuple[sp.Symbol, Any] | None = None
    where: Pairs = ()
    exceptions: tuple[Any, ...] = ()

    def verify(self) -> None:
        """Decide the statement again, unless the engine itself made this certificate.

        Raises
        ------
        ProofError
            The statement is not proved, or what the certificate says besides it, such as its
            exceptions or its evidence, is not what the proof gives.
        """
        if _MADE.get(id(self)) is self:
            return
        try:
            other = [
                name for name, value in self._decided().items() if getattr(self, name) != value
            ]
        except (AttributeError, TypeError, ValueError) as error:
            raise ProofError(f"the certificate does not hold: {error}") from error
        if other:
            raise ProofError(f"the certificate is not what the proof gives: {', '.join(other)}")

    def _decided(self) -> dict[str, Any]:
        if self.relation == "=":
            of, relation = self.modulo or (None, None)
            return _identity(self.lhs, self.rhs, relation, of, dict(self.where))
        if self.relation not in _SIGNS:
            raise ProofError(f"there is no relation {self.relation!r}")
        region = {symbol: (low, high) for symbol, low, high in self.region}
        return _signed(self.lhs, region, dict(self.where), self.relation)

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
        parts = (self.lhs, self.rhs, *(self.modulo or ()), *(value for _, value in self.where))
        named = set().union(*map(_indeterminates, parts))
        bound = {symbol for symbol, *_ in (*self.region, *self.where)}
        free = sorted(named - bound, key=str)
        values = {atom: int(generator.choice([-1, 1])) * _rational(generator) for atom in free}
        for symbol, *ends in self.region:
            t, low = _rational(generator), _value(_defined(ends[0], self.where), values)
            if ends[1] == sp.oo:
                values[symbol] = low + t
            else:
                high = _value(_defined(ends[1], self.where), values)
                values[symbol] = (low + high * t) / (1 + t)
        return values

    def _holds_at(self, values: dict[Any, Any]) -> bool:
        if self.modulo is None:
            left, right = (self._value(side, values) for side in (self.lhs, self.rhs))
            return _RELATIONS[self.relation](left, right)
        of, polynomial = self.modulo
        others = {atom: sp.Rational(value) for atom, value in values.items() if atom != of}
        polynomial = sp.together(_defined(polynomial, self.where).xreplace(others))
        coefficients = sp.Poly(sp.fraction(polynomial)[0], of).all_coeffs()
        with mp.workdps(_SPOT_CHECK_DIGITS):
            numbers = {atom: mp.mpf(v.numerator) / v.denominator for atom, v in values.items()}
            roots = mp.polyroots(
                [mp.mpf(int(k.p)) / int(k.q) for k in coefficients], maxsteps=500, extraprec=500
            )
            terms = [*sp.Add.make_args(self.lhs), *(-term for term in sp.Add.make_args(self.rhs))]
            for root in roots:
                parts = [self._value(term, {**numbers, of: root}, mp.mpf) for term in terms]
                if abs(sum(parts)) > mp.mpf(10) ** -25 * (1 + sum(map(abs, parts))):
                    return False
        return True

    def _value(
        self, side: Any, values: dict[Any, Any], number: Callable[[int], Any] = Fraction
    ) -> Any:
        values = dict(values)
        for symbol, meaning in reversed(self.where):  # a definition may use what comes after it
            values[symbol] = _value(meaning, values, number)
        return _value(side, values, number)

    def __repr__(self) -> str:
        return f"<proved: {self}>"

    def __str__(self) -> str:
        conditions = [f"{low} < {symbol} < {high}" for symbol, low, high in self.region]
        conditions += [f"{self.modulo[1]} = 0"] if self.modulo else []
        conditions += [f"{part} ≠ 0" for part in self.exceptions]
        text = f"{self.lhs} {self.relation} {self.rhs}"
        text += f" for {', '.join(conditions)}" if conditions else ""
        meanings = ", ".join(f"{symbol} = {value}" for symbol, value in self.where)
        return text + (f" where {meanings}" if meanings else "")


#: The engine's own certificates, by their `id`.
_MADE: WeakValueDictionary[int, Certificate] = WeakValueDictionary()


def _made(fields: Mapping[str, Any], points: int) -> Certificate:
    certificate = Certificate(**fields)
    certificate.spot_check(points=points, rng=0)
    _MADE[id(certificate)] = certificate
    return certificate


def identity(
    lhs: Any,
    rhs: Any,
    *,
    relation: Any = None,
    of: sp.Symbol | None = None,
    where: Definitions | None = None,
) -> Certificate:
    """Prove `lhs == rhs` for rational expressions, or modulo one polynomial relation.

    Excepted are only the points where a denominator as written vanishes or, with a relation, its
    leading coefficient; the certificate's `exceptions` name them.

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
        the other, before anything is decided; the certificate states them. Each may use those that
        come after it.

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
    '(x**2 - 1)/(x - 1) = x + 1 for x - 1 ≠ 0'
    >>> str(identity(1 / m, m - 1, relation=m**2 - m - 1, of=m))
    '1/m = m - 1 for m**2 - m - 1 = 0'
    """
    return _made(_identity(lhs, rhs, relation, of, where), points=1 if relation else 3)


def positive(expression: Any, region: Region, *, where: Definitions | None = None) -> Certificate:
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
    return _made(_signed(expression, region, where, ">"), points=3)


def negative(expression: Any, region: Region, *, where: Definitions | None = None) -> Certificate:
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
    return _made(_signed(expression, region, where, "<"), points=3)


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
    return _made(_signed(expression, region, where, ">="), points=3)


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
    return _made(_signed(expression, region, where, "<="), points=3)


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


def _definitions(where: Any, statement: Iterable[Any], bound: Collection[sp.Symbol]) -> Pairs:
    """`where` as checked pairs, each in terms of what comes after it."""
    if where is None:
        return ()
    if not isinstance(where, Mapping):
        said = _input._show(where)
        raise TypeError(f"where must be a mapping {{symbol: expression}}, got {said}")
    used = set().union(*map(_indeterminates, statement))
    defined: dict[sp.Symbol, Any] = {}
    for symbol, value in where.items():
        if not isinstance(symbol, sp.Symbol):
            said = _input._show(symbol)
            raise TypeError(f"where must be a mapping {{symbol: expression}}, got the key {said}")
        if symbol in bound:
            raise ValueError(f"where must not define {symbol}, which varies")
        if symbol not in used:
            raise ValueError(f"where must not define {symbol}, which the statement does not use")
        value = defined[symbol] = _rational_expression("where", value)
        circular = _indeterminates(value) & set(defined)
        if circular:
            raise ValueError(
                f"where must define {', '.join(map(str, circular))} after {symbol}, which uses it, "
                "and nothing in a circle"
            )
        used |= _indeterminates(value)
    names = [str(symbol) for symbol in used if str(symbol) in set(map(str, defined))]
    if len(names) > len(defined):
        raise ValueError(f"where must define the only symbol of its name, got {sorted(names)}")
    return tuple(defined.items())


def _defined(expression: Any, definitions: Iterable[tuple[sp.Symbol, Any]]) -> Any:
    expression = sp.sympify(expression)
    for symbol, value in definitions:
        expression = expression.xreplace({symbol: value})
    return expression


def _poles(parts: Iterable[Any], definitions: Pairs) -> Iterator[Any]:
    """Every denominator of the parts and the definitions as written; then these are put in.

    Looked at afterwards a denominator may have gone: 1/(1 + 1/c) is 0 for SymPy where c is 0.
    """
    for part in (*parts, *(value for _, value in definitions)):
        for denominator in _denominators(part):
            yield _rational_expression("the denominator", _defined(denominator, definitions))


def _identity(
    lhs: Any, rhs: Any, relation: Any, of: Any, where: Definitions | None
) -> dict[str, Any]:
    """What the certificate of an identity says; ProofError where there is none."""
    sides = _rational_expression("lhs", lhs), _rational_expression("rhs", rhs)
    relation = None if relation is None else _rational_expression("relation", relation)
    if of is not None and not isinstance(of, _INDETERMINATES):
        raise TypeError(f"of must be a symbol of the relation, got {_input._show(of)}")
    parts = sides if relation is None else (*sides, relation)
    definitions = _definitions(where, parts, set() if of is None else {of})
    for symbol, value in definitions:
        meant = _defined(value, definitions)
        if any(getattr(meant, f"is_{f}") is (not known) for f, known in _facts(symbol).items()):
            raise ProofError(f"{symbol} = {value} is not what {sp.srepr(symbol)} assumes")
    modulus = _modulus(relation, of, definitions)
    exceptions = _exceptions(_poles(sides, definitions), modulus)
    difference = sp.together(_defined(sides[0], definitions) - _defined(sides[1], definitions))
    numerator, denominator = sp.fraction(difference)
    remainder = sp.expand(numerator)
    divides = any(map(_denominators, (*sides, *dict(definitions).values())))
    method = "numerator " * divides + "expands to 0"
    evidence = [] if denominator.is_number else [("common denominator", sp.factor(denominator))]
    if modulus:
        remainder = sp.expand(sp.rem(sp.Poly(remainder, of), modulus).as_expr())
        remainder = sp.expand(sp.fraction(sp.together(remainder))[0])
        method = "remainder 0 modulo the relation"
        if not modulus.LC().is_number:
            evidence.append(("divided by", sp.factor(modulus.LC())))
    if remainder != 0:
        raise ProofError(f"not an identity: the numerator of the difference is {remainder}")
    return {
        **{"lhs": sides[0], "relation": "=", "rhs": sides[1], "region": ()},
        **{"method": method, "evidence": tuple(evidence)},
        "modulo": (of, relation) if modulus else None,
        **{"where": definitions, "exceptions": exceptions},
    }


def _exceptions(poles: Iterable[Any], modulus: sp.Poly | None) -> tuple[Any, ...]:
    """The factors of what is divided by; ProofError where one of them is 0 at every point."""
    written: dict[Any, Any] = {}
    found: dict[Any, Any] = {}
    for denominator in poles:
        numerator = sp.fraction(sp.together(denominator))[0]
        expanded = sp.expand(numerator)
        if denominator.is_zero or expanded == 0:
            raise ProofError(f"undefined everywhere: the denominator {denominator} is 0")
        if expanded.is_number:
            continue
        written |= {
            sp.expand(sign * d): d for d in sp.Mul.make_args(denominator) for sign in (1, -1)
        }
        for factor, _ in sp.factor_list(numerator)[1]:
            if modulus and modulus.gen in _indeterminates(factor):
                resultant = sp.resultant(factor, modulus.as_expr(), modulus.gen)
                if sp.expand(resultant) == 0:
                    raise ProofError(
                        f"the denominator {denominator} vanishes where {modulus.as_expr()} = 0"
                    )
                if resultant.is_number:
                    continue
            if factor.is_zero:
                raise ProofError(f"undefined everywhere: the denominator {denominator} is 0")
            found[factor] = written.get(factor, factor)
    if modulus:
        found |= {factor: factor for factor, _ in sp.factor_list(modulus.LC())[1]}
    return tuple(shown for factor, shown in found.items() if factor.is_zero is not False)


def _signed(
    expression: Any, region: Region, where: Definitions | None, relation: str
) -> dict[str, Any]:
    """What the certificate of a sign says; ProofError where there is none."""
    stated = _rational_expression("expression", expression)
    wanted, strict = _SIGNS[relation]
    _require_region(region)
    bounds = {s: tuple(as_expression("region", end) for end in ends) for s, ends in region.items()}
    parts = [stated, *itertools.chain.from_iterable(bounds.values())]
    definitions = _definitions(where, parts, region)
    named = set().union(*map(_indeterminates, (stated, *dict(definitions).values())))
    unbound = named - {*region, *dict(definitions)}
    if unbound:
        raise ProofError(f"the region says nothing of {', '.join(sorted(map(str, unbound)))}")
    images = _chart(bounds, definitions)
    for denominator in _poles([stated], definitions):
        _refuse_pole(denominator, images)
    for symbol, value in definitions:
        meant = _defined(value, definitions)
        sign = partial(_side, meant, meant, images=images, strict=True)
        _refuse_assumptions(symbol, f"{symbol} = {value}", sign)
    found, reasons = _sign(_defined(stated, definitions), images, strict=strict)
    if found == 0 and strict:
        raise ProofError(f"{stated} is identically 0, so not {relation} 0")
    if found == -wanted:
        raise ProofError(f"{stated} has the opposite sign on the whole region")
    evidence = [("with every $t>0$", sp.Eq(s, images[s], evaluate=False)) for s in images]
    evidence += [(f"{name}: {_said(how, seen)}", part) for name, part, how, seen in reasons]
    return {
        **{"lhs": stated, "relation": relation, "rhs": sp.Integer(0)},
        "region": tuple((symbol, *ends) for symbol, ends in bounds.items()),
        **{"method": _method(reasons), "evidence": tuple(evidence)},
        **{"modulo": None, "where": definitions, "exceptions": ()},
    }


def _require_region(region: Any) -> None:
    said = "region must be a mapping {symbol: (low, high)}"
    if not isinstance(region, Mapping):
        raise TypeError(f"{said}, got {_input._show(region)}")
    for symbol, ends in region.items():
        if not isinstance(symbol, sp.Symbol):
            raise TypeError(f"{said}, got the key {_input._show(symbol)}")
        if not isinstance(ends, (tuple, list)) or len(ends) != 2:
            raise TypeError(f"{said}, got {ends} for {symbol}")


def _chart(region: Mapping[sp.Symbol, Any], definitions: Pairs) -> dict[sp.Symbol, Any]:
    """Each symbol of the region as a function of parameters t > 0, after a proof that it exists."""
    letter = next(x for x in "tuvwxyz" if not any(s.name.startswith(f"{x}_") for s in region))
    images: dict[sp.Symbol, Any] = {}
    for number, (symbol, (low, high)) in enumerate(region.items()):
        if symbol.name in {other.name for other in images}:
            raise ProofError(f"the region has two different symbols that are both called {symbol}")
        ends = [_rational_expression("region", low)]
        if high != sp.oo:
            ends.append(_rational_expression("region", high))
        unknown = set().union(*(_indeterminates(_defined(end, definitions)) for end in ends))
        unknown -= set(images)
        if unknown:
            raise ProofError(
                f"the ends of {symbol} depend on {', '.join(sorted(map(str, unknown)))}, "
                "which must stand before it in the region"
            )
        for end in ends:  # not their difference alone: equal poles would cancel in it
            for denominator in _denominators(end):
                _refuse_pole(_defined(denominator, definitions), images)
        mapped = [_defined(end, definitions).xreplace(images) for end in ends]
        shown = f"{low} < {symbol} < {high}"
        if high != sp.oo:
            _refuse_empty(shown, mapped[1] - mapped[0], images)
        _refuse_assumptions(symbol, shown, partial(_side, *mapped, images=images))
        t = sp.Symbol(f"{letter}_{number + 1}", positive=True)
        image = mapped[0] + t if high == sp.oo else (mapped[0] + mapped[1] * t) / (1 + t)
        images[symbol] = sp.cancel(image)
    return images


def _refuse_empty(shown: str, width: Any, images: dict[sp.Symbol, Any]) -> None:
    try:
        sign, _ = _sign(width, images, strict=True)
    except ProofError as error:
        raise ProofError(f"{shown} may be empty: {error}") from None
    if sign != 1:
        raise ProofError(f"{shown} is empty")


def _side(low: Any, high: Any = None, *, images: dict[sp.Symbol, Any], strict: bool = False) -> int:
    """1 where 0 <= low is proved, -1 where high <= 0 is (with `strict`: < for both), else 0."""
    for sign, end in ((1, low), (-1, high)):
        with suppress(ProofError):
            if end is not None and sign * _sign(end, images, strict=strict)[0] >= strict:
                return sign
    return 0


def _facts(symbol: sp.Symbol) -> dict[str, bool]:
    """What SymPy assumes of the symbol, which varies over finite numbers."""
    return {fact.removeprefix("extended_"): known for fact, known in symbol.assumptions0.items()}


#: What SymPy may assume of a symbol wherever it varies over intervals; and where it has a sign.
_ASSUMED = {
    **dict.fromkeys(("commutative", "complex", "finite", "hermitian", "real"), True),
    **dict.fromkeys(("imaginary", "infinite"), False),
}
_ASSUMED_OF_SIGN = {
    sign: {
        **{"nonzero": True, "zero": False},
        **dict.fromkeys(("positive", "nonnegative"), sign > 0),
        **dict.fromkeys(("negative", "nonpositive"), sign < 0),
        **(dict.fromkeys(("prime", "composite"), False) if sign < 0 else {}),
    }
    for sign in (1, -1)
}


def _refuse_assumptions(symbol: sp.Symbol, shown: str, sign: Callable[[], int]) -> None:
    """ProofError unless all that SymPy assumes of the symbol holds where it is said to lie.

    SymPy simplifies by assumptions before anything is seen here: √(p²) is p for a positive p.
    """
    facts = _facts(symbol)
    for allowed in (lambda: _ASSUMED, lambda: _ASSUMED | _ASSUMED_OF_SIGN.get(sign(), {})):
        if facts.items() <= allowed().items():
            return
    raise ProofError(f"{shown} is not proved to be what {sp.srepr(symbol)} assumes")


def _refuse_pole(denominator: Any, images: dict[sp.Symbol, Any]) -> None:
    """ProofError unless the denominator has one sign on the region."""
    try:
        sign, _ = _sign(denominator, images, strict=True)
    except ProofError as error:
        raise ProofError(f"the denominator {denominator} may vanish: {error}") from None
    if sign == 0:
        raise ProofError(f"undefined everywhere: the denominator {denominator} is 0")


class _Reason(NamedTuple):
    """Why a part of an expression has its sign, and how many coefficients show it."""

    name: str
    part: Any
    how: str
    seen: int = 0


def _said(how: str, seen: int) -> str:
    return f"sign{'s' * (seen > 1)} of {seen} coefficient{'s' * (seen > 1)}{how}" if seen else how


def _method(reasons: Iterable[_Reason]) -> str:
    seen: dict[str, int] = {}
    for reason in reasons:
        seen[reason.how] = seen.get(reason.how, 0) + reason.seen
    return "; ".join(_said(*item) for item in seen.items()) or "the sign of a number"


def _sign(
    expression: Any, images: dict[sp.Symbol, Any], *, strict: bool
) -> tuple[int, list[_Reason]]:
    """The sign of an expression on the chart (0: it is identically 0) and what shows it."""
    parameters = sorted(set().union(*(i.free_symbols for i in images.values())), key=str)
    mapped = sp.factor(sp.together(expression.xreplace(images)))
    if mapped == 0:
        return 0, [_Reason("the whole", mapped, "expands to 0")]
    sign = 1
    reasons: list[_Reason] = []
    for part, name in zip(sp.fraction(mapped), ("numerator", "denominator"), strict=True):
        constant, factors = sp.factor_list(part, *parameters)
        sign *= 1 if constant > 0 else -1
        for factor, power in factors:
            factor_sign, how, count = _one_sign(factor, parameters)
            if factor_sign == 0 and power % 2 == 0 and not strict and name == "numerator":
                factor, how = factor**power, "an even power"
            elif factor_sign == 0:
                raise ProofError(
                    f"no sign certificate: the {name}'s factor {factor} has coefficients of both "
                    "signs"
                )
            sign *= factor_sign ** int(power % 2)
            reasons.append(_Reason(f"factor of the {name}", factor, how, count))
    return sign, reasons


def _one_sign(factor: Any, parameters: Sequence[sp.Symbol]) -> tuple[int, str, int]:
    """The sign of a polynomial on t > 0, why it has it, and the number of coefficients seen.

    The sign is 0 where no certificate is found.
    """
    own = [t for t in parameters if factor.has(t)]
    polynomial = sp.Poly(factor, *own)
    multipliers = (
        {r"(\sum t)": sum(own)}
        if polynomial.is_homogeneous
        else {r"(1+\sum t)": 1 + sum(own), r"(\sum t)": sum(own)}
    )
    for shown, multiplier in multipliers.items():
        raised, raising = polynomial, sp.Poly(multiplier, *own)
        for steps in range(_POLYA_STEPS + 1):
            coefficients = raised.coeffs()
            signs = {coefficient > 0 for coefficient in coefficients}
            if len(signs) == 1:
                power = f"^{steps}" * (steps > 1)
                how = f" after times ${shown}{power}$" if steps else ""
                return (1 if signs.pop() else -1), how, len(coefficients)
            raised = raised * raising
    return _without_root(polynomial) if len(own) == 1 else (0, "", 0)


def _without_root(polynomial: sp.Poly) -> tuple[int, str, int]:
    """The sign of an irreducible polynomial in one t if it has no root in t > 0 (Sturm)."""
    chain = sp.sturm(polynomial)
    at_zero, at_infinity = ([p.eval(0) for p in chain], [p.LC() for p in chain])
    if polynomial.eval(0) == 0 or _sign_changes(at_zero) != _sign_changes(at_infinity):
        return 0, "", 0
    return (1 if polynomial.eval(1) > 0 else -1), "Sturm: no root in $t>0$", 0


def _sign_changes(numbers: Sequence[Any]) -> int:
    signs = [number > 0 for number in numbers if number != 0]
    return sum(before != after for before, after in itertools.pairwise(signs))


def _modulus(relation: Any, of: Any, definitions: Pairs) -> sp.Poly | None:
    """The relation as a polynomial in `of`; ProofError where a remainder would say nothing."""
    if relation is None:
        if of is not None:
            raise ProofError(f"no relation says what {of} is")
        return None
    given = _defined(relation, definitions)
    if of is None or of not in _indeterminates(given):
        raise ProofError(f"the relation {relation} must contain the symbol that it defines: {of}")
    if _denominators(relation):
        raise ProofError(f"the relation must be a polynomial, got {relation}")
    modulus = sp.Poly(sp.expand(sp.fraction(sp.together(given))[0]), of)
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
        number = expression.is_commutative and expression.is_finite is not False
        return None if number else expression
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
