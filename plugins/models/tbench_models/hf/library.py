"""The library transformers, which is slow to import and talks a lot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tbench.api import UsageError


@contextmanager
def quiet(whose: str) -> Iterator[None]:
    """No report and no progress bar inside. UsageError where transformers is missing."""
    try:
        from transformers.utils import logging
    except ImportError as error:
        raise UsageError(f"{whose}: needs the library transformers; pip install tbench[hf]") from error
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def told(error: Exception) -> str:
    """The first line of what the library says."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


Model = Any  # transformers is typed in part only: a PreTrainedModel
