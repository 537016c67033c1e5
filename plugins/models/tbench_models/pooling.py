"""Feature maps and tokens to one vector for each image: the mean over all places."""

from __future__ import annotations

from torch import Tensor

from tbench.api import TbenchError


def pooled(inner: Tensor, whose: str, *, channels_last: bool = False, special: int = 1) -> Tensor:
    """(B, C) from (B, C), from maps (B, C, h, w), or (B, h, w, C) where channels_last, or from tokens (B, 1 + T, C).

    special: of the tokens, how many come first and are left out, such as the class token. TbenchError for anything
    else.
    """
    match inner.ndim if isinstance(inner, Tensor) else None:
        case 2:
            return inner
        case 3:
            return inner[:, special:].mean(dim=1)
        case 4:
            return inner.mean(dim=(1, 2) if channels_last else (2, 3))
        case _:
            raise TbenchError(f"{whose} gives no feature map there; choose a layer whose output is one")
