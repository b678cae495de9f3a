"""Put altered statements of the book to both kernels: what one proves, the other must not refute.

An altered statement has one sign flipped, one number doubled, its relation reversed, its sides made
alike, one end of its region moved out or both exchanged. Most are false, and then neither kernel
may accept them; some are true.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import sympy as sp

from tools.checks.second_kernel import STEPS, Decision, Tree, decide
from tools.validate.certificates import NUMBER, as_json
from w2s import proof

#: What is longer takes the first kernel seconds.
LONGEST = 40
_OPPOSITE = {">": "<=", "<": ">=", ">=": "<", "<=": ">"}
_REVERSED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_PROVERS = {
    ">": proof.positive,
    "<": proof.negative,
    ">=": proof.nonnegative,
    "<=": proof.nonpositive,
}


def altered(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The statement with one thing wrong, in each of the ways, and nothing assumed of its names."""
    statement = {**statement, "assumed": {}}
    for side in ("lhs", "rhs"):
        for tree in _altered(statement[side]):
            yield {**statement, side: tree}
    if statement["relation"] != "=":
        yield {**statement, "relation": _REVERSED[statement["relation"]]}
        yield {**statement, "rhs": statement["lhs"]}
    for number, (name, low, high) in enumerate(statement["region"]):
        finite = [(low, "oo"), (high, low)] if high != "oo" else []
        for ends in [(["+", low, "-1"], high), *finite]:
            region = list(statement["region"])
            region[number] = [name, *ends]
            yield {**statement, "region": region}


def _altered(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, str):
        if NUMBER.fullmatch(tree) and tree != "0":
            yield ["*", "2", tree]
        return
    operation, *operands = tree
    for number, operand in enumerate(operands):
        changed = [] if isinstance(operand, int) else list(_altered(operand))
        if operation == "+":
            changed.append(["*", "-1", operand])
        for other in changed:
            yield [operation, *operands[:number], other, *operands[number + 1 :]]


def chosen(statements: Iterable[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """So many altered statements, as evenly spread as the short ones allow; always the same."""
    pools = []
    for statement in statements:
        if _size([statement[part] for part in ("lhs", "rhs", "region", "where")]) <= LONGEST:
            pool = list(altered(statement))
            random.Random(statement["said"]).shuffle(pool)
            pools.append(pool)
    found = [
        pool[turn]
        for turn in range(max(map(len, pools), default=0))
        for pool in pools
        if turn < len(pool)
    ]
    return found[:count]


def _size(tree: Tree) -> int:
    return sum(map(_size, tree)) if isinstance(tree, list) else 1


def expression(tree: Tree) -> Any:
    """A tree as SymPy reads it."""
    if isinstance(tree, str):
        if NUMBER.fullmatch(tree):
            return sp.oo if tree == "oo" else sp.Rational(tree)
        return sp.Symbol(tree)
    if tree[0] == "^":
        return expression(tree[1]) ** tree[2]
    join: Callable[..., Any] = {"+": sp.Add, "*": sp.Mul}[tree[0]]
    return join(*map(expression, tree[1:]))


def _prove(statement: dict[str, Any], relation: str) -> proof.Certificate:
    """By the first kernel; ProofError where it finds no proof."""
    where = {expression(name): expression(value) for name, value in statement["where"]}
    if relation == "=":
        of, given = map(expression, statement["modulo"] or ("0", "0"))
        modulo = {"relation": given, "of": of} if statement["modulo"] else {}
        return proof.identity(
            expression(statement["lhs"]), expression(statement["rhs"]), where=where, **modulo
        )
    region = {
        expression(name): (expression(low), expression(high))
        for name, low, high in statement["region"]
    }
    difference = expression(statement["lhs"]) - expression(statement["rhs"])
    return _PROVERS[relation](difference, region, where=where)


def examine(statement: dict[str, Any], steps: int = STEPS) -> tuple[str, str]:
    """What both kernels make of a statement, and where they contradict each other: the words."""
    try:
        return _examined(statement, steps)
    except AssertionError as error:  # the first kernel's own spot check
        return "accepted and false", str(error)


def _examined(statement: dict[str, Any], steps: int) -> tuple[str, str]:
    try:
        proved = _prove(statement, statement["relation"])
    except (TypeError, ValueError) as error:  # ProofError is one
        decision = _decided({**statement, "exceptions": None}, steps)
        against = _refutation(statement, str(error)) if decision.outcome == "confirmed" else ""
        return f"refused, {decision.outcome}", against
    decision = _decided(as_json(proved), steps)
    refuted = decision.outcome in ("refuted", "not read")
    return f"accepted, {decision.outcome}", f"{proved}: {decision.why}" if refuted else ""


def _decided(statement: dict[str, Any], steps: int) -> Decision:
    try:
        return decide(statement, steps)
    except ValueError as error:
        return Decision("not read", str(error))


def _refutation(statement: dict[str, Any], refusal: str) -> str:
    """What the first kernel proves against the statement; empty where it only finds no proof."""
    if statement["relation"] == "=":
        return refusal if "not an identity" in refusal else ""
    try:
        return str(_prove(statement, _OPPOSITE[statement["relation"]]))
    except (TypeError, ValueError):
        return ""


def cross_examine(statements: Iterable[dict[str, Any]], count: int) -> list[tuple[str, str]]:
    """Altered statements, `count` of them, put to both kernels in two processes."""
    work = chosen(statements, count)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        return list(processes.map(examine, work, chunksize=16))
