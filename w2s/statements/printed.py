"""Formulas exactly as the paper prints them where they do not hold; the errata's left column.

Nothing but the errata's checks may use this module: what holds is in `w2s.symbolic`.
"""

from __future__ import annotations

import sympy as sp

from w2s.statements.symbolic import gamma_s, gamma_t, lam_s, lam_t, m_s1, m_s2, m_t1, sigma2, zeta

__all__ = ["H_1", "H_2", "appendix_f_cross", "appendix_f_overlap", "equation_5", "equation_13"]

#: the right-hand side of (5), printed with "imbalance > this" as the condition to win
equation_5 = 1 / (1 - 4 * gamma_s - 4 * sp.sqrt(gamma_s**2 - gamma_s))
#: the right-hand side of (13), also used below (14)
equation_13 = 1 / (1 - 4 * gamma_s + sp.sqrt(gamma_s * (gamma_s - 1)))
#: H₁ written out, below (11)
H_1 = lam_s / (
    1
    + gamma_s**2
    + 2 * gamma_s * (lam_s - 1)
    + lam_s
    + lam_s**2
    + (1 - gamma_s - lam_s) * sp.sqrt(-4 * gamma_s + (1 + gamma_s + lam_s) ** 2)
)
#: H₂ written out, and c in (14)
H_2 = (sigma2 * gamma_t - lam_t) / sp.sqrt(-4 * gamma_t + (1 + gamma_t + lam_t) ** 2)
#: appendix F, the limit of β̂ᵀR̃²Σ̃R̂Σ̂β⋆
appendix_f_overlap = zeta * (1 - lam_t * m_t1) ** 2 * (m_s1 - lam_s * m_s2)
#: appendix F, the limit of 2t₁ᵀt₃
appendix_f_cross = (
    2
    * zeta**2
    * lam_s
    * (1 - lam_t * m_t1)
    * (lam_t * lam_s * m_t1 * m_s2 - lam_t * m_t1 * m_s1 - lam_s * m_s1)
)
