r"""Teachers and students drawn from their exact finite-size law, without a data matrix.

**Why no matrix is needed.** X is n×d with independent N(0,1) entries, so QX and XQ' have the law of
X for all orthogonal Q, Q' chosen without looking at it. Fix an orthonormal frame v₁…v_b of ℝᵈ and
reduce X by Householder reflections, row and column in turn. Step j (from 0): the j-th column below
row j is a Gaussian vector of length n−j; a reflection from the left turns it into its norm, a
χ_{n−j} variable, and leaves the rest Gaussian and independent. The next
b−1 entries of row j stay, as N(0,1) variables: in row 0 they belong to the frame, below it the last
of them stand in columns that the reflections of rows above have turned, chosen without looking at
these entries, which leaves them Gaussian. The d−b−j entries beyond are turned by a
reflection from the right into their norm, χ_{d−b−j}, in column j+b; that reflection never touches
the frame's columns. Hence X = UBVᵀ, the first b columns of V are the frame, and B has independent
entries on b+1 diagonals (zero outside the matrix):

    B[j,j] ~ χ_{n−j},   B[j,j+1] … B[j,j+b−1] ~ N(0,1),   B[j,j+b] ~ χ_{d−b−j},   0 ≤ j < min(n,d).

U depends on X only, so Uᵀe is again N(0,σ²I) for independent noise e. One ridge fit with labels
y = Xv + e and penalty λβᵀΩβ is β̂ = (XᵀX/n + λΩ)⁻¹Xᵀy/n. If v, β⋆ and the directions in which Ω
differs from I lie in the frame, everything that decides ‖β̂ − β⋆‖ lives in the coordinates V: a
banded system of size min(d, n+b). That is the **band form**: O(d) numbers and O(d) work.

**From teacher to student.** The student's X is independent of all that came before, so its frame
may be any orthonormal basis of the span of β⋆, the teachers β̂_t (one for each λ_t) and the spike β̂
of the penalty. Of the first stage only their lengths and angles survive. The spike is uniform
among the unit vectors at its angle ζ to β⋆; its angles with the teachers follow from a handful of
Gaussians and one χ. A chain of students repeats the step.

**Spectral form.** XᵀX/n = W diag(s) Wᵀ with W Haar distributed and independent of s. The
eigenvalues s are those of the bidiagonal B (b = 1), O(d²); the coordinates of an orthonormal frame
in W are the first columns of a Haar matrix, the QR factor of a Gaussian d×b one. After that every
pair of penalties is a matrix product.

Both need rows that are rotation-invariant, and a penalty that is the identity up to a few known
directions. Everything else goes to the trials of `w2s.experiments.dense`.

Accuracy: L − σ² carries about 1e-15·(condition number of the fit) relative error, also for tiny
penalties; n = d with λ → 0 is the one ill-conditioned place (condition number about d²), where a
penalty too small for double precision is a LinAlgError.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh_tridiagonal, lapack

from w2s import _input
from w2s.experiments.problems import Problem, generations, of_trial, pairs

__all__ = [
    "band_residuals",
    "band_trial",
    "bidiagonal",
    "chain_trial",
    "cheapest_forms",
    "exact_trial",
    "haar_frame",
    "spectral_trial",
    "spectrum",
]

Array = NDArray[np.float64]

#: Below this the penalty along the spike is zero to every digit; it keeps 1/stiffness finite.
_SOFTEST = 1e-200


def bidiagonal(n: int, d: int, block: int, rng: np.random.Generator) -> Array:
    """Draw the b+1 diagonals of B in X = UBVᵀ, when V starts with a given frame of b vectors.

    Parameters
    ----------
    n : int
        Samples, >= 1.
    d : int
        Dimension, >= 1.
    block : int
        The number b of vectors in the frame, from 1 to d.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    ndarray, shape (block + 1, min(n, d))
        Row i holds B[j, j+i]; entries beyond the last column of the matrix are 0.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> bidiagonal(4, 3, 1, np.random.default_rng(0)).shape
    (2, 3)
    """
    _input.instance("rng", rng, np.random.Generator)
    n, d = _input.count("n", n), _input.count("d", d)
    block, rows = _input.count("block", block, high=d), min(n, d)
    diagonals = np.zeros((block + 1, rows))
    _chi(n, rows, rng, diagonals[0])
    for i in range(1, block):
        rng.standard_normal(out=diagonals[i, : min(rows, d - i)])
    inside = min(rows, d - block)
    _chi(d - block, inside, rng, diagonals[block, :inside])
    return diagonals


def _chi(dof: int, count: int, rng: np.random.Generator, out: Array) -> None:
    """χ variables with dof, dof−1, … degrees of freedom."""
    np.sqrt(rng.chisquare(np.arange(dof, dof - count, -1, dtype=float)), out=out)


# -- the band form -------------------------------------------------------------------------------


@_input.usual
def band_residuals(
    diagonals: Array,
    n: int,
    d: int,
    penalties: Array,
    beta: Array,
    labels: Array,
    *,
    noise: Array | None = None,
    stiffness: float = 1.0,
) -> Iterator[Array]:
    """Compute β̂ − β⋆ in the coordinates V, penalty after penalty: the band form of a ridge fit.

    Parameters
    ----------
    diagonals : ndarray, shape (b + 1, min(n, d))
        Those of B, from `bidiagonal`. Scaled in place.
    n : int
        Samples, >= 1.
    d : int
        Dimension, >= 1.
    penalties : array_like, shape (L,)
        Penalties λ > 0.
    beta : array_like, shape (b, 1)
        Coordinates of β⋆ in the frame.
    labels : array_like, shape (b, q)
        The vectors v that label the data, y = Xv + e.
    noise : array_like, shape (min(n, d),), optional
        The noise in V's counterpart, Uᵀe; by default there is none.
    stiffness : float, default 1
        The entry > 0 of Ω along the first frame vector; Ω is the identity elsewhere.

    Returns
    -------
    iterator of ndarray
        One array of shape (min(d, n+b), q) a penalty, whose first b rows belong to the frame.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.
    numpy.linalg.LinAlgError
        Where n = d and the penalty is too small for double precision.

    Examples
    --------
    >>> diagonals = bidiagonal(9, 4, 1, np.random.default_rng(0))
    >>> next(band_residuals(diagonals, 9, 4, [0.5], [[1.0]], [[1.0]])).shape
    (4, 1)
    """
    n, d = _input.count("n", n), _input.count("d", d)
    diagonals, penalties = _input.array("diagonals", diagonals, 2), pairs(penalties)[0]
    beta, labels = _input.array("beta", beta, 2), _input.array("labels", labels, 2)
    noise = None if noise is None else _input.array("noise", noise, 1)
    (stiffness,) = _input.scalars(stiffness=stiffness).values()
    diagonals *= n**-0.5
    if noise is not None:
        noise = noise * n**-0.5
    fit = _fit_samples if n < d else _fit_coordinates
    return fit(diagonals, min(d, n + len(beta)), penalties, beta, labels, noise, stiffness)


def _fit_coordinates(
    diagonals: Array,
    size: int,
    penalties: Array,
    beta: Array,
    labels: Array,
    noise: Array | None,
    stiffness: float,
) -> Iterator[Array]:
    """n ≥ d: (BᵀB + λΩ)(v − β̂) = λΩv − Bᵀe, which does not cancel when β̂ is close to v."""
    block, width = len(diagonals) - 1, min(len(diagonals), size)
    gram = np.zeros((width, size), order=_layout(width))
    for s in range(width):
        for i in range(block + 1 - s):
            gram[s, i:] += diagonals[i, : size - i] * diagonals[i + s, : size - i]
    moments = None if noise is None else _transposed_times(diagonals, noise[:, None], size)
    del diagonals, noise
    stretched = labels.copy()
    stretched[0] *= stiffness
    corner = gram[0, 0]
    for number, penalty in enumerate(penalties):
        last = number == len(penalties) - 1
        system = gram if last else gram.copy(order="K")
        system[0] += penalty
        system[0, 0] = corner + penalty * stiffness
        shortfall = np.zeros((size, labels.shape[1]), order="F")
        if moments is not None:
            np.negative(moments, out=shortfall)
        shortfall[:block] += penalty * stretched
        shortfall = _solve(system, shortfall)
        np.negative(shortfall, out=shortfall)
        shortfall[:block] += labels - beta
        yield shortfall


def _fit_samples(
    diagonals: Array,
    size: int,
    penalties: Array,
    beta: Array,
    labels: Array,
    noise: Array | None,
    stiffness: float,
) -> Iterator[Array]:
    """n < d: β̂ = Ω⁻¹Bᵀ(BΩ⁻¹Bᵀ + λ)⁻¹(Bv + e), which stays well conditioned as λ → 0."""
    block, rows = len(diagonals) - 1, diagonals.shape[1]
    width = min(block + 1, rows)
    gram = np.zeros((width, rows), order=_layout(width))
    for s in range(width):
        for i in range(block + 1 - s):
            gram[s, : rows - s] += diagonals[i + s, : rows - s] * diagonals[i, s:]
    # Only row 0 of B reaches column 0, so Ω⁻¹ changes one entry.
    gram[0, 0] += diagonals[0, 0] ** 2 * (1 / stiffness - 1)
    outputs = np.zeros((rows, labels.shape[1]), order="F")
    for i in range(block + 1):
        reach = min(rows, block - i)
        outputs[:reach] += diagonals[i, :reach, None] * labels[i : i + reach]
    if noise is not None:
        outputs += noise[:, None]
    for number, penalty in enumerate(penalties):
        last = number == len(penalties) - 1
        system = gram if last else gram.copy(order="K")
        system[0] += penalty
        weights = _solve(system, outputs if last else outputs.copy(order="F"))
        fitted = _transposed_times(diagonals, weights, size)
        fitted[0] /= stiffness
        fitted[:block] -= beta
        yield fitted


def _transposed_times(diagonals: Array, vectors: Array, size: int) -> Array:
    """Bᵀ times the columns of `vectors`, cut to `size` coordinates."""
    product = np.zeros((size, vectors.shape[1]), order="F")
    for i, diagonal in enumerate(diagonals):
        reach = min(len(diagonal), size - i)
        product[i : i + reach] += diagonal[:reach, None] * vectors[:reach]
    return product


def _layout(width: int) -> Literal["C", "F"]:
    """How LAPACK wants a system: two vectors if tridiagonal, else columns."""
    return "C" if width == 2 else "F"


def _solve(system: Array, right: Array) -> Array:
    """Positive definite banded systems, both arguments overwritten: LAPACK's ptsv and pbsv."""
    if len(system) == 2:
        *_, solution, info = lapack.dptsv(
            system[0], system[1, :-1], right, overwrite_d=1, overwrite_e=1, overwrite_b=1
        )
    else:
        _, solution, info = lapack.dpbsv(system, right, lower=1, overwrite_ab=1, overwrite_b=1)
    if info > 0:
        raise np.linalg.LinAlgError(
            "the fit is singular in double precision: with n = d this large the penalty is too "
            "small to be felt; take a larger one"
        )
    return solution


# -- the spectral form ---------------------------------------------------------------------------


@_input.usual
def spectrum(n: int, d: int, rng: np.random.Generator) -> Array:
    """Draw the d eigenvalues of XᵀX/n in O(d²): the bidiagonal model of the Laguerre ensemble.

    Parameters
    ----------
    n : int
        Samples, >= 1.
    d : int
        Dimension, >= 1.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    ndarray, shape (d,)
        In increasing order; max(0, d − n) of them are exactly 0.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> values = spectrum(5, 8, np.random.default_rng(0))
    >>> int(np.sum(values == 0)), bool(np.all(np.diff(values) >= 0))
    (3, True)
    """
    n, d = _input.count("n", n), _input.count("d", d)
    diagonal, above = bidiagonal(n, d, 1, rng)
    rows = len(diagonal)
    squares = diagonal**2
    if n < d:  # BBᵀ
        squares += above**2
        off = diagonal[1:] * above[:-1]
    else:  # BᵀB
        squares[1:] += above[:-1] ** 2
        off = diagonal[:-1] * above[:-1]
    values = np.zeros(d)
    values[d - rows :] = eigvalsh_tridiagonal(
        squares / n, off / n, lapack_driver="sterf", check_finite=False
    )
    return np.maximum(values, 0)


def haar_frame(d: int, block: int, rng: np.random.Generator) -> Array:
    """Draw orthonormal vectors, uniformly distributed.

    Parameters
    ----------
    d : int
        Dimension, >= 1.
    block : int
        How many vectors, from 1 to d.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    ndarray, shape (d, block)
        The vectors as columns.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> frame = haar_frame(5, 2, np.random.default_rng(0))
    >>> bool(np.allclose(frame.T @ frame, np.eye(2)))
    True
    """
    _input.instance("rng", rng, np.random.Generator)
    d = _input.count("d", d)
    block = _input.count("block", block, high=d)
    frame, triangle = np.linalg.qr(rng.standard_normal((d, block)))
    # LAPACK's Q alone is not Haar: its signs are tied to R's.
    return frame * np.where(np.diag(triangle) < 0, -1.0, 1.0)


def _spectral_residuals(
    n: int, d: int, penalties: Array, beta: Array, noise_scale: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """β⋆ and β̂ − β⋆ of a plain noisy fit in the eigenvectors' coordinates: (d, 1) and (d, L)."""
    values = spectrum(n, d, rng)[:, None]
    target = haar_frame(d, 1, rng) * beta[0, 0]
    noise = rng.standard_normal((d, 1)) * (noise_scale * n**-0.5) * np.sqrt(values)
    return target, (noise - penalties * target) / (values + penalties)


def _spectral_squares(
    n: int,
    d: int,
    penalties: Array,
    beta: Array,
    labels: Array,
    stiffness: float,
    rng: np.random.Generator,
) -> Array:
    """‖β̂ − β⋆‖² of noise-free fits, shape (L, q), for Ω = I + (stiffness−1)·u₁u₁ᵀ.

    With φ = λ/(s+λ): β̂ − β⋆ = (v − β⋆) − φv − κφu₁, and by Sherman–Morrison
    κ = (stiffness − 1) Σ(1−φ)u₁v / Σ u₁²(1−φ+φ·stiffness), a quotient without cancellation.
    """
    values = spectrum(n, d, rng)
    frame = haar_frame(d, len(beta), rng)
    residual, fitted = frame @ (labels - beta), frame @ labels
    shrink = penalties[:, None] / (values + penalties[:, None])
    squared = shrink**2
    total = np.einsum("dq,dq->q", residual, residual) + (
        squared @ fitted**2 - 2 * shrink @ (residual * fitted)
    )
    if stiffness != 1.0:
        keep = values / (values + penalties[:, None])
        spike = frame[:, :1]
        along = keep @ spike**2 + stiffness * (shrink @ spike**2)
        kappa = (stiffness - 1) * (keep @ (spike * fitted)) / along
        total += kappa * (
            2 * squared @ (spike * fitted) - 2 * shrink @ (spike * residual)
        ) + kappa**2 * (squared @ spike**2)
    return np.maximum(total, 0)


# -- teachers and students -----------------------------------------------------------------------


def band_trial(
    problem: Problem, lam_t: Array, lam_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Run one trial in the band form: O(d) time and memory for each penalty.

    Several λ_t share one student's data, which widens the band to their number; for whole grids at
    moderate d `spectral_trial` is faster.

    Parameters
    ----------
    problem : Problem
        Sizes, noise and alignment.
    lam_t : array_like
        The teachers' penalties, > 0: a number or a one-dimensional array.
    lam_s : array_like
        The students' penalties, > 0. All pairs are computed.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    teacher_errors : ndarray, shape (L_t,)
        Exact test errors, σ² of the test label included.
    student_errors : ndarray, shape (L_t, L_s)
        The students'.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came; also where memory does not suffice.

    Examples
    --------
    >>> teacher, student = band_trial(
    ...     Problem(d=20, n_t=40, n_s=60, sigma2=1.0), 0.1, [0.1, 1.0], np.random.default_rng(0)
    ... )
    >>> teacher.shape, student.shape
    ((1,), (1, 2))
    """
    return _trial(problem, lam_t, lam_s, rng, ("band", "band"))


def spectral_trial(
    problem: Problem, lam_t: Array, lam_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Run one trial in the spectral form: O(d²) once, then every pair of penalties in O(d).

    Parameters
    ----------
    problem : Problem
        Sizes, noise and alignment.
    lam_t : array_like
        The teachers' penalties, > 0: a number or a one-dimensional array.
    lam_s : array_like
        The students' penalties, > 0. All pairs are computed.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    teacher_errors : ndarray, shape (L_t,)
        Exact test errors, σ² of the test label included.
    student_errors : ndarray, shape (L_t, L_s)
        The students'.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came; also where memory does not suffice.

    Examples
    --------
    >>> teacher, student = spectral_trial(
    ...     Problem(d=20, n_t=40, n_s=60, sigma2=1.0), 0.1, [0.1, 1.0], np.random.default_rng(0)
    ... )
    >>> teacher.shape, student.shape
    ((1,), (1, 2))
    """
    return _trial(problem, lam_t, lam_s, rng, ("spectral", "spectral"))


def exact_trial(
    problem: Problem, lam_t: Array, lam_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Run one trial in whichever form costs less, stage by stage.

    The same law as `dense_trial`, jointly over all pairs of penalties.

    Parameters
    ----------
    problem : Problem
        Sizes, noise and alignment.
    lam_t : array_like
        The teachers' penalties, > 0: a number or a one-dimensional array.
    lam_s : array_like
        The students' penalties, > 0. All pairs are computed.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    teacher_errors : ndarray, shape (L_t,)
        Exact test errors, σ² of the test label included.
    student_errors : ndarray, shape (L_t, L_s)
        The students'.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came; also where memory does not suffice.

    Examples
    --------
    >>> problem = Problem(d=10**5, n_t=4 * 10**5, n_s=8 * 10**4, sigma2=1.0)
    >>> teacher, student = exact_trial(
    ...     problem, np.array([0.05]), np.array([0.1, 1.0]), np.random.default_rng(0)
    ... )
    >>> teacher.shape, student.shape
    ((1,), (1, 2))
    """
    lam_t, lam_s = pairs(lam_t, lam_s)
    return _trial(problem, lam_t, lam_s, rng, cheapest_forms(problem, len(lam_t), len(lam_s)))


def cheapest_forms(problem: Problem, teachers: int, students: int) -> tuple[str, str]:
    """Choose "band" or "spectral" for the teacher's and for the student's stage.

    A function of the problem and the numbers of penalties only, never of the machine: the form
    decides which random numbers a seed gives.

    Parameters
    ----------
    problem : Problem
        Sizes, noise and alignment.
    teachers : int
        How many λ_t, >= 1.
    students : int
        How many λ_s, >= 1.

    Returns
    -------
    teacher : str
        The form of the teacher's stage.
    student : str
        The form of the student's stage.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> cheapest_forms(Problem(d=10**6, n_t=10**6, n_s=10**6, sigma2=1.0), 1, 1)
    ('band', 'band')
    """
    _input.instance("problem", problem, Problem)
    teachers, students = _input.count("teachers", teachers), _input.count("students", students)
    block = _block(problem, teachers)
    teacher = _costs(problem.d, problem.n_t, 1, 1, teachers)
    student = _costs(problem.d, problem.n_s, block, teachers, students)
    return min(teacher, key=teacher.__getitem__), min(student, key=student.__getitem__)


@_input.usual
def chain_trial(
    d: int,
    samples: Sequence[int],
    penalties: Sequence[float],
    sigma2: float,
    rng: np.random.Generator,
    label_noise: Sequence[float] | None = None,
) -> Array:
    """Draw the test errors of a teacher, its student, the student's student, …; O(d) each.

    Every generation has fresh inputs. Only the teacher's labels carry noise, unless `label_noise`
    says otherwise.

    Parameters
    ----------
    d : int
        Dimension, >= 1.
    samples : sequence of int
        Sizes n >= 1, one a generation, the teacher's first.
    penalties : sequence of float
        Penalties λ > 0, one a generation.
    sigma2 : float
        Variance >= 0 of the teacher's label noise, and of the test label.
    rng : numpy.random.Generator
        What draws.
    label_noise : sequence of float, optional
        Variance >= 0 of the noise in each generation's labels; by default `sigma2` for the teacher
        and 0 after it.

    Returns
    -------
    ndarray, shape (generations,)
        The exact test errors.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came; also where memory does not suffice.

    Examples
    --------
    >>> chain_trial(30, [60, 60], [0.1, 0.1], 1.0, np.random.default_rng(0)).shape
    (2,)
    """
    _input.instance("rng", rng, np.random.Generator)
    d, samples, penalties, variances = generations(d, samples, penalties, sigma2, label_noise)
    _input.require_memory(_band_bytes(d, 2, 1), f"a chain at d = {d}")
    beta = np.array([[_length(d, rng)]])
    known, errors = beta, []
    for n, penalty, variance in zip(samples, penalties, variances, strict=True):
        labels = known.sum(axis=1, keepdims=True)
        diagonals = bidiagonal(n, d, len(known), rng)
        noise = _noise(n, d, variance**0.5, rng)
        target = known[:, :1]
        fits = band_residuals(diagonals, n, d, np.array([penalty]), target, labels, noise=noise)
        del diagonals, noise
        residual = next(fits)
        errors.append(float(sigma2) + _squares(residual)[0])
        known = _angles(beta, residual)
    return np.array(errors)


@_input.usual
def _trial(
    problem: Problem,
    lam_t: Array,
    lam_s: Array,
    rng: np.random.Generator,
    forms: tuple[str, str],
) -> tuple[Array, Array]:
    of_trial(problem, Problem, rng)
    lam_t, lam_s = pairs(lam_t, lam_s)
    d, n_t, n_s, sigma2 = problem.d, problem.n_t, problem.n_s, problem.sigma2
    _check_memory(problem, len(lam_t), len(lam_s), forms)
    beta = np.array([[_length(d, rng)]])

    if forms[0] == "band":
        diagonals = bidiagonal(n_t, d, 1, rng)
        noise = _noise(n_t, d, sigma2**0.5, rng)
        fits = band_residuals(diagonals, n_t, d, lam_t, beta, beta, noise=noise)
        del diagonals, noise
        residuals = next(fits) if len(lam_t) == 1 else np.hstack(list(fits))
        del fits
        teacher = _squares(residuals)
        known = _angles(beta, residuals)
    else:
        target, residuals = _spectral_residuals(n_t, d, lam_t, beta, sigma2**0.5, rng)
        teacher = _squares(residuals)
        known = _triangle(np.hstack([target, residuals]))
    del residuals

    stiffness = 1.0
    if problem.zeta is not None:
        known = _spike_first(known, d, problem.zeta, rng)
        stiffness = max((1 + d * problem.spike_norm**2) ** -2.0, _SOFTEST)  # (8)
    target = known[:, :1]
    labels = target + known[:, 1:]
    if forms[1] == "band":
        diagonals = bidiagonal(n_s, d, len(known), rng)
        fits = band_residuals(diagonals, n_s, d, lam_s, target, labels, stiffness=stiffness)
        del diagonals
        student = np.array([_squares(residual) for residual in fits])
    else:
        student = _spectral_squares(n_s, d, lam_s, target, labels, stiffness, rng)
    return sigma2 + teacher, sigma2 + student.T


def _length(d: int, rng: np.random.Generator) -> float:
    """‖β⋆‖ for β⋆ ~ N(0, I/d)."""
    return float(np.sqrt(rng.chisquare(d) / d))


def _noise(n: int, d: int, scale: float, rng: np.random.Generator) -> Array | None:
    if scale == 0:
        return None
    noise = rng.standard_normal(min(n, d))
    noise *= scale
    return noise


def _squares(vectors: Array) -> Array:
    """The squared length of each column."""
    return np.einsum("kq,kq->q", vectors, vectors)


def _angles(beta: Array, residuals: Array) -> Array:
    """β⋆ and the residuals in an orthonormal basis of their span that starts with β⋆'s direction.

    The residuals' first coordinate is along β⋆ already; the others are reduced by a QR step.
    """
    along, across = residuals[:1], residuals[1:]
    if across.shape[1] == 1:  # the norm, without LAPACK's copy of a long vector
        rest = np.sqrt(_squares(across))[None][: len(across)]
    else:
        rest = _triangle(across)
    known = np.zeros((1 + len(rest), 1 + along.shape[1]))
    known[0, 0], known[0, 1:], known[1:, 1:] = beta[0, 0], along[0], rest
    return known


def _spike_first(known: Array, d: int, zeta: float, rng: np.random.Generator) -> Array:
    """The same vectors in a frame that starts with a random spike at correlation ζ with β⋆."""
    if d == 1:
        return known
    outside = d - len(known)
    across = rng.standard_normal(len(known) - 1)
    if outside:
        across = np.append(across, np.sqrt(rng.chisquare(outside)))
        known = np.vstack([known, np.zeros((1, known.shape[1]))])
    across *= (1 - zeta) ** 0.5 * (1 + zeta) ** 0.5 / np.linalg.norm(across)
    spike = np.append(zeta, across)
    # At ζ = 1 the spike is parallel to β⋆: the frame has a direction to spare, and stays a frame.
    return _triangle(np.column_stack([spike, known]))[:, 1:]


def _triangle(vectors: Array) -> Array:
    """The coordinates of the columns in the orthonormal basis that a QR step finds."""
    triangle: Array = np.linalg.qr(vectors, mode="r")  # type: ignore[assignment]
    return triangle


# -- costs ---------------------------------------------------------------------------------------


def _block(problem: Problem, teachers: int) -> int:
    return min(problem.d, 1 + teachers + (problem.zeta is not None))


def _costs(d: int, n: int, block: int, labels: int, penalties: int) -> dict[str, float]:
    """Rough nanoseconds of a stage. They steer the choice of a form and nothing else."""
    size = min(n, d)
    solving = 40 + 0.6 * block**2 + labels * (25 + 2.5 * block)
    band = size * (100 + 16 * block + block**2 + penalties * solving) + 4e4 * penalties
    spectral = 25 * size**2 + d * (20 * block + block**2 + 1.5 * labels * penalties) + 1e5
    return {"band": band, "spectral": spectral}


def _band_bytes(d: int, block: int, labels: int) -> int:
    return 8 * d * (2 * (block + 1) + 2 * labels + 2)


def _check_memory(problem: Problem, teachers: int, students: int, forms: tuple[str, str]) -> None:
    d, block = problem.d, _block(problem, teachers)
    needed = {
        "band": (_band_bytes(d, 1, teachers), _band_bytes(d, block, teachers)),
        "spectral": (8 * d * (teachers + 5), 8 * d * (2 * block + 2 * teachers + 3 * students)),
    }
    largest = max(needed[forms[0]][0], needed[forms[1]][1])
    _input.require_memory(largest, f"a trial at d = {d} with {teachers} teacher penalties")
