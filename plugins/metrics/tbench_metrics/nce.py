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
    joint = joint / len(own)  # P(y, z)
    marginal = joint.sum(axis=0) + eps  # P(z)
    joint += eps
    conditional = np.divide(joint, marginal, out=np.ones_like(joint), where=joint > 0)  # P(y | z), with 0 log 0 = 0
    return float((joint * np.log(conditional)).sum())  # sum over y, z of P(y, z) log P(y | z)
