"""Taskonomy affinity: Zamir et al., Taskonomy: disentangling task transfer learning, CVPR 2018."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tbench.api import EvidenceError, Score, UsageError

if TYPE_CHECKING:
    from tbench.api import FloatArray


@dataclass(frozen=True, eq=False)
class Ordinal:
    """How candidates compare, image by image. affinities (C,) sum to 1.

    eigenvalue: of the ratios of wins; C where all of them agree with one scale.
    inconsistency: (eigenvalue - C) / (C - 1), None of one candidate.
    """

    win_rates: FloatArray  # (C, C) share of images on which the row's candidate beats the column's, ties half
    affinities: FloatArray
    eigenvalue: float
    inconsistency: float | None


def taskonomy(pool_losses: FloatArray, pool_place: int, *, clip: float = 0.001) -> Score:
    """The candidate's affinity to the target: its weight in an analytic hierarchy process on the whole pool; in (0, 1].

    pool_losses (N, C): of each of C candidates, on each of N held-out images, the loss of a small head that was fitted
    to the target on the frozen candidate. Only the order of losses on an image counts, so losses of any scale compare.
    Affinities of a pool sum to 1: a candidate more changes all of them, and they compare within one target and pool.

    clip: shares of won images are kept within [clip, 1 - clip], which bounds the range: who always loses has the ratio
        clip / (1 - clip) with everyone. The authors publish win rates and affinities, but not the program.

    Terms: `loss` (the mean of the candidate's own), `win rate` (mean over the others), `geometric mean` (of the ratios,
    summing to 1: what the affinity is near), `eigenvalue`, `inconsistency` (0: the ratios fit one scale; above 0.1 is
    usually called too much).

    Of the losses of fine-tuned networks on test images, the affinities are an ordinal form of the ground truth.
    """
    place = int(pool_place)
    if place != pool_place or not 0 <= place < pool_losses.shape[1]:
        raise EvidenceError(f"pool_place {pool_place} is no column of pool_losses, which has {pool_losses.shape[1]}")
    found = ordinal(pool_losses, clip)
    others = np.arange(pool_losses.shape[1]) != place
    geometric = np.exp(np.log(_ratios(found.win_rates, clip)).mean(axis=1))
    loss = float(np.mean(pool_losses[:, place], dtype=np.float64))
    terms = {"loss": loss, "geometric mean": float(geometric[place] / geometric.sum()), "eigenvalue": found.eigenvalue}
    if found.inconsistency is not None:
        terms |= {"inconsistency": found.inconsistency, "win rate": float(found.win_rates[place, others].mean())}
    return Score(float(found.affinities[place]), terms)


def ordinal(losses: FloatArray, clip: float = 0.001) -> Ordinal:
    """Losses (N, C) as affinities, by the principal eigenvector of the ratios of wins.

    Of the losses of fine-tuned networks, it makes an ordinal ground truth.
    """
    if not 0 < clip < 0.5:
        raise UsageError(f"taskonomy: clip={clip} must lie between 0 and 0.5")
    table = np.asarray(losses, dtype=np.float64)
    count = table.shape[1]
    wins = np.stack([((own < table.T) + (own == table.T) / 2).mean(axis=1) for own in table.T])
    values, vectors = np.linalg.eig(_ratios(wins, clip))
    first = int(values.real.argmax())  # of a positive matrix: real, simple, its vector of one sign (Perron)
    weights = np.abs(vectors[:, first].real)
    eigenvalue = float(values[first].real)
    inconsistency = (eigenvalue - count) / (count - 1) if count > 1 else None
    return Ordinal(wins, weights / weights.sum(), eigenvalue, inconsistency)


def _ratios(wins: FloatArray, clip: float) -> FloatArray:
    clipped = np.clip(wins, clip, 1 - clip)
    ratios: FloatArray = clipped / clipped.T
    return ratios
