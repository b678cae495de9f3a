"""Weak-to-strong generalization, computed: what the book proves, as functions of numbers.

Begin with one of these; each is a module, and `help(w2s.ridge)` shows what is in it.

`ridge`
    Test errors of a ridge teacher and its student in the limit, and who wins (Theorems 4, 5, 8).
`prediction`
    The same for a table of your own: features and labels in, a verdict with error bars out.
`simulate`
    The experiments: draw teachers and students, and see whether the limits are right.

The rooms, in the order in which they may import one another:

=============  =====================================================================================
`theory`       limits as numbers: `marchenko_pastur`, `ridge`, `chains`, `covariance`, `hermite`
`experiments`  draws that could disagree: `simulate` (settings 1 and 2), `onestep` (setting 3)
`prediction`   from a table to a verdict
`proof`        identities and signs with certificates; knows nothing of the subject (extra `book`)
`statements`   what holds (`symbolic`) and what is printed, in SymPy (extra `book`)
`page`         what the book's chapters import for their looks (extra `book`)
=============  =====================================================================================

The short names are how to import: `from w2s import ridge` is `w2s/theory/ridge.py`, `simulate` is
the room `w2s/experiments/` itself, and `onestep` is its `network.py`.

Teacher before student, always; functions of more than three numbers take them by keyword only.

Examples
--------
>>> from w2s import ridge
>>> print(f"{ridge.student_error(lam_t=0.1, lam_s=0.2, gamma_t=0.25, gamma_s=0.25, sigma2=1):.3f}")
1.251
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2s import experiments as simulate
    from w2s import prediction as prediction
    from w2s import proof as proof
    from w2s.experiments import network as onestep
    from w2s.statements import symbolic as symbolic
    from w2s.theory import chains as chains
    from w2s.theory import covariance as covariance
    from w2s.theory import hermite as hermite
    from w2s.theory import marchenko_pastur as marchenko_pastur
    from w2s.theory import ridge as ridge

__version__ = "2.0.0"
__all__ = [
    "chains",
    "covariance",
    "hermite",
    "marchenko_pastur",
    "onestep",
    "prediction",
    "proof",
    "ridge",
    "simulate",
    "symbolic",
]

#: Where the short names live. The last five are kept for notebooks written for version 1.
_HOMES = {
    "chains": "w2s.theory.chains",
    "covariance": "w2s.theory.covariance",
    "hermite": "w2s.theory.hermite",
    "marchenko_pastur": "w2s.theory.marchenko_pastur",
    "onestep": "w2s.experiments.network",
    "ridge": "w2s.theory.ridge",
    "simulate": "w2s.experiments",
    "symbolic": "w2s.statements.symbolic",
    "plotting": "w2s.page.plotting",
    "printed": "w2s.statements.printed",
    "samplers": "w2s.experiments.samplers",
    "traces": "w2s.statements.traces",
    "verdicts": "w2s.page.verdicts",
}
#: What a room needs of the extra `book`, which the base installation does without.
_NEEDS = {"w2s.page": "matplotlib", "w2s.proof": "sympy", "w2s.statements": "sympy"}


class _ShortNames(MetaPathFinder, Loader):
    """`import w2s.ridge` finds `w2s.theory.ridge`: one module, whatever it is called."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name in _NEEDS:
            _require(name, _NEEDS[name])
        short = name.removeprefix("w2s.")
        return ModuleSpec(name, self) if name == f"w2s.{short}" and short in _HOMES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(_HOMES[spec.name.removeprefix("w2s.")])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state  # the import system has put its own there


def _require(room: str, needed: str) -> None:
    try:
        import_module(needed)
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{room} needs {needed}, which the extra `book` brings: "
            "pip install 'w2s[book] @ …' (see the README)",
            name=needed,
        ) from None


if not any(isinstance(finder, _ShortNames) for finder in sys.meta_path):
    sys.meta_path.insert(0, _ShortNames())  # first, to say what is missing before a room is read


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module 'w2s' has no attribute {name!r}; it has {', '.join(__all__)}")
    try:
        return import_module(f"w2s.{name}")
    except ModuleNotFoundError as missing:  # help(w2s) asks for every name and goes on without
        if missing.name not in _NEEDS.values():
            raise
        raise AttributeError(str(missing)) from None


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
