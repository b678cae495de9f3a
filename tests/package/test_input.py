"""The public layer's gate, and the error-free sums and products behind it."""

import math
from fractions import Fraction

import numpy as np
import pytest

from w2s import _exact, _input

INF, NAN = math.inf, math.nan
TINY, HUGE = 5e-324, 1.7e308

GATES = [
    # gate, allowed, refused, what is said to be allowed
    (_input.penalty, [0, 0.0, TINY, 1, HUGE, INF], [-TINY, -1, -INF, NAN], "number >= 0 "),
    (_input.positive, [TINY, 1, HUGE], [0, -0.0, -1, INF, NAN], "finite number > 0"),
    (_input.nonnegative, [0, TINY, HUGE], [-TINY, INF, NAN], "finite number >= 0"),
    (_input.unit_interval, [0, 0.5, 1], [-TINY, 1 + 2**-52, INF, NAN], "between 0 and 1"),
    (_input.correlation, [-1, 0, 1], [-1 - 2**-52, 1 + 2**-52, INF, NAN], "between -1 and 1"),
    (_input.finite, [-HUGE, 0, HUGE], [-INF, INF, NAN], "finite number"),
    (_input.number, [-INF, 0, INF], [NAN], "number"),
]
each_gate = pytest.mark.parametrize(("gate", "allowed", "refused", "said"), GATES)


@each_gate
def test_a_gate_lets_its_numbers_pass_unchanged(gate, allowed, refused, said):
    for value in allowed:
        passed = gate("lam", value)
        assert passed.dtype == np.float64
        assert passed.shape == ()
        assert float(passed) == value
    array = np.array(allowed, dtype=float)
    assert np.array_equal(gate("lam", array.reshape(1, -1)), array.reshape(1, -1))
    assert gate("lam", []).shape == (0,)


@each_gate
def test_a_gate_names_the_argument_the_constraint_and_the_value(gate, allowed, refused, said):
    for value in refused:
        with pytest.raises(ValueError, match=rf"^lam_t must be .*{said}.*, got ") as caught:
            gate("lam_t", value)
        assert str(caught.value).endswith(f"got {float(value)}")
        with pytest.raises(ValueError, match=r"at index 2$"):
            gate("lam_t", [*allowed[-2:], value])
        with pytest.raises(ValueError, match=r"at index \(1, 0\)$"):
            gate("lam_t", [[allowed[-1]] * 2, [value, allowed[-1]]])


@each_gate
@pytest.mark.parametrize(
    "value", ["1", None, 1j, True, [True], object(), [[1], [1, 2]], {"a": 1}, [None], b"1"]
)
def test_a_gate_refuses_what_is_not_a_real_number(gate, allowed, refused, said, value):
    with pytest.raises(TypeError, match=r"^gamma must be a real number or an array of them, got"):
        gate("gamma", value)


def test_what_is_no_list_is_refused_as_one():
    for value in (1.0, None, "ab", b"ab", {"a": 1}, {1.0}, float, np.float64(1), np.array(1.0)):
        with pytest.raises(TypeError, match=r"^gammas must be a list or an array, got"):
            _input.sequence("gammas", value)
    assert _input.sequence("gammas", np.array([1.0, 2.0])) == [1.0, 2.0]
    assert _input.sequence("gammas", (1.0, [2.0])) == [1.0, [2.0]]


def test_a_long_value_is_shown_short():
    with pytest.raises(TypeError) as caught:
        _input.real("gamma", "x" * 10_000)
    assert len(str(caught.value)) < 150
    assert str(caught.value).endswith("(str)")


def test_whatever_numpy_takes_for_a_real_number_is_one():
    for value in (1, np.float32(1), np.int8(1), [1], (1.0,), np.ones(1, dtype=np.uint16)):
        assert _input.real("lam", value).dtype == np.float64


def test_an_argument_is_not_changed_or_aliased():
    mine = np.array([1.0, 2.0])
    _input.penalty("lam", mine)[0] = 7
    assert mine[0] == 1


@pytest.mark.parametrize("value", [1, np.int64(1), 5, 10])
def test_a_count_is_a_whole_number(value):
    counted = _input.count("trials", value, low=1, high=10)
    assert counted == value
    assert type(counted) is int


def test_a_count_says_what_is_wrong():
    for value in (1.0, "1", True, np.True_, None, [1]):
        with pytest.raises(TypeError, match=r"trials must be a whole number >= 1, got .*\("):
            _input.count("trials", value)
    for value in (0, -3):
        with pytest.raises(ValueError, match=rf"trials must be a whole number >= 1, got {value}"):
            _input.count("trials", value)
    with pytest.raises(ValueError, match=r"k must be a whole number >= 0 and <= 4, got 5"):
        _input.count("k", 5, low=0, high=4)


def test_a_scalar_is_one_number():
    assert _input.scalar("lam", np.asarray(2.0)) == 2.0
    assert type(_input.scalar("lam", np.asarray(2.0))) is float
    with pytest.raises(ValueError, match=r"lam must be a single number here, .* shape \(1,\)"):
        _input.scalar("lam", np.asarray([2.0]))


def test_scalars_are_checked_by_their_names():
    assert _input.scalars(lam=np.inf, gamma=np.float32(2)) == {"lam": INF, "gamma": 2.0}
    with pytest.raises(ValueError, match=r"^zeta must be a number between 0 and 1, got 2.0"):
        _input.scalars(sigma2=1.0, zeta=2.0)
    with pytest.raises(ValueError, match=r"^sigma2 must be a single number here"):
        _input.scalars(sigma2=[1.0])


def test_evaluate_broadcasts_and_gives_scalars_for_scalars():
    def kernel(gamma, lam):
        return lam + 10 * gamma

    row, column = [1.0, 2.0], [[3.0], [4.0]]
    assert np.array_equal(_input.evaluate(kernel, lam=row, gamma=column), [[31, 32], [41, 42]])
    number = _input.evaluate(kernel, lam=1.0, gamma=2.0)
    assert isinstance(number, float)
    assert number == 21


def test_evaluate_names_the_shapes_that_do_not_agree():
    with pytest.raises(ValueError, match=r"lam has \(2,\), gamma has \(3,\)"):
        _input.evaluate(dict, lam=np.ones(2), gamma=np.ones(3))


def test_evaluate_is_quiet_where_a_limit_is_infinite(recwarn):
    assert _input.evaluate(lambda lam, gamma: gamma / lam, lam=0.0, gamma=1.0) == INF
    assert not recwarn.list


# --- error-free transformations -------------------------------------------------------------------


def pairs(seed, low, high, count=2000):
    """Doubles of all sizes and signs, some of them close to each other."""
    rng = np.random.default_rng(seed)
    x = rng.choice([-1, 1], count) * 10 ** rng.uniform(low, high, count)
    y = rng.choice([-1, 1], count) * 10 ** rng.uniform(low, high, count)
    near = rng.random(count) < 0.3
    y[near] = -x[near] * (1 + rng.integers(-9, 10, near.sum()) * 2.0**-52)
    return x, y


def test_a_sum_and_its_error_are_the_exact_sum():
    x, y = pairs(1, -150, 150)
    s, e = _exact.two_sum(x, y)
    assert np.array_equal(s, x + y)
    for values in zip(x, y, s, e, strict=True):
        a, b, total, error = map(Fraction, map(float, values))
        assert a + b == total + error


def test_a_product_and_its_error_are_the_exact_product():
    x, y = pairs(2, -60, 60)
    p, e = _exact.two_product(x, y)
    assert np.array_equal(p, x * y)
    assert np.any(e != 0)
    for values in zip(x, y, p, e, strict=True):
        a, b, product, error = map(Fraction, map(float, values))
        assert a * b == product + error


def test_a_product_beyond_the_splitting_has_no_error_term(recwarn):
    with np.errstate(all="ignore"):
        p, e = _exact.two_product(np.array([1e305, 1e-300]), np.array([1e-300, 1e305]))
    assert np.all(p == [1e305 * 1e-300, 1e-300 * 1e305])
    assert np.all(e == 0)


def test_a_difference_from_a_product_keeps_its_digits_where_it_nearly_cancels():
    x, y = pairs(3, -60, 60)
    rng = np.random.default_rng(4)
    z = x * y * (1 + rng.integers(-4, 5, x.size) * 2.0**-52)
    found = _exact.difference_from_product(z, x, y)
    rounded = z == x * y
    assert rounded.any()
    assert not rounded.all()
    assert np.all(found[rounded] == 0)  # the trap that the docstring names
    for values in zip(z[~rounded], x[~rounded], y[~rounded], found[~rounded], strict=True):
        c, a, b, difference = map(Fraction, map(float, values))
        exact = c - a * b
        assert abs(difference - exact) <= abs(exact) * Fraction(1, 2**51)
