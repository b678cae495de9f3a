"""Conclusions: none without a check, and what the page shows is what the ledger reads."""

import nbformat
import pytest
import sympy as sp

from tools.validate.contradictions import contradictions
from w2s import proof
from w2s.page.verdicts import (
    KEY,
    STATUSES,
    Completion,
    Erratum,
    Verdict,
    completion,
    conclusions,
    erratum,
    verdict,
)

X = sp.Symbol("x")
PROOF = proof.identity((X + 1) ** 2, X**2 + 2 * X + 1)
ERRATUM = {
    "where": "Theorem 5",
    "printed": "$c<0$.",
    "holds": "$c<c^\\star$.",
    "check": "a counterexample",
    "anchor": "check-five",
}
COMPLETION = completion(
    "Remark 6", printed="It can.", adds="When.", check="a case", anchor="check-six"
)


@pytest.mark.parametrize(
    ("arguments", "check"),
    [
        ({"proofs": [PROOF]}, "proof (1 certificate)"),
        ({"proofs": [PROOF, PROOF]}, "proof (2 certificates)"),
        ({"experiment": "2.1 standard errors"}, "2.1 standard errors"),
        (
            {"proofs": [PROOF], "experiment": "rate 0.5"},
            "proof (1 certificate); rate 0.5",
        ),
    ],
)
def test_a_verdict_says_what_carries_it(arguments, check):
    found = verdict("Theorem 5", "holds", "It is so.", anchor="check-five", **arguments)
    assert found == Verdict("Theorem 5", "holds", check, "It is so.", "check-five")
    for said in ("Theorem 5: holds.", "It is so.", check):
        assert said in str(found)


@pytest.mark.parametrize("status", STATUSES)
def test_only_what_needs_no_check_goes_without_one(status):
    if status in ("stated", "cited"):
        assert verdict("Assumption 1", status, "Used.", anchor="a").check == "reading"
    else:
        with pytest.raises(ValueError, match=f"said to be '{status}' without a proof"):
            verdict("Theorem 5", status, "It is so.", anchor="a")


def test_a_status_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"one of holds, .*, got 'true'"):
        verdict("Theorem 5", "true", "It is so.", anchor="a", proofs=[PROOF])


@pytest.mark.parametrize("fake", ["a proof", True, X**2, (PROOF,)])
def test_only_certificates_are_proofs(fake):
    with pytest.raises(TypeError, match=r"certificates of w2s\.proof"):
        verdict("Theorem 5", "holds", "It is so.", anchor="a", proofs=[fake])


@pytest.mark.parametrize("name", ERRATUM)
def test_an_erratum_leaves_nothing_out(name):
    assert erratum(**ERRATUM) == Erratum(**ERRATUM)
    with pytest.raises(ValueError, match=f"{name} must say something"):
        erratum(**{**ERRATUM, name: " "})


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("item", (" ", "holds", "It is so.", "a")),
        ("summary", ("Theorem 5", "holds", "", "a")),
        ("anchor", ("Theorem 5", "holds", "It is so.", "")),
    ],
)
def test_a_verdict_leaves_nothing_out(name, arguments):
    item, status, summary, anchor = arguments
    with pytest.raises(ValueError, match=f"{name} must say something"):
        verdict(item, status, summary, anchor=anchor, proofs=[PROOF])


@pytest.mark.parametrize(
    ("kind", "conclusion"),
    [
        ("verdict", verdict("Theorem 5", "holds", "It is so.", anchor="a", proofs=[PROOF])),
        ("erratum", erratum(**ERRATUM)),
        ("completion", COMPLETION),
    ],
)
def test_the_compared_text_says_all_that_the_ledger_reads(kind, conclusion):
    """nbval compares the text and not the metadata; the anchor is checked by the build."""
    data, metadata = conclusion._repr_mimebundle_(include=None, exclude=None)
    assert data == {"text/plain": str(conclusion), "text/markdown": str(conclusion)}
    assert set(metadata[KEY]) == {kind}
    (told,) = metadata[KEY][kind]
    assert all(value in str(conclusion) for name, value in told.items() if name not in UNSAID)


def test_a_completion_says_that_it_adds_and_corrects_nothing():
    assert Completion("Remark 6", "It can.", "When.", "a case", "check-six") == COMPLETION
    assert Erratum("Remark 6", "It can.", "When.", "a case", "check-six") != COMPLETION
    for said in ("Completion: Remark 6", "*To be added:* When.", "*Seen by:* a case."):
        assert said in str(COMPLETION)
    with pytest.raises(ValueError, match="adds must say something"):
        completion("Remark 6", printed="It can.", adds=" ", check="a case", anchor="a")


UNSAID = {"anchor", "consequential"}  # where a row stands tells the second


def test_gathered_conclusions_say_what_each_says_and_what_changes_one_in_a_box():
    found = [
        verdict("Theorem 5", "fails", "It is not so.", anchor="a", proofs=[PROOF]),
        erratum(**ERRATUM, consequential=True),
        erratum(**{**ERRATUM, "where": "Theorem 5, its proof"}),
        COMPLETION,
    ]
    shown = conclusions(*found)
    box, slip = str(found[1]), "| **Theorem 5, its proof** |"
    assert str(shown).index("| **Theorem 5** | fails |") < str(shown).index(box)
    assert str(shown).index(box) < str(shown).index(slip) < str(shown).index("| completion |")
    assert str(shown).count("**Theorem 5, its proof**") == 1
    metadata = shown._repr_mimebundle_()[1][KEY]
    assert {kind: len(listed) for kind, listed in metadata.items()} == {
        "verdict": 1,
        "erratum": 2,
        "completion": 1,
    }
    for listed in metadata.values():
        for told in listed:
            said = [value for name, value in told.items() if name not in UNSAID]
            assert all(value in str(shown) for value in said)
    with pytest.raises(TypeError, match="found must be verdicts, errata and completions, got 1"):
        conclusions(1)
    with pytest.raises(ValueError, match="at least one conclusion"):
        conclusions()


# --- across chapters ----------------------------------------------------------------------------


def notebook(*conclusions):
    """A chapter as executed, with these conclusions and nothing else."""
    outputs = [
        nbformat.v4.new_output("display_data", metadata={KEY: {kind: [what]}})
        for kind, what in conclusions
    ]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=outputs)])


def said(item, status):
    return "verdict", {"item": item, "status": status}


def mended(kind, where):
    return kind, {"where": where}


CONTRARY = [
    ((said("Theorem 5", "holds"), mended("erratum", "Theorem 5, the proof")), "an erratum in it"),
    ((said("Theorem 5", "fails"),), "no erratum of the book is in it"),
    ((said("Theorem 5", "fails"), mended("completion", "Theorem 5")), "no erratum"),
    ((said("Theorem 5", "holds, corrected"),), "no erratum or completion"),
    ((said("Appendix G", "holds"), mended("erratum", "appendices G and H")), "an erratum in it"),
    ((said("Equation (5)", "fails"), mended("erratum", "below (5)")), "no erratum"),
    ((said("Theorem 5", "holds"), said("Theorem 5", "holds, corrected")), "Give it one status"),
]
IN_HARMONY = [
    (said("Theorem 5", "holds"), mended("completion", "Theorem 5")),
    (said("Theorem 5", "fails"), mended("erratum", "Theorem 5")),
    (said("Theorem 5", "holds, corrected"), mended("completion", "the proof of Theorem 5")),
    (said("Equation (5)", "holds"), mended("erratum", "before (5)")),
    (said("Theorem 5", "holds"), said("Theorem 5", "holds")),
]


@pytest.mark.parametrize(("conclusions", "complaint"), CONTRARY)
def test_a_contradiction_is_told_with_its_chapters(conclusions, complaint):
    chapters = {f"{i}.md": notebook(one) for i, one in enumerate(conclusions)}
    told = list(contradictions(chapters))
    assert any(complaint in one and "0.md" in one for one in told), told


@pytest.mark.parametrize("conclusions", IN_HARMONY)
def test_what_agrees_is_no_contradiction(conclusions):
    assert list(contradictions({"one.md": notebook(*conclusions)})) == []
