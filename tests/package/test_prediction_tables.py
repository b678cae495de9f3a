"""The tables that people have: frames with bools, missing values, names; sparse ones; texts."""

import math
import re
from decimal import Decimal

import numpy as np
import pytest
import scipy.sparse

from w2s import prediction

RNG = np.random.default_rng(0)
AGE, BMI, SMOKES = RNG.integers(20, 80, 60), RNG.normal(size=60), RNG.random(60) < 0.5
X = np.column_stack([AGE, BMI, SMOKES]).astype(float)
Y = RNG.normal(size=60)


class NAType:
    """As the missing value of pandas: it is not even equal to itself."""

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")


class Frame:
    """What a data frame shows of itself: columns, their dtypes, a shape, and one array of all."""

    def __init__(self, dtypes=None, **columns):
        self.columns = tuple(columns)
        self.data = list(columns.values())
        self.dtypes = dtypes or [getattr(one, "dtype", "object") for one in self.data]
        self.shape = (len(self.data[0]), len(self.data))

    def __array__(self, dtype=None, copy=None):
        kinds = {np.asarray(one).dtype for one in self.data}
        joint = kinds.pop() if len(kinds) == 1 else object  # so does pandas, of bools and numbers
        array = np.empty(self.shape, joint)
        for j, one in enumerate(self.data):
            array[:, j] = one
        return array if dtype is None else array.astype(dtype)


class Series:
    def __init__(self, values, dtype):
        self.values, self.dtype = values, dtype

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


def estimated(features, labels=Y):
    found = prediction.estimate(features, labels, groups=5)
    return np.append(found.task.eigenvalues, found.task.sigma2)


PLAIN = estimated(X)


@pytest.mark.parametrize(
    "features",
    [
        Frame(age=AGE, bmi=BMI, smokes=SMOKES),  # one array of objects
        Frame(age=AGE.astype(object), bmi=BMI, smokes=SMOKES.astype(object)),  # nullable
        Frame(age=[Decimal(int(age)) for age in AGE], bmi=BMI, smokes=SMOKES),
        X.astype(object),
        X.tolist(),
        [[int(age), bmi, bool(smokes)] for age, bmi, smokes in X],
        np.asmatrix(X),
        np.ma.masked_array(X, mask=False),
    ],
)
def test_numbers_and_bools_of_all_kinds_work(features):
    assert estimated(features) == pytest.approx(PLAIN, rel=1e-9)


def test_a_table_of_bools_works_and_counts_as_0_and_1():
    dummies = RNG.random((60, 4)) < 0.4
    assert estimated(dummies) == pytest.approx(estimated(dummies.astype(float)))
    frame = Frame(**{f"is_{k}": dummies[:, k] for k in range(4)})
    assert np.asarray(frame).dtype == bool
    assert estimated(frame) == pytest.approx(estimated(dummies.astype(float)))


@pytest.mark.parametrize(
    "labels",
    [Y > 0, (Y > 0).tolist(), (Y > 0).astype(object), Series((Y > 0).astype(object), "boolean")],
)
def test_bools_are_labels(labels):
    assert estimated(X, labels) == pytest.approx(estimated(X, (Y > 0).astype(float)))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "float16", "float32"])
def test_narrow_numbers_are_widened_first(dtype):
    x = np.round(100 * RNG.random((60, 3))).astype(dtype)
    assert estimated(x) == pytest.approx(estimated(x.astype(float)))


def with_entry(entry):
    x = X.astype(object)
    x[7, 2] = entry
    return x


@pytest.mark.parametrize("gap", [None, NAType(), math.nan])
def test_gaps_are_named(gap):
    with pytest.raises(ValueError, match=r"got nan in row 7 of column 2: fill the gaps in"):
        prediction.estimate(with_entry(gap), Y)
    with pytest.raises(ValueError, match=r"^labels must .* nan at index 0, and 59 more"):
        prediction.estimate(X, [gap] * 60)


CITY = np.array(["Rome", "Oslo", "Bonn"] * 20)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (
            Frame(age=AGE, city=CITY.astype(object)),
            r"features must be numbers, but column 1 \('city'\) of dtype object holds 'Rome': turn",
        ),
        (
            Frame(dtypes=["int64", "category"], age=AGE, city=CITY.astype(object)),
            r"features .* column 1 \('city'\) of dtype category holds categories: turn it into",
        ),
        # categories that are numbers have an order that nobody chose
        (
            Frame(dtypes=["category", "float64"], age=AGE, bmi=BMI),
            r"features .* column 0 \('age'\) of dtype category holds categories: turn it into",
        ),
        (CITY[:, None], r"features .* column 0 of dtype <U4 holds 'Rome': .* \(a name into a col"),
        ([[1.0, "Rome"], [2.0, "Oslo"]] * 30, r"features .* column 1 of dtype object holds 'Rome'"),
        (with_entry("3"), r"features .* column 2 of dtype object holds '3'"),
        (with_entry(1j), r"features .* column 2 of dtype object holds '1j'"),
        (X * 1j, r"features .* column 0 of dtype complex128 holds"),
        (
            np.datetime64("2020-01-01") + np.arange(60)[:, None],
            r"features .* column 0 of dtype datetime64\[D\] holds '2020-01-01",
        ),
        (
            scipy.sparse.csr_array(X),
            r"features must be a dense table, got a sparse csr_array: pass features\.toarray\(\)",
        ),
        (scipy.sparse.csc_matrix(X), r"features must be a dense table, got a sparse csc_matrix"),
        ([[1.0, 2.0], [3.0]], r"features must be a real number or an array of them"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_by_name_and_dtype(features, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        prediction.estimate(features, Y)
    with pytest.raises(TypeError, match=f"^{message}"):
        prediction.Pool(features, Y, n_t=10, n_s=10)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            np.where(Y > 0, "even", "odd"),
            r"<U4 hold 'even': say -1 for 'even' and 1 for 'odd'",
        ),
        (np.where(Y > 0, "even", "odd").tolist(), r"hold .*: say -1 for 'even' and 1 for 'odd'"),
        (
            Series(np.where(Y > 0, "a", "b"), "category"),
            r"category hold categories: say -1 for 'a'",
        ),
        (CITY, r"hold 'Rome': turn them into numbers; for two classes say -1 and 1"),
        (["odd"] * 60, r"hold 'odd': turn them into numbers; for two classes say -1 and 1"),
    ],
)
def test_classes_by_name_are_told_what_to_say(labels, message):
    with pytest.raises(TypeError, match=f"^labels must be numbers, but those of dtype .*{message}"):
        prediction.estimate(X, labels)


def test_numbers_too_large_for_floats_and_masked_ones_are_refused():
    with pytest.raises(ValueError, match=r"got inf in row 7 of column 2"):
        prediction.estimate(with_entry(10**400), Y)
    with pytest.raises(ValueError, match=r"features must have no masked entries"):
        prediction.estimate(np.ma.masked_greater(X, 70), Y)


def test_the_columns_of_dummies_that_add_up_to_one_are_named():
    frame = Frame(**{f"city_{name}": name == CITY for name in ("Bonn", "Oslo", "Rome")})
    with pytest.raises(ValueError, match=r"column \d \('city_\w+'\) is a combination of other"):
        prediction.estimate(frame, Y)


def test_frames_of_pandas_and_polars_say_the_same():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    columns = {"age": AGE, "bmi": BMI, "smokes": SMOKES}
    frame = pandas.DataFrame(columns)
    for same in (frame, frame.convert_dtypes(), polars.DataFrame(columns)):
        assert estimated(same) == pytest.approx(PLAIN)
    for library in (pandas, polars):
        with pytest.raises(TypeError, match=re.escape("column 1 ('city') of dtype")):
            prediction.estimate(library.DataFrame({"age": AGE, "city": CITY.tolist()}), Y)
