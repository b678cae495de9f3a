"""Decide every proof of the book a second time, by engines that have nothing of SymPy.

    python -m tools.checks.second_kernel            # what `make test` runs, with altered statements
    python -m tools.checks.second_kernel --root DIR # a book kept somewhere else (the tests do this)

A sign is decided by z3's nlsat: that the claim is false, or undefined, at a point of the region has
no solution, and that the region has a point has one. Where z3 gives up, the region is mapped onto
an orthant, FLINT factors, and z3 decides each factor. An identity is decided by FLINT: the
numerator of the difference is 0, or divisible by the relation's polynomial, and the exceptions name
all that is divided by. What is read is the statement that the validation left beside a chapter's
outputs (`tools/validate/certificates.py`), with its region and its abbreviations.
"""

from __future__ import annotations

import argparse
import json
import math
import operator
import os
import runpy
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flint
import z3

from tools.run import HOME
from tools.validate.certificates import NUMBER
from tools.validate.chapters import certificates_path, chapters

#: z3 counts its own steps, so it gives up at the same point on any machine, within two seconds.
STEPS = 300_000

ENGINES = {"z3": z3.get_version_string(), "FLINT": flint.__FLINT_VERSION__}

Tree = Any  # a name, a number as a text, or [operation, operands]

_HOLDS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Decision:
    """What became of a statement: confirmed, refuted or undecided, and by what."""

    outcome: str
    why: str = ""


class _NotConfirmed(Exception):
    def __init__(self, outcome: str, why: str) -> None:
        super().__init__(why)
        self.decision = Decision(outcome, why)


def decide(statement: dict[str, Any], steps: int = STEPS) -> Decision:
    """Decide one statement; ValueError where it cannot be read."""
    read = _abbreviations_put_in(statement)
    try:
        if statement["relation"] == "=":
            _decide_identity(read, steps)
        else:
            _decide_sign(read, steps)
    except _NotConfirmed as reason:
        return reason.decision
    return Decision("confirmed")


# --- the statement ------------------------------------------------------------------------------


def names(tree: Tree) -> set[str]:
    if isinstance(tree, str):
        return set() if NUMBER.fullmatch(tree) else {tree}
    operands = tree[1:2] if tree[0] == "^" else tree[1:]
    return set().union(*map(names, operands))


def _abbreviations_put_in(statement: dict[str, Any]) -> dict[str, Any]:
    """The statement with what stands for its abbreviations, put in one after the other."""
    read = {key: statement[key] for key in ("lhs", "relation", "rhs", "region", "exceptions")}
    of, relation = statement["modulo"] or (None, None)
    given = {*(name for name, _, _ in read["region"]), of}
    read["modulo"] = relation
    for name, value in statement["where"]:
        if name in given:
            raise ValueError(f"{name} is defined, and it is given otherwise as well")
        read = _replaced(read, name, value)
    return {**read, "of": of, "assumed": statement["assumed"]}


def _replaced(part: Any, name: str, value: Tree) -> Any:
    if isinstance(part, dict):
        return {key: _replaced(inner, name, value) for key, inner in part.items()}
    if isinstance(part, list):
        return [_replaced(inner, name, value) for inner in part]
    return value if part == name else part


@dataclass(frozen=True)
class _Ring:
    """Polynomials: z3's terms, or FLINT's, which are kept without common factors."""

    atoms: dict[str, Any]  # a name's numerator and denominator
    number: Callable[[str], Any]
    reduces: bool = False

    def fraction(self, tree: Tree, divided_by: list[Any]) -> tuple[Any, Any]:
        """Numerator and denominator; what is divided by on the way joins `divided_by`."""
        if isinstance(tree, str):
            if tree in self.atoms:
                return self.atoms[tree]
            return self.number(tree), self.number("1")
        operation, *operands = tree
        if operation == "^":
            base, power = operands
            top, bottom = self.fraction(base, divided_by)
            if power < 0:
                if self.reduces and top == 0:
                    raise _NotConfirmed("refuted", "it divides by 0 everywhere")
                divided_by.append(top)
                top, bottom = bottom, top
            return self._power(top, abs(power)), self._power(bottom, abs(power))
        join = {"+": self.sum, "*": self.product}[operation]
        result = self.fraction(operands[0], divided_by)
        for operand in operands[1:]:
            result = join(result, self.fraction(operand, divided_by))
        return result

    def _power(self, base: Any, power: int) -> Any:
        return math.prod([base] * power, start=self.number("1"))

    def product(self, one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
        return one[0] * other[0], one[1] * other[1]

    def sum(self, one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
        (a, b), (c, d) = one, other
        if not self.reduces:
            return a * d + c * b, b * d
        common = b.gcd(d)
        b, d = b / common, d / common
        return a * d + c * b, b * d * common

    def difference(self, read: dict[str, Any], divided_by: list[Any]) -> tuple[Any, Any]:
        """The left side minus the right side."""
        return self.fraction(["+", read["lhs"], ["*", "-1", read["rhs"]]], divided_by)


def _flint_ring(atoms: set[str]) -> _Ring:
    ordered = sorted(atoms)
    variables = [f"x{number}" for number in range(max(1, len(ordered)))]
    context = flint.fmpq_mpoly_ctx.get(variables, "degrevlex")

    def number(text: str) -> Any:
        top, _, bottom = text.partition("/")
        return context.constant(flint.fmpq(int(top), int(bottom or 1)))

    generators = zip(ordered, context.gens(), strict=False)
    return _Ring({name: (x, number("1")) for name, x in generators}, number, reduces=True)


# --- identities: FLINT --------------------------------------------------------------------------


def _decide_identity(read: dict[str, Any], steps: int) -> None:
    excepted = read["exceptions"] or []  # an altered statement has none yet: None
    relation = read["modulo"] or "0"
    ring = _flint_ring(set().union(*map(names, [read["lhs"], read["rhs"], relation, *excepted])))
    divided_by: list[Any] = []
    numerator, _ = ring.difference(read, divided_by)
    modulus, _ = ring.fraction(relation, divided_by)
    rest = ring.number("1")
    if read["of"] is not None:
        modulus, rest = _split(modulus, ring.atoms[read["of"]][0])
        if modulus.is_constant():
            raise ValueError(f"the relation does not restrict {read['of']}")
        if not all(divisor.gcd(modulus).is_constant() for divisor in divided_by):
            raise _NotConfirmed("refuted", "it divides by 0 wherever the relation holds")
        numerator = divmod(numerator, modulus)[1]
    if numerator != 0:
        found = _named(numerator, ring)
        raise _NotConfirmed("refuted", f"FLINT finds that the sides differ: {found} is not 0")
    if read["exceptions"] is None:
        return
    parts = [part for tree in excepted for part in ring.fraction(tree, divided_by)]
    product = math.prod(parts, start=ring.number("1"))
    if product == 0 or not (product.gcd(modulus).is_constant() or modulus == 0):
        raise _NotConfirmed("refuted", "every point of which it speaks is an exception")
    allowed = _Region([], set(ring.atoms), steps)
    for name, sign in read["assumed"].items():
        if name in ring.atoms:
            allowed.constraints.append(_HOLDS[sign](allowed.ring.atoms[name][0], 0))
    _require_exceptions([rest], product, ring, allowed)  # where it is 0, the relation says nothing
    if modulus != 0:
        allowed.constraints.append(_as_term(modulus, allowed) == 0)
    _require_exceptions(divided_by, product, ring, allowed)


def _require_exceptions(
    divided_by: list[Any], excepted: Any, ring: _Ring, allowed: _Region
) -> None:
    """Whatever is divided by is excepted, or it is nowhere 0 where the names are allowed to be."""
    for divisor in divided_by:
        for factor, _ in divisor.factor()[1]:
            if excepted % factor != 0 and allowed.asked(_as_term(factor, allowed) == 0) != "unsat":
                raise _NotConfirmed("refuted", f"{_named(factor, ring)} may be 0: no exception")


def _split(polynomial: Any, variable: Any) -> tuple[Any, Any]:
    """The factors in which the variable stands, and the others."""
    (place,) = (index for index, power in enumerate(variable.monoms()[0]) if power)
    constant, factors = polynomial.factor()
    parts = [polynomial.context().constant(1), polynomial.context().constant(constant)]
    for factor, power in factors:
        parts[factor.degrees()[place] == 0] *= factor**power
    return parts[0], parts[1]


def _named(polynomial: Any, ring: _Ring) -> str:
    """As text, with the statement's names in place of the ring's."""
    text = str(polynomial)
    for number, name in reversed(list(enumerate(sorted(ring.atoms)))):
        text = text.replace(f"x{number}", f"({name})")
    return text


# --- signs: z3 ----------------------------------------------------------------------------------


class _Region:
    """The points of a region, for z3: what has a solution there."""

    def __init__(self, region: list[list[Tree]], free: set[str], steps: int) -> None:
        self.steps = steps
        self.constraints: list[Any] = []
        one = z3.RealVal(1)
        everything = sorted(free | {name for name, _, _ in region})
        self.ring = _Ring({name: (z3.Real(name), one) for name in everything}, z3.RealVal)
        for name, low, high in region:
            variable = self.ring.atoms[name][0]
            inside = []
            for end, beyond in ((low, operator.gt), (high, operator.lt)):
                if end == "oo":
                    continue
                top, bottom = self.defined(end)
                inside.append(beyond((variable * bottom - top) * bottom, 0))
            self.constraints += inside

    def asked(self, *claims: Any) -> str:
        """ "sat", "unsat" or "unknown"."""
        solver = z3.Tactic("qfnra-nlsat").solver()
        solver.set("rlimit", self.steps)
        solver.add(*self.constraints, *claims)
        return str(solver.check())

    def defined(self, tree: Tree) -> tuple[Any, Any]:
        """The expression, which z3 finds defined at each point of the region."""
        divided_by: list[Any] = []
        result = self.ring.fraction(tree, divided_by)
        for divisor in divided_by:
            self.refuse(divisor == 0, "it divides by 0 at a point of the region")
        return result

    def refuse(self, claim: Any, why: str) -> None:
        answer = self.asked(claim)
        if answer != "unsat":
            outcome = {"sat": "refuted"}.get(answer, "undecided")
            raise _NotConfirmed(outcome, f"z3: {why}" if answer == "sat" else "z3 gives up")


def _decide_sign(read: dict[str, Any], steps: int) -> None:
    difference = ["+", read["lhs"], ["*", "-1", read["rhs"]]]
    region = _Region(read["region"], names(difference), steps)
    if (answer := region.asked()) != "sat":
        outcome = "refuted" if answer == "unsat" else "undecided"
        raise _NotConfirmed(outcome, f"z3 finds no point in the region ({answer})")
    try:
        top, bottom = region.defined(difference)
        holds = _HOLDS[read["relation"]](top * bottom, 0)
        region.refuse(z3.Not(holds), "it is false at a point of the region")
    except _NotConfirmed as reason:
        if reason.decision.outcome != "undecided":
            raise
        _decide_by_factors(read, difference, steps)


def _decide_by_factors(read: dict[str, Any], difference: Tree, steps: int) -> None:
    """The sign in coordinates t > 0 in place of the intervals, from those of FLINT's factors."""
    ranging = {name for name, _, _ in read["region"]}
    plain = _flint_ring(ranging)
    one = plain.number("1")
    chart = _Ring({}, plain.number, reduces=True)
    for name, low, high in read["region"]:
        t, _ = plain.atoms[name]
        begin = chart.fraction(low, [])
        if high == "oo":
            chart.atoms[name] = chart.sum(begin, (t, one))
        else:
            end = chart.product(chart.fraction(high, []), (t, one))
            chart.atoms[name] = chart.product(chart.sum(begin, end), (one, 1 + t))
    if not names(difference) <= ranging:
        raise _NotConfirmed("undecided", "z3 gives up")
    orthant = _Region([[name, "0", "oo"] for name in sorted(ranging)], set(), steps)
    divided_by: list[Any] = []
    top, bottom = chart.fraction(difference, divided_by)
    for divisor in divided_by:
        _sign(divisor, orthant)
    common = top.gcd(bottom)
    sign = _sign(bottom / common, orthant)
    sign *= _sign(top / common, orthant, may_vanish="=" in read["relation"])
    if not _HOLDS[read["relation"]](sign, 0):
        raise _NotConfirmed("refuted", "FLINT's factors have the opposite sign on the region")


def _sign(polynomial: Any, orthant: _Region, may_vanish: bool = False) -> int:
    """Its sign on t > 0; an even power of a factor counts as positive if it `may_vanish`."""
    constant, factors = polynomial.factor()
    sign = 1 if constant > 0 else -1
    for factor, power in factors:
        positive = [coefficient > 0 for coefficient in factor.coeffs()]
        if power % 2 == 0 and may_vanish:
            continue
        if all(positive) or not any(positive):
            sign *= 1 if positive[0] or power % 2 == 0 else -1
            continue
        term = _as_term(factor, orthant)
        if orthant.asked(term <= 0) == "unsat":
            continue
        if orthant.asked(term >= 0) != "unsat":
            raise _NotConfirmed("undecided", "neither z3 nor FLINT's factors decide a factor")
        sign *= (-1) ** power
    return sign


def _as_term(polynomial: Any, orthant: _Region) -> Any:
    """A polynomial of FLINT as a term of z3; both take the names in alphabetical order."""
    variables = [orthant.ring.atoms[name][0] for name in sorted(orthant.ring.atoms)]
    return z3.Sum(
        [
            z3.Product(
                [z3.Q(int(coefficient.p), int(coefficient.q))]
                + [x for x, power in zip(variables, powers, strict=True) for _ in range(power)]
            )
            for powers, coefficient in zip(polynomial.monoms(), polynomial.coeffs(), strict=True)
        ]
    )


# --- all of them --------------------------------------------------------------------------------


def certificates(root: Path) -> dict[str, list[dict[str, Any]]]:
    """What each chapter of the book has proved; FileNotFoundError where one was not validated."""
    paths = {chapter.stem: certificates_path(chapter) for chapter in chapters(root)}
    if absent := [name for name, path in paths.items() if not path.exists()]:
        raise FileNotFoundError(
            f"there are no certificates of {', '.join(absent)}: the validation leaves them. "
            "Run: make book"
        )
    return {name: json.loads(path.read_text("utf-8")) for name, path in paths.items()}


def not_confirmed(proved: dict[str, list[dict[str, Any]]]) -> list[str]:
    """A complaint for each statement that is not confirmed."""

    def complaint(statement: dict[str, Any]) -> str:
        decision = decide(statement)
        if decision.outcome == "confirmed":
            return ""
        return f"{decision.outcome} by the second kernel, {decision.why}"

    return _complaints(proved, complaint)


def not_evident(proved: dict[str, list[dict[str, Any]]]) -> list[str]:
    """A complaint for each whose evidence the checker refuses that the book offers to readers."""
    check = runpy.run_path(str(HOME / "assets" / "check_certificates.py"))["check"]
    return _complaints(proved, check)


def _complaints(
    proved: dict[str, list[dict[str, Any]]], complaint: Callable[[dict[str, Any]], str | None]
) -> list[str]:
    found = []
    for chapter, statements in proved.items():
        for statement in statements:
            try:
                reason = complaint(statement)
            except Exception as error:  # whatever is wrong with it, it is told with its place
                reason = f"refused, {type(error).__name__}: {error}"
            if reason:
                cell, said = statement.get("cell"), statement.get("said")
                found.append(f"{chapter}.md, cell {cell}: {reason}: {said}")
    return found


#: How many altered statements are put to both kernels.
ALTERED = 512


def main() -> int:
    parser = argparse.ArgumentParser(description="Decide every proof a second time.")
    parser.add_argument("--root", type=Path, default=Path.cwd())
    root = parser.parse_args().root.resolve()
    begin = time.perf_counter()
    try:
        proved = certificates(root)
    except FileNotFoundError as absent:
        print(absent, file=sys.stderr)
        return 1
    unconfirmed, decided = not_confirmed(proved), time.perf_counter()
    unevident, checked = not_evident(proved), time.perf_counter()
    # The kernel that is cross-examined is SymPy's, with its own arithmetic and not with FLINT's.
    os.environ["SYMPY_GROUND_TYPES"] = "python"
    from tools.checks.cross_examination import cross_examine

    statements = [statement for chapter in proved.values() for statement in chapter]
    examined = cross_examine(statements, ALTERED)
    contrary = [f"{found}: {words}" for found, words in examined if words]
    report = {
        "certificates": len(statements),
        "confirmed": len(statements) - len(unconfirmed),
        "evident": len(statements) - len(unevident),
        "engines": ENGINES,
        "mutants": len(examined),
        "contradictions": len(contrary),
        "outcomes": dict(Counter(found for found, _ in examined)),
        "seconds": {
            "deciding": round(decided - begin, 1),
            "evidence": round(checked - decided, 1),
            "cross-examining": round(time.perf_counter() - checked, 1),
        },
    }
    (root / "_build" / "kernel.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(json.dumps(report))
    complaints = [*unconfirmed, *unevident, *contrary]
    if len(examined) < ALTERED:
        complaints.append(f"of the book's statements only {len(examined)} could be altered")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(main())
