"""What can go wrong, as a tree.

TbenchError           one clear line, no traceback, exit code 1
├── UsageError        the words of the user do not fit (unknown name, wrong setting): exit code 2
├── EvidenceError     arrays that cannot be what they claim to be (NaN, wrong length, logits for probabilities)
├── PluginError       a stranger's package cannot be imported, or two of them bring one name
└── StoreError        the store cannot be read or written
Inapplicable          not an error: this metric says nothing about this candidate on this dataset, and why
└── MissingEvidence   ... because evidence that it asks for cannot be had here
ScoreWarning          the score stands, and the message says what to know of it
└── SaturationWarning ... it says less than it seems to: too few samples for what it estimates, or at its bound

Anything else that escapes is a bug of tbench and keeps its traceback.
"""

from __future__ import annotations

from tbench.plain import plain


class TbenchError(Exception):
    """Something the user can mend; the message says what, whose and what to do, in one line, whatever it quotes."""

    def __str__(self) -> str:
        return plain(super().__str__())


class UsageError(TbenchError):
    """The words of the user do not fit."""


class EvidenceError(TbenchError):
    """Evidence that cannot be what it claims to be."""


class PluginError(TbenchError):
    """A plug-in that cannot be had."""


class StoreError(TbenchError):
    """The store cannot be read or written."""


class Inapplicable(Exception):
    """The metric is not defined for this candidate and dataset; the message says why."""


class MissingEvidence(Inapplicable):
    """The metric asks for evidence that this candidate, dataset or caller does not give."""


class ScoreWarning(UserWarning):
    """The score stands; the message says what a reader should know of it."""


class SaturationWarning(ScoreWarning):
    """The score is given, but the data are too few or too degenerate for it to say much; the message says how."""
