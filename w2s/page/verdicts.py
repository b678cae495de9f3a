"""What a chapter concludes: verdicts on the paper's numbered items, corrections, completions.

All are values that a chapter's cell returns, alone or gathered by `conclusions`. The page shows
them; nbval compares them with the record; the ledger and the errata are collected from the
validated outputs, so neither can say more than was checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from w2s import _input
from w2s.page.tables import markdown_table
from w2s.proof import Certificate

__all__ = [
    "KEY",
    "STATUSES",
    "WORDS",
    "Completion",
    "Conclusions",
    "Erratum",
    "Verdict",
    "completion",
    "conclusions",
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
        return _bundle(self)


@dataclass(frozen=True)
class Erratum:
    """One place where the paper prints what does not hold, as `erratum` makes it.

    Attributes
    ----------
    where, printed, holds, check, anchor : str
        What `erratum` was told.
    consequential : bool
        Whether a conclusion changes with it.
    """

    where: str
    printed: str
    holds: str
    check: str
    anchor: str
    consequential: bool = False

    def __str__(self) -> str:
        kind = type(self).__name__
        lines = [f"**{kind}: {self.where}.**"]
        for words, text in zip(WORDS[kind.lower()], self._said(), strict=True):
            lines.append(f"*{words}:* {text}")
        return _quoted([*lines[:-1], lines[-1] + "."])

    def _said(self) -> tuple[str, str, str]:
        return self.printed, self.holds, self.check

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return _bundle(self)


@dataclass(frozen=True)
class Completion(Erratum):
    """One place where the paper is right, and the book adds a case, a hypothesis or a constant.

    Attributes
    ----------
    where, printed, holds, check, anchor : str
        What `completion` was told; `holds` is what it adds.
    consequential : bool
        Whether a conclusion changes with it; it never does.
    """


@dataclass(frozen=True)
class Conclusions:
    """All that a chapter concludes on the paper, as `conclusions` makes it.

    Attributes
    ----------
    found : tuple of Verdict or Erratum
        Verdicts and corrections in the order in which they were given.
    """

    found: tuple[Verdict | Erratum, ...]

    def __str__(self) -> str:
        verdicts = [one for one in self.found if isinstance(one, Verdict)]
        mended = [one for one in self.found if isinstance(one, Erratum)]
        rows = [(f"**{one.item}**", one.status, f"{one.check}.", one.summary) for one in verdicts]
        shown = [markdown_table(VERDICTS, rows)] if rows else []
        shown += [str(one) for one in mended if one.consequential]
        for kind, words in WORDS.items():
            rows = [
                (f"**{one.where}**", one.printed, one.holds, f"{one.check}.")
                for one in mended
                if not one.consequential and _kind(one) == kind
            ]
            if rows:
                shown.append(markdown_table((kind, *(word.lower() for word in words)), rows))
        return "\n\n".join(shown)

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return _bundle(self, *self.found)


#: The heads of the table of verdicts.
VERDICTS = ("of the paper", "verdict", "checked by", "in one sentence")

#: What stands before the three texts of each kind of correction, on the page and in the lists.
WORDS = {
    "erratum": ("Printed", "What holds", "Told apart by"),
    "completion": ("Printed", "To be added", "Seen by"),
}


def _quoted(lines: list[str]) -> str:
    return "\n>\n".join(f"> {line}" for line in lines)


def _kind(conclusion: Any) -> str:
    return type(conclusion).__name__.lower()


def _bundle(shown: Verdict | Erratum | Conclusions, *found: Verdict | Erratum) -> Bundle:
    """What is shown, and as its metadata what it concludes, by kind."""
    text = str(shown)
    listed: dict[str, list[dict[str, Any]]] = {}
    for one in found or [shown]:
        listed.setdefault(_kind(one), []).append(asdict(one))
    return {"text/plain": text, "text/markdown": text}, {KEY: listed}


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
def erratum(
    where: str, *, printed: str, holds: str, check: str, anchor: str, consequential: bool = False
) -> Erratum:
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
    consequential : bool, optional
        Whether a conclusion changes with it; a slip of the pen is none.

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
    _input.instance("consequential", consequential, bool)
    return Erratum(where, printed, holds, check, anchor, consequential)


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


def conclusions(*found: Verdict | Erratum) -> Conclusions:
    """Gather all that a chapter concludes on the paper: one table, and what changes a conclusion.

    Parameters
    ----------
    *found : Verdict or Erratum
        What `verdict`, `erratum` and `completion` gave.

    Returns
    -------
    Conclusions
        What the page shows: verdicts as a table; consequential errata, each in its box; the others
        and the completions as tables.

    Examples
    --------
    >>> print(conclusions(verdict("Assumption 1", "stated", "Gaussian inputs.", anchor="inputs")))
    | of the paper | verdict | checked by | in one sentence |
    |---|---|---|---|
    | **Assumption 1** | stated | reading. | Gaussian inputs. |
    """
    for one in found:
        if not isinstance(one, Verdict | Erratum):
            raise TypeError(f"found must be verdicts, errata and completions, got {one!r}")
    if not found:
        raise ValueError("found must hold at least one conclusion, got none")
    return Conclusions(found)


def _require_text(**texts: str) -> None:
    for name, value in texts.items():
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a text, got {value!r}")
        if not value.strip():
            raise ValueError(f"{name} must say something, got an empty text")
