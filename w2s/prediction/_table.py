"""A table's gate: features and labels become float arrays, or an error that names the column.

A table is whatever `numpy.asarray` takes: arrays, lists, data frames of pandas or polars. Of a
frame nothing is used but `columns`, `dtypes` and `shape`.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from w2s import _input

Array = NDArray[np.float64]

#: What of a column may be left, relative to it, if the others explain it.
_DEPENDENT = 1e-9
#: Sizes whose fourth powers, the variances of squared errors, are numbers.
_SMALLEST, _LARGEST = 1e-70, 1e70
#: Columns that differ by more than this are not told apart from rounding.
_APART = 1e12
#: Arrays of the size of the features that are held at once, and columns that they have at least.
_COPIES, _PATH = 8, 50


def rows(features: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    """Features of shape (N, d) and labels of shape (N,), finite and of a size that can be squared.

    Examples
    --------
    >>> rows([[True, 2], [False, 3]], [False, True])
    (array([[1., 2.],
           [0., 3.]]), array([0., 1.]))
    """
    _refuse_sparse(features)
    shape = getattr(features, "shape", ())
    needed = 8.0 * _COPIES * (math.prod(shape) + _PATH * (shape[0] if shape else 0))
    _input.require_memory(needed, f"a table of features of shape {tuple(shape)}")
    x, y = _numbers("features", features), _numbers("labels", labels)
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(
            f"features must have one row an example and one column a feature, got shape {x.shape}"
        )
    if y.shape != x.shape[:1]:
        raise ValueError(
            f"labels must have one number a row of features, shape ({len(x)},), got shape {y.shape}"
        )
    if not np.all(np.isfinite(x)):
        i, j = np.argwhere(~np.isfinite(x))[0]
        columns = np.flatnonzero(~np.isfinite(x).all(axis=0))
        raise ValueError(
            f"features must hold finite numbers only, got {x[i, j]} in row {i} of "
            f"{_name(features, columns)}: fill the gaps in, or drop these columns or rows"
        )
    if not np.all(np.isfinite(y)):
        i = int(np.argmin(np.isfinite(y)))
        raise ValueError(
            f"labels must hold finite numbers only, got {y[i]} at index {i}, and "
            f"{np.sum(~np.isfinite(y)) - 1} more such: drop these rows from features and labels"
        )
    if np.all(y == y[0]):
        raise ValueError(f"labels must vary, got {y[0]:g} everywhere: there is nothing to learn")
    _require_squares("features", abs(x).max(), "penalties are")
    _require_squares("labels", abs(y).max(), "errors are")
    return x, y


def require_full_rank(features: ArrayLike, x: Array) -> None:
    """ValueError that names columns without variance of their own, or with too little of it.

    Of more columns than rows all are combinations of others; there only repeated ones are named.
    """
    centred = x - x.mean(axis=0)
    size = np.sqrt(np.mean(centred**2, axis=0))
    constant = np.flatnonzero(size <= _DEPENDENT * np.sqrt(np.mean(x**2, axis=0)))
    if len(constant):
        raise ValueError(
            f"features must vary, but {_name(features, constant)} is constant in these "
            "rows: drop it, here and where you train (an intercept is fitted anyway)"
        )
    if size.max() > _APART * size.min():
        small = np.flatnonzero(size * _APART < size.max())
        raise ValueError(
            f"features must be of comparable size, but {_name(features, small)} varies by "
            f"{size[small[0]]:.0e} and {_name(features, np.array([size.argmax()]))} by "
            f"{size.max():.0e}: choose other units, or standardise, here and where you train"
        )
    scaled = np.divide(centred, size * len(x) ** 0.5, out=centred)
    if x.shape[1] < len(x):
        triangle, order = scipy.linalg.qr(scaled, mode="r", pivoting=True)
        dependent = np.sort(order[abs(np.diag(triangle)) <= _DEPENDENT])
    else:
        dependent = _parallel(scaled)
    if len(dependent):
        repeated = copies(x, np.zeros(len(x)))
        raise ValueError(
            f"features must not repeat each other, but {_name(features, dependent)} is a "
            "combination of other columns: drop it, here and where you train"
            + (f". Or is it that {repeated} of {len(x)} rows are copies?" if repeated else "")
        )


def copies(x: Array, y: Array) -> int:
    """How many rows are equal, label and all, to one before them.

    Examples
    --------
    >>> copies(np.array([[1.0], [2.0], [1.0], [1.0]]), np.array([0.0, 0.0, 0.0, 1.0]))
    1
    """
    table = np.column_stack([x, y]) + 0.0  # −0 is 0
    return len(table) - len({hash(row.tobytes()) for row in table})


def _parallel(scaled: Array) -> NDArray[np.intp]:
    """Columns of length 1 that are ± another one before them, without looking at all pairs.

    Such columns have the same length along any one direction, so they are neighbours when sorted.
    """
    along = abs(np.random.default_rng(0).normal(size=len(scaled)) @ scaled)
    order = np.argsort(along, kind="stable")
    found = order[:0]
    for shift in range(1, len(order)):
        near = np.flatnonzero(along[order[shift:]] - along[order[:-shift]] < 1e-5)
        one, other = order[near], order[near + shift]
        same = abs(np.sum(scaled[:, one] * scaled[:, other], axis=0)) >= 1 - 1e-12
        found = np.unique(np.maximum(one, other)[same])
        if len(found) or not len(near):
            break
    return found


def _refuse_sparse(features: Any) -> None:
    if hasattr(features, "toarray"):
        raise TypeError(
            f"features must be a dense table, got a sparse {type(features).__name__}: pass "
            "features.toarray(), if it fits into memory"
        )


def _require_squares(name: str, size: float, what: str) -> None:
    if size and not _SMALLEST < size < _LARGEST:
        raise ValueError(
            f"{name} must be of a size between {_SMALLEST:g} and {_LARGEST:g}, got {size:.2g} "
            f"({what} in units of its square): choose other units, or standardise"
        )


def _numbers(name: str, value: Any) -> Array:
    """`value` as floats: also bools, and objects that are numbers. Missing ones become nan."""
    categories = [
        j for j, dtype in enumerate(_dtypes(value)) if str(dtype).lower().startswith("categ")
    ]
    if categories:
        raise TypeError(_not_numbers(name, value, categories[0], "categories", np.asarray(value)))
    if isinstance(value, np.ma.MaskedArray):
        return _input.real(name, value)
    try:
        array = np.asarray(value)
    except ValueError:  # rows of several lengths
        return _input.real(name, value)
    if array.dtype.kind == "b":
        return array.astype(float)
    if array.dtype.kind in "iuf" or array.ndim not in (1, 2):
        return _input.real(name, array)
    if array.dtype.kind in "US" and not isinstance(value, np.ndarray):
        array = np.asarray(value, dtype=object)  # a list of rows; what is a number stays one
    numeric = np.empty(array.shape)
    for place in np.ndindex(array.shape):
        entry = array[place]
        if entry is None or type(entry).__name__ == "NAType":
            numeric[place] = np.nan
        elif isinstance(entry, (numbers.Number, np.bool_)) and not isinstance(entry, complex):
            numeric[place] = _float(entry)
        else:
            raise TypeError(_not_numbers(name, value, place[-1], f"{str(entry)!r}", array))
    return numeric


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _dtypes(value: Any) -> list[Any]:
    """Those of a data frame's columns, or the one of a series; none of anything else."""
    if isinstance(value, np.ndarray):
        return []
    several = getattr(value, "dtypes", None)
    if several is not None and hasattr(value, "columns"):
        return list(several)
    return [value.dtype] if hasattr(value, "dtype") else []


def _not_numbers(name: str, value: Any, place: int, what: str, array: NDArray[Any]) -> str:
    dtypes = _dtypes(value) or [array.dtype]
    dtype = dtypes[place if len(dtypes) > 1 else 0]
    if name == "features":
        column = _name(value, np.array([place]))
        return (
            f"features must be numbers, but {column} of dtype {dtype} holds {what}: turn it into "
            "numbers (a name into a column of 0 and 1 for each value but one), or drop it"
        )
    classes = sorted({str(entry) for entry in array.ravel()})
    remedy = "turn them into numbers; for two classes say -1 and 1"
    if len(classes) == 2:
        remedy = f"say -1 for {classes[0]!r} and 1 for {classes[1]!r}"
    return f"labels must be numbers, but those of dtype {dtype} hold {what}: {remedy}"


def _name(features: Any, columns: NDArray[np.intp]) -> str:
    """ "column 3", or "column 3 ('age')" of a data frame, and how many others there are."""
    names = getattr(features, "columns", None)
    text = f"column {columns[0]}" + (f" ({names[columns[0]]!r})" if names is not None else "")
    others = ", ".join(map(str, columns[1:6])) + (", …" if len(columns) > 6 else "")
    return text + (f" (and so are columns {others})" if len(columns) > 1 else "")
