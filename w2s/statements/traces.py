r"""From products of resolvents to limits: words in R̂ and R̃, and the rules of their traces.

`R_t` and `R_s` stand for R̂ = (Σ̂+λ_t)⁻¹ and R̃ = (Σ̃+λ_s)⁻¹, symbols that do not commute. A product
is expanded into words; the limit of d⁻¹ tr of a word follows from three rules: the trace is cyclic,
d⁻¹ tr Rᵏ tends to the k-th transform (Theorem 16), and the independent R̂ and R̃ are asymptotically
free, so that d⁻¹ tr R̂ⁱR̃ʲ is the product of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from w2s.proof import ProofError, as_expression
from w2s.statements.symbolic import lam_s, lam_t, m_s1, m_s2, m_t1, m_t2

__all__ = ["TRANSFORMS", "R_s", "R_t", "S_s", "S_t", "trace_limit", "transpose", "words"]

R_t, R_s = sp.symbols("Rhat Rtilde", commutative=False)
#: Σ̂ and Σ̃ as words: Σ = R⁻¹ − λ, so that expanding turns RΣ into 1 − λR
S_t, S_s = R_t**-1 - lam_t, R_s**-1 - lam_s

TRANSFORMS = {R_t: {1: m_t1, 2: m_t2}, R_s: {1: m_s1, 2: m_s2}}


def transpose(word: Any) -> Any:
    """Reverse every product: the transpose of a sum of words in symmetric matrices.

    Parameters
    ----------
    word : sympy.Expr
        A sum of words in R̂ and R̃.

    Returns
    -------
    sympy.Expr
        The sum of the reversed words.

    Raises
    ------
    ValueError
        A factor is neither a number nor a whole power of R̂ or R̃.

    Examples
    --------
    >>> transpose(R_t * R_s**2)
    Rtilde**2*Rhat
    """
    return sp.Add(
        *(
            scalar * sp.Mul(*(letter**power for letter, power in reversed(powers)))
            for scalar, powers in _read("word", word)
        )
    )


def trace_limit(word: Any) -> Any:
    """The limit of d⁻¹ tr of a sum of words in R̂ and R̃.

    Parameters
    ----------
    word : sympy.Expr
        A sum of words.

    Returns
    -------
    sympy.Expr
        The limit, in `m_t1`, `m_t2`, `m_s1` and `m_s2`.

    Raises
    ------
    ProofError
        A word that alternates more than once, such as R̂R̃R̂R̃ (its limit is not a product), or a
        power for which no transform is known: by these rules it has no limit.
    ValueError
        A factor is neither a number nor a whole power of R̂ or R̃.

    Examples
    --------
    >>> trace_limit(R_t * R_s * R_s)
    m_s2*m_t1
    """
    return sp.Add(
        *(
            scalar * sp.Mul(*(_transform(letter, power) for letter, power in _cyclic(powers)))
            for scalar, powers in _read("word", word)
        )
    )


def words(expression: Any) -> dict[Any, Any]:
    """A sum of words as {word: coefficient}, with words of the same trace merged.

    A word that differs from another by a rotation has the same trace; the one with R̂ first stands
    for both.

    Parameters
    ----------
    expression : sympy.Expr
        A sum of words.

    Returns
    -------
    dict of sympy.Expr to sympy.Expr
        The coefficient of each word, shorter words first.

    Raises
    ------
    ProofError
        A word alternates more than once, so `trace_limit` would refuse it.
    ValueError
        A factor that is neither a number nor R̂ᵏ or R̃ᵏ with a whole k > 0.

    Examples
    --------
    >>> words((R_t + lam_s * R_s) ** 2)
    {Rhat**2: 1, Rhat*Rtilde: 2*lambda_s, Rtilde**2: lambda_s**2}
    """
    collected: dict[tuple[int, ...], Any] = {}
    for scalar, powers in _read("expression", expression):
        for letter, power in powers:
            if power < 0:
                raise ValueError(f"expression must have positive powers, got {letter**power}")
        found = dict(_cyclic(powers))
        key = tuple(found.get(letter, 0) for letter in (R_t, R_s))
        collected[key] = collected.get(key, 0) + scalar
    # SymPy's own order of terms changes from run to run
    ordered = sorted(collected.items(), key=lambda item: (sum(item[0]), -item[0][0]))
    return {R_t**i * R_s**j: coefficient for (i, j), coefficient in ordered}


def _read(name: str, word: Any) -> Iterator[tuple[Any, list[tuple[Any, int]]]]:
    """Each term as what commutes and its letters with their powers; ValueError for other terms."""
    for term in sp.Add.make_args(sp.expand(as_expression(name, word))):
        commuting, rest = term.args_cnc()
        factors = [factor.as_base_exp() for factor in rest]
        readable = [
            *(all(s.is_commutative for s in factor.free_symbols) for factor in commuting),
            *(letter in TRANSFORMS and isinstance(power, sp.Integer) for letter, power in factors),
        ]
        if not all(readable):
            factor = [*commuting, *rest][readable.index(False)]
            raise ValueError(
                f"{name} must be a sum of products of numbers and whole powers of {R_t} and {R_s}, "
                f"got the factor {factor}"
            )
        yield sp.Mul(*commuting), [(letter, int(power)) for letter, power in factors]


def _cyclic(powers: list[tuple[Any, int]]) -> list[tuple[Any, int]]:
    """The word up to rotation, with its first and last letter merged when they are the same."""
    if len(powers) > 1 and powers[0][0] == powers[-1][0]:
        merged = (powers[0][0], powers[0][1] + powers[-1][1])
        powers = [merged, *powers[1:-1]]
    bases = [base for base, _ in powers]
    if len(set(bases)) != len(bases):
        word = sp.Mul(*(letter**power for letter, power in powers))
        raise ProofError(f"the word alternates more than once: {word}; freeness gives no product")
    return powers


def _transform(base: Any, power: int) -> Any:
    try:
        return TRANSFORMS[base][power]
    except KeyError:
        raise ProofError(f"no transform is known for d^-1 tr {base}**{power}") from None
