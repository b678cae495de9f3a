"""Draws that could disagree with the theory; `from w2s import simulate` is this room.

`problems` says what is drawn, `dense` and `samplers` draw it, `run` repeats it and counts, and
`estimates` holds what comes out. `network` is setting 3: `from w2s import onestep`.
"""

from w2s.experiments.dense import dense_chain_trial, dense_trial, factorised_trial, task_trial
from w2s.experiments.estimates import Draws, Estimate, Experiment, rate
from w2s.experiments.problems import (
    NetworkProblem,
    Problem,
    TaskProblem,
    gaussian_rows,
    sign_rows,
)
from w2s.experiments.run import chain, draws, experiment
from w2s.experiments.samplers import band_trial, chain_trial, exact_trial, spectral_trial

__all__ = [
    "Draws",
    "Estimate",
    "Experiment",
    "NetworkProblem",
    "Problem",
    "TaskProblem",
    "band_trial",
    "chain",
    "chain_trial",
    "dense_chain_trial",
    "dense_trial",
    "draws",
    "exact_trial",
    "experiment",
    "factorised_trial",
    "gaussian_rows",
    "rate",
    "sign_rows",
    "spectral_trial",
    "task_trial",
]
