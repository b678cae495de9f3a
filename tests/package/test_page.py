"""What a page shows of a proof, a table, a formula: the notation, and that nothing is left out."""

import itertools

import pytest
import sympy as sp
from IPython.core.formatters import DisplayFormatter

from w2s import proof, symbolic
from w2s.page import formulas, show, table
from w2s.page.formulas import latex

a, b, c = symbolic.a, symbolic.b, symbolic.c
gamma_s, gamma_t, sigma2 = symbolic.gamma_s, symbolic.gamma_t, symbolic.sigma2
A, B = sp.symbols("A B", commutative=False)
WRITTEN = {
    r"1 - \gamma_{t} b^{2}": 1 - gamma_t * b**2,
    r"1 + a - 2 \gamma_{s} a^{2}": 1 + a - 2 * gamma_s * a**2,
    r"- b \left(1 + c\right)": -b * (1 + c),
    r"\sqrt{2 \pi}": sp.sqrt(2 * sp.pi),
    r"\sqrt{6 \pi} a": sp.sqrt(6 * sp.pi) * a,
    r"\sigma_\varepsilon^2 \gamma_{t}": gamma_t * sigma2,
    r"\sigma_\varepsilon^{4}": sigma2**2,
    r"b^{\star 2}": symbolic.b_star**2,
    r"1 - \lambda_{t} m_{t,1}": 1 - symbolic.lam_t * symbolic.m_t1,
    r"\frac{1}{1 - a}": 1 / (1 - a),
    r"- \frac{a}{3}": -a / 3,
    r"2 a B A": 2 * a * B * A,
    r"\phi(A^2)": sp.Symbol(r"\phi(A^2)"),
    r"\kappa' - t_{i}'": sp.Symbol("kappa'") - sp.Symbol("t_i'"),
    r"\Delta = b^\star": sp.Eq(sp.Symbol("Delta"), symbolic.b_star),
}


@pytest.mark.parametrize("written", WRITTEN)
def test_a_formula_is_written_as_in_the_prose(written):
    assert latex(WRITTEN[written]) == written


def test_the_order_of_terms_does_not_depend_on_how_they_came_together():
    terms = [sp.Integer(1), a, -2 * gamma_s * a**2, sigma2 * gamma_t, -symbolic.lam_s]
    assert len({latex(sp.Add(*order)) for order in itertools.permutations(terms)}) == 1


def test_a_notebook_shows_expressions_so(monkeypatch):
    class Shell:
        display_formatter = DisplayFormatter()

    monkeypatch.setattr("IPython.get_ipython", Shell)
    formulas.use_notation()
    shown, _ = Shell.display_formatter.format(1 - gamma_t * b**2)
    assert shown["text/latex"] == r"$\displaystyle 1 - \gamma_{t} b^{2}$"
    assert "gamma_t" in shown["text/plain"]


def proved():
    region = {gamma_s: (0, 1), a: (0, 1 / gamma_s)}
    return [
        proof.identity(B_of := sp.Symbol("Q"), b * (1 - c), where={B_of: b - b * c}),
        proof.positive(1 - gamma_s * a, region),
        proof.identity(1 / a, a - 1, relation=a**2 - a - 1, of=a),
    ]


def test_a_short_definition_is_read_beside_its_claim():
    claim = proof.positive(1 - b * c, {b: (0, 1)}, where={c: sp.Rational(1, 2)})
    assert r"for $c = \frac{1}{2}$, $0 < b < 1$" in show(claim)._repr_markdown_()
    itself = proof.identity(B := sp.Symbol("B"), sp.Integer(2), where={B: sp.Integer(2)})
    assert show(itself)._repr_markdown_().count("B = 2") == 3  # claim; evidence: claim, definition


def test_a_proof_says_claim_region_condition_and_definition():
    identity, sign, modulo = proved()
    text = repr(show({"energy": identity}, sign, modulo))
    assert "energy: Q = b*(1 - c)" in text
    assert "where Q = -b*c + b" in text
    assert "0 < gamma_s < 1, 0 < a < 1/gamma_s" in text
    assert "a**2 - a - 1 = 0" in text
    page = show({"energy": identity}, sign, modulo)._repr_markdown_()
    for part in ("$Q = b \\left(1 - c\\right)$", "energy", r"0 < a < \frac{1}{\gamma_{s}}"):
        assert part in page
    for certificate in (identity, sign, modulo):
        assert certificate.method in page
        assert all(latex(value) in page for _, value in certificate.evidence)


def test_one_claim_is_a_line_and_its_evidence_can_stand_open():
    _, sign, _ = proved()
    assert "|---|" not in show(sign)._repr_markdown_()
    assert '<details class="evidence">' in show(sign)._repr_markdown_()
    assert '<details class="evidence" open>' in show(sign, unfold=True)._repr_markdown_()


def test_what_is_no_certificate_is_refused():
    with pytest.raises(ValueError, match="proved must hold at least one certificate"):
        show()
    with pytest.raises(ValueError, match="proved must hold at least one certificate"):
        show({"nothing": []})
    for wrong in ("B = b", 1 - a, {"B": 1 - a}, {1: proved()[0]}, [None]):
        with pytest.raises(TypeError, match="proved must"):
            show(wrong)


def test_what_is_no_expression_or_choice_is_refused_by_name():
    for wrong in (None, "x + 1", object(), [1], {}):
        with pytest.raises(TypeError, match="expression must be"):
            latex(wrong)
    for wrong in (None, 1, "yes"):
        with pytest.raises(TypeError, match="unfold must be"):
            show(proved()[0], unfold=wrong)


def test_a_table_takes_cells_as_they_are_read():
    assert repr(table({"$|x|$": [r"$\|y\|$"], "y": ["a|b"]})).splitlines() == [
        r"| $\vert x\vert $ | y |",
        "|---|---|",
        r"| $\Vert y\Vert $ | a\|b |",
    ]
    for wrong in ({"x": [0.1]}, {"x": "ab"}, {"x": [True]}, {1: ["a"]}, [["a"]], {"x": 3}):
        with pytest.raises(TypeError, match="columns"):
            table(wrong)
    for wrong in ({}, {"x": []}, {"x": [1], "y": [1, 2]}):
        with pytest.raises(ValueError, match="columns"):
            table(wrong)
