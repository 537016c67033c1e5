"""What tbench asks of timm, whose older releases decorate with what newer ones of torch deprecate."""

from __future__ import annotations

import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import timm
    from timm.data.config import resolve_data_config, resolve_model_data_config
    from timm.data.transforms_factory import create_transform
    from timm.models import create_model, get_pretrained_cfg, load_state_dict

__all__ = [
    "Timm",
    "architectures",
    "configuration",
    "create_model",
    "create_transform",
    "load_state_dict",
    "pretrained",
    "resolve_data_config",
    "resolve_model_data_config",
    "version",
]

Timm = Any  # timm is untyped: an nn.Module with forward_features, forward_head, get_classifier, reset_classifier


def architectures() -> list[str]:
    return list(timm.list_models())


def configuration(name: str) -> Any:
    """What timm knows of a tag: where its weights are, for which images, how many classes."""
    return get_pretrained_cfg(name)


def pretrained() -> list[str]:
    """architecture.tag, for all that have weights."""
    return list(timm.list_pretrained())


def version() -> str:
    return str(timm.__version__)
