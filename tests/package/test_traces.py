"""Words in two resolvents: the rules of their traces, and the traces of matrices."""

import numpy as np
import pytest
import sympy as sp
from w2s.symbolic import lam_s, lam_t, m_s1, m_s2, m_t1, m_t2

from w2s import marchenko_pastur as mp_law
from w2s.proof import ProofError, refused
from w2s.statements.traces import R_s, R_t, S_s, S_t, trace_limit, transpose, words

#: (λ, γ) of teacher and student
TEACHER, STUDENT = (0.3, 0.5), (0.7, 2.0)
#: the alternating word of two free letters: κ(R̂R̃R̂R̃), which is not m_t1²·m_s1² or m_t2·m_s2
ALTERNATING = m_t2 * m_s1**2 + m_t1**2 * m_s2 - (m_t1 * m_s1) ** 2


# -- words ---------------------------------------------------------------------------------------


def test_a_resolvent_times_its_covariance_is_one_minus_the_penalty_times_itself():
    assert sp.expand(R_t * S_t) == sp.expand(S_t * R_t) == 1 - lam_t * R_t
    assert sp.expand(R_s * S_s) == sp.expand(S_s * R_s) == 1 - lam_s * R_s


def test_letters_do_not_commute():
    assert sp.expand(R_t * R_s - R_s * R_t) != 0


def test_transpose_reverses_every_product():
    assert transpose(R_t * R_s**2) == R_s**2 * R_t
    assert transpose(R_t * R_s * R_t) == R_t * R_s * R_t
    assert transpose(3 * lam_s * R_t * R_s - R_s + 2) == 3 * lam_s * R_s * R_t - R_s + 2
    assert transpose(S_t * R_s) == sp.expand(R_s * S_t)


@pytest.mark.parametrize(
    "word", [R_t * R_s, (1 + R_t) * R_s**2, R_t * (1 - lam_s * R_s) * R_t, sp.Integer(1)]
)
def test_transpose_twice_is_nothing_and_keeps_the_trace(word):
    assert transpose(transpose(word)) == sp.expand(word)
    assert trace_limit(transpose(word)) == trace_limit(word)


@pytest.mark.parametrize("other", [R_s, R_t, S_s, R_s**2 - lam_s * R_s])
def test_transpose_of_a_product_is_the_product_of_transposes_reversed(other):
    word = R_t * R_s + 2 * R_t
    assert sp.expand(transpose(word * other) - transpose(other) * transpose(word)) == 0


# -- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "limit"),
    [
        (sp.Integer(1), 1),
        (R_t, m_t1),
        (R_t**2, m_t2),
        (R_s, m_s1),
        (R_s**2, m_s2),
        (R_t * R_s, m_t1 * m_s1),
        (R_t**2 * R_s, m_t2 * m_s1),
        (R_t * R_s**2, m_t1 * m_s2),
        (R_t**2 * R_s**2, m_t2 * m_s2),
        (S_t * R_t, 1 - lam_t * m_t1),
        (S_t * R_t**2, m_t1 - lam_t * m_t2),
    ],
)
def test_trace_limit_of_each_word(word, limit):
    assert sp.expand(trace_limit(word) - limit) == 0


def test_trace_limit_is_linear():
    x = sp.Symbol("x")
    assert sp.expand(trace_limit(x * R_t + 2 * R_s - 5) - (x * m_t1 + 2 * m_s1 - 5)) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [(R_t, R_s), (R_s * R_t, R_s), (R_t, R_s**2 * R_t), (S_t * R_t, R_s), (R_s * S_s, R_t * S_t)],
)
def test_trace_limit_is_cyclic(first, second):
    assert sp.expand(trace_limit(first * second) - trace_limit(second * first)) == 0


@pytest.mark.parametrize(
    "word", [R_t * R_s * R_t * R_s, R_s * R_t * R_s**2 * R_t, (R_t * R_s + 1) ** 2]
)
@pytest.mark.parametrize("function", [trace_limit, words])
def test_alternating_words_are_refused(word, function):
    with pytest.raises(ProofError, match="alternates"):
        function(word)


@pytest.mark.parametrize("word", [R_t**3, R_s**2 * R_t**3, R_s**-1, R_t * R_s * R_t**2])
def test_powers_without_a_transform_are_refused(word):
    with pytest.raises(ProofError, match="no transform is known"):
        trace_limit(word)


A, k, x = sp.Symbol("A", commutative=False), sp.Symbol("k"), sp.Symbol("x")
UNREADABLE = {
    "a fractional power": (R_t ** sp.Rational(3, 2), r"Rhat\*\*\(3/2\)"),
    "a root of a product": (R_s + sp.sqrt(R_t * R_s), r"sqrt\(Rhat\*Rtilde\)"),
    "a symbol for a power": (R_s * R_t**k, r"Rhat\*\*k"),
    "a float for a power": (R_t**2.0, r"Rhat\*\*2\.0"),
    "a foreign letter": (R_t * A * R_t, "A"),
    "its inverse": (2 * R_s * A**-1, r"A\*\*\(-1\)"),
    "the inverse of a sum": (x / (R_t + R_s), r"\(Rhat \+ Rtilde\)\*\*\(-1\)"),
    "a function": (R_t * sp.exp(R_s), r"exp\(Rtilde\)"),
    "a scalar function of a letter": (x * sp.Abs(R_t), r"Abs\(Rhat\)"),
    "a trace": (sp.Trace(sp.MatrixSymbol("M", 3, 3)) * R_t, r"Trace\(M\)"),
    "a matrix": (sp.MatrixSymbol("M", 3, 3), "M"),
}


@pytest.mark.parametrize("what", UNREADABLE)
@pytest.mark.parametrize("function", [transpose, trace_limit, words])
def test_what_cannot_be_read_is_refused_by_name(what, function):
    word, name = UNREADABLE[what]
    with pytest.raises(ValueError, match=rf"got the factor {name}$") as refusal:
        function(word)
    assert not isinstance(refusal.value, ProofError)  # an error, which `refused` does not count


@pytest.mark.parametrize("word", [R_t**-1, R_t * R_s**-2, S_t * R_s])
def test_words_refuses_inverses_and_transpose_reads_them(word):
    with pytest.raises(ValueError, match="positive powers"):
        words(word)
    assert transpose(transpose(word)) == sp.expand(word)


def test_refusals_of_a_derivation_are_counted():
    """Without a limit a wrong derivation proves nothing."""
    assert refused(trace_limit, [R_t, R_t * R_s * R_t * R_s, R_t**3]) == "2 of 3"
    with pytest.raises(ValueError, match="got the factor A"):
        refused(trace_limit, [A])


def test_words_merges_rotations_and_adds_up_to_the_limit():
    expression = (R_t + lam_s * R_s - 1) ** 2 + R_s * R_t * R_s
    found = words(expression)
    assert found[R_t * R_s] == 2 * lam_s
    assert found[R_t * R_s**2] == 1
    assert R_s * R_t not in found
    total = sum(coefficient * trace_limit(word) for word, coefficient in found.items())
    assert sp.expand(total - trace_limit(expression)) == 0


# -- matrices ------------------------------------------------------------------------------------


def resolvents(d, rng):
    matrices = {}
    for letter, (lam, gamma) in {R_t: TEACHER, R_s: STUDENT}.items():
        x = rng.normal(size=(round(d / gamma), d))
        matrices[letter] = np.linalg.inv(x.T @ x * gamma / d + lam * np.eye(d))
    return matrices


def transforms():
    values = {lam_t: TEACHER[0], lam_s: STUDENT[0]}
    for (one, two), pair in {(m_t1, m_t2): TEACHER, (m_s1, m_s2): STUDENT}.items():
        values[one] = float(mp_law.stieltjes(*pair))
        values[two] = float(mp_law.stieltjes_derivative(*pair))
    return values


def trace_of(word, matrices, d):
    """d⁻¹ tr of a sum of products, multiplied out with matrices in the given order."""
    total = 0.0
    for term in sp.Add.make_args(sp.expand(word)):
        commuting, letters = term.args_cnc()
        product = np.eye(d)
        for factor in letters:
            base, power = factor.as_base_exp()
            product = product @ np.linalg.matrix_power(matrices[base], int(power))
        total += float(sp.Mul(*commuting).subs(transforms())) * np.trace(product) / d
    return total


WORDS = [R_t * R_s, R_s * R_t**2 * R_s, R_s * S_s * R_t * S_t, S_t * R_t * S_s * R_s**2 * S_s * R_t]


@pytest.mark.parametrize("word", WORDS)
def test_limits_are_approached_at_the_rate_of_one_over_d(word):
    limit = float(trace_limit(word).subs(transforms()))
    scaled = []
    for d in (20, 80, 320):
        children = np.random.default_rng(d).spawn(1600 // d)
        errors = [trace_of(word, resolvents(d, rng), d) - limit for rng in children]
        scaled.append(d * np.sqrt(np.mean(np.square(errors))))
    assert max(scaled) < 3 * min(scaled)
    assert max(scaled) / 320 < 0.05 * abs(limit)


def test_the_refused_word_is_not_a_product():
    """Negative control: the products one might have guessed are wrong, freeness is right."""
    d = 300
    seen = trace_of(R_t * R_s * R_t * R_s, resolvents(d, np.random.default_rng(0)), d)
    values = transforms()
    assert seen == pytest.approx(float(ALTERNATING.subs(values)), rel=0.01)
    for guess in (m_t1**2 * m_s1**2, m_t2 * m_s2):
        assert abs(float(guess.subs(values)) / seen - 1) > 0.04
