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

gamma, lam, delta, m, m_1, m_2 = sp.symbols("gamma lambda delta m m_1 m_2", positive=True)
gamma_t, gamma_s, lam_t, lam_s = sp.symbols("gamma_t gamma_s lambda_t lambda_s", positive=True)
m_t1, m_t2, m_s1, m_s2 = sp.symbols("m_t1 m_t2 m_s1 m_s2", positive=True)
#: degrees of freedom per dimension: `a` of the student, `b` of the teacher
a, b = sp.symbols("a b", positive=True)
sigma2, zeta = sp.symbols("sigma^2 zeta", nonnegative=True)
#: the teacher's imbalance (λ_t − σ²γ_t)/√((1+γ_t+λ_t)² − 4γ_t), any real number below 1
c = sp.Symbol("c", real=True)

# --- the spectrum (Definition 2, Theorem 16) ---------------------------------------------------

#: vanishes at m = m(λ; γ): the self-consistent equation 1/m = λ + 1/(1+γm), cleared of fractions
self_consistent = gamma * lam * m**2 + (1 - gamma + lam) * m - 1

penalty = (1 - delta) * (1 - gamma * delta) / delta
stieltjes = delta / (1 - gamma * delta)
stieltjes_derivative = delta**2 / ((1 - gamma * delta) ** 2 * (1 - gamma * delta**2))
#: √((1+γ+λ)² − 4γ), positive on 0 < δ < min(1, 1/γ)
root = (1 - gamma * delta**2) / delta


def of_teacher(expression: Any) -> Any:
    """A spectral expression in (δ, γ) at the teacher's (b, γ_t)."""
    return expression.subs({delta: b, gamma: gamma_t, lam: lam_t})


def of_student(expression: Any) -> Any:
    """A spectral expression in (δ, γ) at the student's (a, γ_s)."""
    return expression.subs({delta: a, gamma: gamma_s, lam: lam_s})


def in_dof(expression: Any) -> Any:
    """Translate from λ, m₁, m₂ of teacher and student to b and a."""
    return expression.subs(
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
teacher_energy = of_teacher(energy) + sigma2 * gamma_t * b**2 / (1 - gamma_t * b**2)
student_error = sigma2 + 1 - 2 * a * b + of_student(energy) * teacher_energy
#: λ_t* = σ²γ_t
optimal_teacher_penalty = sigma2 * gamma_t

# --- setting 2 (Theorem 8) ---------------------------------------------------------------------

#: Δ_Γ in the paper's language: alignment ζ lowers the student's error by ζ²Δ_Γ
theorem_8 = (
    lam_s * (-1 + lam_t * m_t1) * (-2 * lam_t * m_s1 * m_t1 + lam_s * m_s2 * (-1 + lam_t * m_t1))
)
alignment_gain = b * (2 * (1 - a) * (1 - b) + b * (1 - a) ** 2 / (1 - gamma_s * a**2))
weighted_student_error = student_error - zeta**2 * alignment_gain

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
#: for γ_s > 1 the student can win only if c lies below this maximum of H₁, reached at a = 1 − r
threshold = 1 / (1 - 4 * gamma_s + 4 * sp.sqrt(gamma_s**2 - gamma_s))

# (12): the penalties that solve H₁ = c
_discriminant = (c - 1) ** 2 + 8 * c * (1 + c) * gamma_s
_rest = 1 + 2 * c + 5 * c**2 + 4 * c * gamma_s + 4 * c**2 * gamma_s
equation_12_plus = -(_rest + (1 + 3 * c) * sp.sqrt(_discriminant)) / (4 * c * (1 + c))
equation_12_minus = -(_rest - (1 + 3 * c) * sp.sqrt(_discriminant)) / (4 * c * (1 + c))
