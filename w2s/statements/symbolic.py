r"""The theory of settings 1 and 2 as SymPy expressions: each statement written once, as it holds.

Chapters derive these expressions before they import them; the numerics are tested against them, and
what runs in the browser is compiled from them. What the paper *prints* where that differs is in
`w2s.printed`.

Two languages. In the paper's, statements are written with m₁ = m and m₂ = −∂m/∂λ of teacher and
student (`m_t1`, `m_t2`, `m_s1`, `m_s2`). In the book's, with the degrees of freedom per dimension
`b` (teacher) and `a` (student); there everything is rational. `in_dof` translates.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from w2s.proof import as_expression

_imported = {*globals()}

gamma, lam, delta, m, m_1, m_2 = sp.symbols("gamma lambda delta m m_1 m_2", positive=True)
gamma_t, gamma_s, lam_t, lam_s = sp.symbols("gamma_t gamma_s lambda_t lambda_s", positive=True)
m_t1, m_t2, m_s1, m_s2 = sp.symbols("m_t1 m_t2 m_s1 m_s2", positive=True)
#: degrees of freedom per dimension: `a` of the student, `b` of the teacher
a, b = sp.symbols("a b", positive=True)
sigma2, zeta = sp.symbols("sigma^2 zeta", nonnegative=True)
#: the teacher's imbalance (λ_t − σ²γ_t)/√((1+γ_t+λ_t)² − 4γ_t), any real number below 1
c = sp.Symbol("c", real=True)
#: degrees of freedom per dimension of the optimally tuned teacher, λ_t = σ²γ_t
b_star = sp.Symbol("b_star", positive=True)

# --- the spectrum (Definition 2, Theorem 16) ---------------------------------------------------

#: vanishes at m = m(λ; γ): the self-consistent equation 1/m = λ + 1/(1+γm), cleared of fractions
self_consistent = gamma * lam * m**2 + (1 - gamma + lam) * m - 1

penalty = (1 - delta) * (1 - gamma * delta) / delta
stieltjes = delta / (1 - gamma * delta)
stieltjes_derivative = delta**2 / ((1 - gamma * delta) ** 2 * (1 - gamma * delta**2))
#: λ/(1−γδ): the penalty with which an infinite sample, Σ̂ = 1, shrinks by the same δ
effective_penalty = (1 - delta) / delta
#: √((1+γ+λ)² − 4γ), positive on 0 < δ < min(1, 1/γ)
root = (1 - gamma * delta**2) / delta


def of_teacher(expression: Any) -> Any:
    """Put the teacher's (b, γ_t, λ_t) into an expression in (δ, γ, λ).

    Parameters
    ----------
    expression : sympy.Expr
        In `delta`, `gamma` and `lam`.

    Returns
    -------
    sympy.Expr
        The same in `b`, `gamma_t` and `lam_t`.

    Examples
    --------
    >>> of_teacher(stieltjes)
    b/(-b*gamma_t + 1)
    """
    return as_expression("expression", expression).subs({delta: b, gamma: gamma_t, lam: lam_t})


def of_student(expression: Any) -> Any:
    """Put the student's (a, γ_s, λ_s) into an expression in (δ, γ, λ).

    Parameters
    ----------
    expression : sympy.Expr
        In `delta`, `gamma` and `lam`.

    Returns
    -------
    sympy.Expr
        The same in `a`, `gamma_s` and `lam_s`.

    Examples
    --------
    >>> of_student(stieltjes)
    a/(-a*gamma_s + 1)
    """
    return as_expression("expression", expression).subs({delta: a, gamma: gamma_s, lam: lam_s})


def in_dof(expression: Any) -> Any:
    """Translate from λ, m₁, m₂ of teacher and student to b and a.

    Parameters
    ----------
    expression : sympy.Expr
        In the paper's language.

    Returns
    -------
    sympy.Expr
        The same in the degrees of freedom, a rational function of them.

    Examples
    --------
    >>> in_dof(lam_t * m_t1)
    1 - b
    """
    return as_expression("expression", expression).subs(
        {
            m_t1: of_teacher(stieltjes),
            m_t2: of_teacher(stieltjes_derivative),
            lam_t: of_teacher(penalty),
            m_s1: of_student(stieltjes),
            m_s2: of_student(stieltjes_derivative),
            lam_s: of_student(penalty),
        },
        simultaneous=True,
    )


# --- setting 1 (Proposition 3, Theorem 4) ------------------------------------------------------

#: Proposition 3, in the paper's language
proposition_3 = sigma2 + (lam_t - sigma2 * gamma_t) * lam_t * m_t2 + sigma2 * gamma_t * m_t1
#: Theorem 4's Δ, the limit of L_s − L_t, in the paper's language
theorem_4 = (sigma2 * gamma_t - lam_t) * (m_t1 - lam_t * m_t2) * (
    lam_s**2 * m_s2 - 2 * lam_s * m_s1
) + lam_s**2 * m_s2 * (1 - lam_t * m_t1)

teacher_error = (sigma2 + (1 - b) ** 2) / (1 - gamma_t * b**2)
#: the limit of β̂_t·β⋆ is b; this is the limit of ‖β̂_t‖²
energy = delta**2 * (1 + gamma - 2 * gamma * delta) / (1 - gamma * delta**2)
#: q, the share of B that the student keeps
student_share = of_student(energy)
teacher_energy = of_teacher(energy) + sigma2 * gamma_t * b**2 / (1 - gamma_t * b**2)
student_error = sigma2 + 1 - 2 * a * b + student_share * teacher_energy
#: λ_t* = σ²γ_t
optimal_teacher_penalty = sigma2 * gamma_t

# --- setting 2 (Theorem 8) ---------------------------------------------------------------------

#: Δ_Γ in the paper's language: alignment ζ lowers the student's error by ζ²Δ_Γ
theorem_8 = (
    lam_s * (-1 + lam_t * m_t1) * (-2 * lam_t * m_s1 * m_t1 + lam_s * m_s2 * (-1 + lam_t * m_t1))
)
alignment_gain = b * (2 * (1 - a) * (1 - b) + b * (1 - a) ** 2 / (1 - gamma_s * a**2))
weighted_student_error = student_error - zeta**2 * alignment_gain
#: the limit of Sherman–Morrison's scalar ν (appendix F); in the book's language λ_s/a
spike_factor = lam_s / (1 - lam_s * m_s1)

# --- who wins (Theorem 5) ----------------------------------------------------------------------

#: the student's side of the comparison, in [−1, 0]: for λ_s > 0, L_s < L_t ⟺ H₁ > c
H_1 = -(1 - a) / (1 + a - 2 * gamma_s * a**2)
#: the teacher's side, c as a function of (λ_t, γ_t, σ²), in the book's language
imbalance = (lam_t - sigma2 * gamma_t) * b / (1 - gamma_t * b**2)
#: H₁ = c, cleared of fractions
boundary = 2 * c * gamma_s * a**2 + (1 - c) * a - (1 + c)
#: L_s − L_t = (1−a)·b/(1−γ_s a²) · gap_factor
gap_factor = c * (1 + a - 2 * gamma_s * a**2) + 1 - a
weighted_gap_factor = gap_factor - zeta**2 * (2 * (1 - b) * (1 - gamma_s * a**2) + b * (1 - a))
#: c_ζ: with alignment ζ < 1 and λ_s > 0, L_s < L_t ⟺ H₁ > c_ζ; at ζ = 0 it is c
aligned_imbalance = (c - zeta**2 * (1 - b)) / (1 - zeta**2)
#: the best student: (1−a)(1−γ_s a)/(1−γ_s a²)² = c/(c−1), cleared of fractions; with ζ, c is c_ζ
best_student = c * (1 - gamma_s * a**2) ** 2 + (1 - c) * (1 - a) * (1 - gamma_s * a)
#: at the best a: what a student with γ_s gains, as a share of bc²/(1−c), the gain with γ_s → 0
share_of_data = (
    (1 - gamma_s * a**2) ** 2 * (1 - 2 * gamma_s * a + gamma_s * a**2) / (1 - gamma_s * a) ** 2
)
#: bc²/(1−c), the gain with γ_s → 0, as a share of what tuning the teacher would gain
share_of_teacher = (1 - gamma_t * b * b_star) ** 2 / (
    1 + gamma_t * b_star**2 - 2 * gamma_t * b * b_star
)
#: for γ_s > 1 the student can win only if c lies below this maximum of H₁, reached at a = 1 − r
threshold = 1 / (1 - 4 * gamma_s + 4 * sp.sqrt(gamma_s**2 - gamma_s))

#: γ_s > 1, optimal teacher: some λ_s wins if and only if ζ² is larger than this
alignment_threshold_squared = 1 / (b + 4 * (1 - b) * (gamma_s - sp.sqrt(gamma_s**2 - gamma_s)))

# (12): the penalties that solve H₁ = c
_discriminant = (c - 1) ** 2 + 8 * c * (1 + c) * gamma_s
_rest = 1 + 2 * c + 5 * c**2 + 4 * c * gamma_s + 4 * c**2 * gamma_s
equation_12_plus = -(_rest + (1 + 3 * c) * sp.sqrt(_discriminant)) / (4 * c * (1 + c))
equation_12_minus = -(_rest - (1 + 3 * c) * sp.sqrt(_discriminant)) / (4 * c * (1 + c))

# --- several steps of one network (setting 3, where it is nearly linear) -------------------------
#: e, the teacher's linear coefficient over c₁‖a‖; left = (1 − ηc₁²‖a‖²)ᵏ after k steps
tau, easy_signal, rho, left = sp.symbols("tau e rho left", nonnegative=True)
#: ‖Wβ_h‖² − p/d under the squared loss, ρ the cosine of output layer and spike
hard_square = tau**2 * (1 - rho**2 + rho**2 * left**2)
#: ‖Wβ_e‖² − p/d
easy_square = easy_signal**2 * (1 - left) ** 2

# --- the same for sixteen digits ---------------------------------------------------------------
# What is compiled for the browser. Each difference is a sum of terms of one sign, so that no digit
# is lost where λ → 0, γ → 1 or the student copies its teacher. tests/test_explorers.py proves every
# form equal to the one above that it stands for. `*_steps` are computed one after the other.


def _differences(suffix: str) -> Any:
    return sp.symbols([n + suffix for n in ("edge", "S", "rest", "slack", "curvature")], real=True)


#: 1 − γ, the root √((1+γ+λ)² − 4γ), 1 − δ, 1 − γδ and 1 − γδ²
edge, S, rest, slack, curvature = _differences("")
edge_t, S_t, rest_t, slack_t, curvature_t = _differences("_t")
edge_s, S_s, rest_s, slack_s, curvature_s = _differences("_s")
_end = 1 + sp.sqrt(gamma)

spectral_steps = {
    edge: 1 - gamma,
    S: sp.sqrt(lam + edge**2 / _end**2) * sp.sqrt(lam + _end**2),
    delta: 2 / (1 + gamma + lam + S),
    rest: delta
    * sp.Piecewise((2 * lam / (S + edge - lam), edge > lam), ((S - edge + lam) / 2, True)),
    slack: delta
    * sp.Piecewise((2 * gamma * lam / (S - edge - lam), -edge > lam), ((S + edge + lam) / 2, True)),
    curvature: delta * S,
}


def _steps_of(suffix: str, dof: Any, ratio: Any, penalty_: Any) -> dict[Any, Any]:
    names = dict(zip(_differences(""), _differences(suffix), strict=True))
    names.update({delta: dof, gamma: ratio, lam: penalty_})
    return {k.xreplace(names): v.xreplace(names) for k, v in spectral_steps.items()}


teacher_steps = _steps_of("_t", b, gamma_t, lam_t)
student_steps = _steps_of("_s", a, gamma_s, lam_s)

#: the Marchenko–Pastur density (Theorem 16), and the same at x = `spectral_point`, 0 < θ < π
x, theta = sp.symbols("x theta", positive=True)
density = sp.sqrt((x - (1 - sp.sqrt(gamma)) ** 2) * (_end**2 - x)) / (2 * sp.pi * gamma * x)
spectral_point = (1 - gamma) ** 2 / _end**2 + 4 * sp.sqrt(gamma) * sp.sin(theta / 2) ** 2
density_at_point = sp.sin(theta) / (sp.pi * sp.sqrt(gamma) * x)

# Where a curvature is 0 (γ = 1 and λ = 0) the limit is given by hand.
_excess = (sigma2 + rest_t**2) / curvature_t
teacher_sum = sp.Piecewise((0, sp.Eq(sigma2 + curvature_t, 0)), (_excess, True))
_unlearnt = sp.Piecewise((0, sp.Eq(curvature_s, 0)), (rest_s**2 / curvature_s, True))
_kept = sp.Piecewise((edge_s + 2 * gamma_s * rest_s, edge_s >= 0), (2 * slack_s - edge_s, True))
#: `energy` of the student: the share of the teacher's noise that it keeps
energy_sum = a**2 * sp.Piecewise((1, sp.Eq(curvature_s, 0)), (_kept / curvature_s, True))
#: z = 1 − ζ²
unaligned = (1 - zeta) * (1 + zeta)
student_sum = (
    sigma2
    + unaligned * ((rest_s + a * rest_t) ** 2 + gamma_s * a**2 * b**2 * _unlearnt)
    + zeta**2 * rest_t**2
    + energy_sum * gamma_t * b**2 * teacher_sum
)

#: the teacher's imbalance; a λ_t that rounds to the optimum is the optimum
imbalance_sum = sp.Piecewise(
    (0, sp.Eq(lam_t, sigma2 * gamma_t)), ((lam_t - sigma2 * gamma_t) / S_t, True)
)
H_1_sum = -rest_s / (rest_s + 2 * a * slack_s)
#: what the student repairs (c < 0), what its own penalty costs, and what alignment gives back
gap_factor_sum = (
    c * (rest_s + 2 * a * slack_s)
    + rest_s * (rest_t + b * unaligned)
    - 2 * zeta**2 * rest_t * curvature_s
)
gap_sum = sp.Piecewise((0, sp.Eq(rest_s, 0)), (rest_s / curvature_s * b * gap_factor_sum, True))
_r = sp.sqrt((gamma_s - 1) / gamma_s)
#: the supremum of H₁: `threshold` for γ_s > 1, −1/3 for γ_s = 1 and 0 below
threshold_sum = sp.Piecewise((0, gamma_s < 1), (-(1 + _r) / (3 - _r), True))

# The window. With z = 1 − ζ² and κ = ζ²(1−b) − c = −z·c_ζ, H₁ = c_ζ cleared of fractions is
# `window_boundary` = 0, and w is the root of its discriminant.
z, kappa, w, high = sp.symbols("z kappa w high", real=True)
above_rest, above_slack = sp.symbols("above_rest above_slack", real=True)
remaining_imbalance = zeta**2 * rest_t - c
window_boundary = 2 * gamma_s * kappa * a**2 - (z + kappa) * a + z - kappa
window_discriminant = (z - 3 * kappa) ** 2 + 8 * kappa * (z - kappa) * edge_s
_far = z + kappa - 2 * gamma_s * (z - kappa)
#: 1 − a and 1 − γ_s a at the smaller root a = 2(z−κ)/(z+κ+w), times z+κ+w
window_rest = sp.Piecewise(
    (8 * kappa * (z - kappa) * edge_s / (w + z - 3 * kappa), z > 3 * kappa),
    (w - z + 3 * kappa, True),
)
window_slack = sp.Piecewise(
    (4 * gamma_s * edge_s * (z - kappa) ** 2 / (w - _far), _far < 0), (w + _far, True)
)
window_edge = above_rest * above_slack / (2 * (z - kappa) * (z + kappa + w))
_closed = (edge_s <= 0) & ((z >= 3 * kappa) | (window_discriminant <= 0))
#: its ends (the table of Theorem 5, corrected); `high` is nan where no penalty wins
window_steps = {
    edge_s: 1 - gamma_s,
    w: sp.sqrt(window_discriminant),
    above_rest: window_rest,
    above_slack: window_slack,
    high: sp.Piecewise(
        (sp.nan, kappa <= 0), (sp.oo, kappa >= z), (sp.nan, _closed), (window_edge, True)
    ),
}
window_low = sp.Piecewise((0, (kappa >= z) | (edge_s >= 0)), (edge_s**2 / high, True))

__all__ = sorted(name for name in {*globals()} - _imported if not name.startswith("_"))
