"""What a chapter concludes: verdicts on the paper's numbered items, corrections, completions.

All are values that a chapter's cell returns. The page shows them; nbval compares them with the
record; the ledger and the errata are collected from the validated outputs, so neither can say more
than was checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from w2s import _input
from w2s.proof import Certificate

__all__ = [
    "KEY",
    "STATUSES",
    "WORDS",
    "Completion",
    "Erratum",
    "Verdict",
    "completion",
    "erratum",
    "verdict",
]

#: The key in an output's metadata under which the build finds these conclusions again. The compared
#: part of the output is its text, which says the same.
KEY = "w2s"

Bundle = tuple[dict[str, str], dict[str, Any]]

STATUSES = (
    "holds",  # as printed
    "holds, corrected",  # the statement is right once a stated correction is made
    "fails",  # as printed it is false; what holds is in the errata
    "proved in part",  # proved for the case the book uses, cited beyond
    "stated",  # a definition or an assumption: nothing to prove, used and illustrated
    "reproduced",  # a figure, drawn again at the paper's parameters
    "cited",  # a classical theorem that the book uses, explains and tests, but does not prove
)


@dataclass(frozen=True)
class Verdict:
    """The book's finding on one numbered item of the paper, as `verdict` makes it.

    Attributes
    ----------
    item, status, check, summary, anchor : str
        What `verdict` was told; `check` says what carries the status.
    """

    item: str
    status: str
    check: str
    summary: str
    anchor: str

    def __str__(self) -> str:
        lines = [f"**{self.item}: {self.status}.** {self.summary}", f"*Checked by:* {self.check}."]
        return _quoted(lines)

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return _bundle("verdict", self)


@dataclass(frozen=True)
class Erratum:
    """One place where the paper prints what does not hold, as `erratum` makes it.

    Attributes
    ----------
    where, printed, holds, check, anchor : str
        What `erratum` was told.
    """

    where: str
    printed: str
    holds: str
    check: str
    anchor: str

    def __str__(self) -> str:
        kind = type(self).__name__
        lines = [f"**{kind}: {self.where}.**"]
        for words, text in zip(WORDS[kind.lower()], self._said(), strict=True):
            lines.append(f"*{words}:* {text}")
        return _quoted([*lines[:-1], lines[-1] + "."])

    def _said(self) -> tuple[str, str, str]:
        return self.printed, self.holds, self.check

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return _bundle(type(self).__name__.lower(), self)


@dataclass(frozen=True)
class Completion(Erratum):
    """One place where the paper is right, and the book adds a case, a hypothesis or a constant.

    Attributes
    ----------
    where, printed, holds, check, anchor : str
        What `completion` was told; `holds` is what it adds.
    """


#: What stands before the three texts of each kind of correction, on the page and in the lists.
WORDS = {
    "erratum": ("Printed", "What holds", "Told apart by"),
    "completion": ("Printed", "To be added", "Seen by"),
}


def _quoted(lines: list[str]) -> str:
    return "\n>\n".join(f"> {line}" for line in lines)


def _bundle(kind: str, conclusion: Verdict | Erratum) -> Bundle:
    text = str(conclusion)
    return {"text/plain": text, "text/markdown": text}, {KEY: {kind: asdict(conclusion)}}


@_input.by_keyword
def verdict(
    item: str,
    status: str,
    summary: str,
    *,
    anchor: str,
    proofs: Sequence[Certificate] = (),
    experiment: str = "",
) -> Verdict:
    """Conclude on one numbered item, such as "Theorem 5".

    Parameters
    ----------
    item : str
        The paper's name for it.
    status : str
        One of `STATUSES`.
    summary : str
        One sentence, in markdown.
    anchor : str
        The label of the place in the chapter that the ledger links to.
    proofs : sequence of Certificate
        The certificates that carry the verdict.
    experiment : str
        What was measured, with its figure: "largest deviation 1.9 standard errors".

    Returns
    -------
    Verdict
        The finding, which the page shows.

    Raises
    ------
    ValueError
        A text is empty; or there is neither a proof nor an experiment, which all but "stated" and
        "cited" need.

    Examples
    --------
    >>> print(verdict("Assumption 1", "stated", "Inputs are Gaussian.", anchor="inputs"))
    > **Assumption 1: stated.** Inputs are Gaussian.
    >
    > *Checked by:* reading.
    """
    _require_text(item=item, status=status, summary=summary, anchor=anchor)
    if experiment != "":
        _require_text(experiment=experiment)
    if status not in STATUSES:
        raise ValueError(f"status must be one of {', '.join(STATUSES)}, got {status!r}")
    listed = isinstance(proofs, Sequence)
    if not listed or not all(isinstance(proof, Certificate) for proof in proofs):
        raise TypeError(f"proofs must be certificates of w2s.proof, got {proofs!r}")
    if not proofs and not experiment and status not in ("stated", "cited"):
        raise ValueError(f"{item} is said to be {status!r} without a proof or an experiment")
    counted = f"{len(proofs)} certificate{'s' * (len(proofs) != 1)}" if proofs else ""
    kinds = [kind for kind in (counted and f"proof ({counted})", experiment) if kind]
    return Verdict(item, status, "; ".join(kinds) or "reading", summary, anchor)


@_input.by_keyword
def erratum(where: str, *, printed: str, holds: str, check: str, anchor: str) -> Erratum:
    """State a correction: where it is, what is printed, what holds, and the check that decides.

    Parameters
    ----------
    where : str
        The place in the paper.
    printed : str
        What it prints, in markdown.
    holds : str
        What holds instead.
    check : str
        What tells the two apart, without a full stop.
    anchor : str
        The label of the place in the chapter that the errata link to.

    Returns
    -------
    Erratum
        The correction, which the page shows.

    Examples
    --------
    >>> erratum("(5)", printed="1.", holds="2.", check="a count", anchor="five").where
    '(5)'
    """
    _require_text(where=where, printed=printed, holds=holds, check=check, anchor=anchor)
    return Erratum(where, printed, holds, check, anchor)


@_input.by_keyword
def completion(where: str, *, printed: str, adds: str, check: str, anchor: str) -> Completion:
    """Complete what is true as printed: where it is, what it says, what the book adds, and how.

    Parameters
    ----------
    where : str
        The place in the paper.
    printed : str
        What it says, in markdown.
    adds : str
        What the book adds.
    check : str
        By what it is seen, without a full stop.
    anchor : str
        The label of the place in the chapter that the list links to.

    Returns
    -------
    Completion
        The addition, which the page shows.

    Examples
    --------
    >>> completion("(5)", printed="It can.", adds="When.", check="a case", anchor="five").holds
    'When.'
    """
    _require_text(where=where, printed=printed, adds=adds, check=check, anchor=anchor)
    return Completion(where, printed, adds, check, anchor)


def _require_text(**texts: str) -> None:
    for name, value in texts.items():
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a text, got {value!r}")
        if not value.strip():
            raise ValueError(f"{name} must say something, got an empty text")
