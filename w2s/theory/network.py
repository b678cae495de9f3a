"""Setting 3 in the limit: what one gradient step leaves in a two-layer network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from w2s.theory import hermite

__all__ = ["Alignments", "predicted"]


@dataclass(frozen=True)
class Alignments:
    """Norms of a network's updates, and of what they lead to, along both directions.

    The fields hold numbers (the predicted limits), or `Estimate` objects (what was measured over
    trials).

    Attributes
    ----------
    teacher_update_easy : float or Estimate
        Norm ‖(Ŵ_t − W_{t,0})β_e‖.
    teacher_update_hard : float or Estimate
        Norm ‖(Ŵ_t − W_{t,0})β_h‖.
    teacher_easy : float or Estimate
        Norm ‖Ŵ_t β_e‖.
    teacher_hard : float or Estimate
        Norm ‖Ŵ_t β_h‖.
    student_update_easy : float or Estimate
        Norm ‖(Ŵ_s − W_{s,0})β_e‖.
    student_update_hard : float or Estimate
        Norm ‖(Ŵ_s − W_{s,0})β_h‖.
    student_easy : float or Estimate
        Norm ‖Ŵ_s β_e‖.
    student_hard : float or Estimate
        Norm ‖Ŵ_s β_h‖.
    """

    teacher_update_easy: Any
    teacher_update_hard: Any
    teacher_easy: Any
    teacher_hard: Any
    student_update_easy: Any
    student_update_hard: Any
    student_easy: Any
    student_hard: Any


def predicted(problem: Any) -> Alignments:
    """Limits of the alignments as d → ∞ with p/d and n/d fixed.

    With u_t(k) = η_t c_1 k_1 ‖a_t‖ and u_s(k) = η_s η_t c_1³ k_1 ‖a_t‖² ‖a_s‖ for k = e, h:

        ‖(Ŵ_t − W_{t,0})β‖ → abs(u_t),             ‖Ŵ_t β‖² → p_t/d + u_t²,
        ‖(Ŵ_s − W_{s,0})β‖ → abs(u_s),             ‖Ŵ_s β_e‖² → p_s/d + u_s(e)²,
        ‖Ŵ_s β_h‖² → p_s/d + τ² + 2τ u_s(h) cos(a_s, ā) + u_s(h)².

    Parameters
    ----------
    problem : NetworkProblem
        The two networks and their task (`w2s.simulate.NetworkProblem`); whatever has its fields
        will do.

    Returns
    -------
    Alignments
        The eight limits, as numbers.

    Raises
    ------
    TypeError
        `problem` is of another type.
    ValueError
        A function of `problem` is not square-integrable under the Gaussian.

    Notes
    -----
    The teacher's are limits for any a_t. The student's are if also

    - a_t is spread over many neurons, and c_0 Σa_t = O(1): not an activation with a constant and a
      second layer of one sign;
    - Σ min(1, τ²ā_i²) a_{s,i}² → 0: not both a_s and ā on one neuron, and for spread ones τ of
      smaller order than √p (ReLU excepted);
    - for ‖Ŵ_s β_h‖ with a growing τ, τ² E[f_t] Σ a_{s,i} ā_i² E[σ''(w_i·x)] → 0: true of an odd
      activation, not of ReLU with an a_s of one sign.

    References
    ----------
    Moniri and Hassani (2025), Proposition 10 and Theorem 11, which give no constants.

    Examples
    --------
    >>> from w2s.experiments.problems import NetworkProblem
    >>> sizes = dict(d=100, p_t=100, p_s=100, n_t=200, n_s=200, tau=2.0)
    >>> limits = predicted(NetworkProblem(**sizes, easy="identity", activation="relu0"))
    >>> found = limits.teacher_update_easy, limits.student_update_easy, limits.student_hard
    >>> [round(norm, 9) for norm in found]
    [0.5, 0.125, 2.236067977]
    """
    if not hasattr(problem, "norm_s"):
        raise TypeError(f"problem must be a NetworkProblem, got {problem!r}")
    c, e, h = (
        float(hermite.hermite_coefficients(f, 1)[1])
        for f in (problem.activation, problem.easy, problem.hard)
    )
    c, e, h = (0.0 if abs(value) < hermite.TOLERANCE else value for value in (c, e, h))
    teacher = problem.eta_t * c * problem.norm_t
    student = problem.eta_s * problem.eta_t * c**3 * problem.norm_t**2 * problem.norm_s
    cosine = problem.overlap or 0.0
    width_t, width_s = problem.p_t / problem.d, problem.p_s / problem.d
    mixed = 2 * problem.tau * student * h * cosine
    return Alignments(
        teacher_update_easy=abs(teacher * e),
        teacher_update_hard=abs(teacher * h),
        teacher_easy=(width_t + (teacher * e) ** 2) ** 0.5,
        teacher_hard=(width_t + (teacher * h) ** 2) ** 0.5,
        student_update_easy=abs(student * e),
        student_update_hard=abs(student * h),
        student_easy=(width_s + (student * e) ** 2) ** 0.5,
        student_hard=(width_s + problem.tau**2 + mixed + (student * h) ** 2) ** 0.5,
    )
