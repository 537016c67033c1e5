"""What tbench asks of timm, whose older releases decorate with what newer ones of torch deprecate."""

from __future__ import annotations

import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import timm
    from timm.data import create_transform, resolve_model_data_config
    from timm.models import create_model, get_pretrained_cfg, load_state_dict

__all__ = [
    "Timm",
    "architectures",
    "create_model",
    "create_transform",
    "get_pretrained_cfg",
    "load_state_dict",
    "pretrained",
    "resolve_model_data_config",
    "version",
]

Timm = Any  # timm is untyped: an nn.Module with forward_features, forward_head, get_classifier, reset_classifier


def architectures() -> list[str]:
    return list(timm.list_models())


def pretrained() -> list[str]:
    """architecture.tag, for all that have weights."""
    return list(timm.list_pretrained())


def version() -> str:
    return str(timm.__version__)
