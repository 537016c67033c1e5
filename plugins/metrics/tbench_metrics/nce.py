"""NCE: Tran, Nguyen, Hassner, Transferability and hardness of supervised classification tasks, ICCV 2019."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tbench.api import class_labels, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray


@published("parc", eps=1e-5)
@published("pactran", soft=True)
def nce(source_probabilities: FloatArray, labels: IntArray, *, eps: float = 0.0, soft: bool = False) -> float:
    """Negative conditional entropy -H(Y | Z) of the target classes Y given the source class Z; in [-H(Y), 0].

    source_probabilities (N, S), labels (N,). Z is the likeliest source class of each sample, the first one at a tie.

    eps: added to every cell of the joint and of the marginal distribution. 0 is the definition, which thuml/LogME and
        tllib compute; dbolya/parc takes 1e-5, and the more cells there are, the further its value is off.
    soft: let Z be distributed as the probabilities say, as google-research/pactran_metrics does; never above LEEP.

    as=parc follows dbolya/parc, as=pactran google-research/pactran_metrics (which adds 1e-10 besides).
    """
    own = class_labels(labels)
    classes, sources = int(own.max()) + 1, source_probabilities.shape[1]
    if soft:
        theta = np.asarray(source_probabilities, dtype=np.float64)
        joint = np.stack([theta[own == c].sum(axis=0) for c in range(classes)])
    else:
        cells = own * sources + source_probabilities.argmax(axis=1)
        joint = np.bincount(cells, minlength=classes * sources).reshape(classes, sources)
    return _score(joint / len(own), eps)


def nce_paired(source_labels_of_target: IntArray, labels: IntArray) -> float:
    """NCE where the source class of each of the target's images is known, and not predicted; in [-H(Y), 0].

    source_labels_of_target (N,), labels (N,). This is how the paper defines it, for two sets of labels of the same
    images. It needs a source that labels the target's images, but no candidate: it tells sources apart, not models.
    """
    own, theirs = class_labels(labels), class_labels(source_labels_of_target)
    joint = np.zeros((int(own.max()) + 1, int(theirs.max()) + 1))
    np.add.at(joint, (own, theirs), 1)
    return _score(joint / len(own), eps=0.0)


def _score(joint: FloatArray, eps: float) -> float:
    """Of P(y, z), (K, S), to each cell of which eps is added."""
    marginal = joint.sum(axis=0) + eps  # P(z)
    joint = joint + eps
    conditional = np.divide(joint, marginal, out=np.ones_like(joint), where=joint > 0)  # P(y | z), with 0 log 0 = 0
    return float((joint * np.log(conditional)).sum())  # sum over y, z of P(y, z) log P(y | z)
