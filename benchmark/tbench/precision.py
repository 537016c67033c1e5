"""The format that networks compute in: float32, or bfloat16, which is faster where a processor has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

FLOAT32, BFLOAT16 = "float32", "bfloat16"
PRECISIONS = (FLOAT32, BFLOAT16)
AUTO = "auto"


def settled(asked: str, device: str) -> str:
    """What was asked for. auto is bfloat16 where the device multiplies it in hardware; emulated, it is slow."""
    import torch

    if asked != AUTO:
        return asked
    if torch.device(device).type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return BFLOAT16 if native else FLOAT32


def computing(device: str, precision: str) -> torch.autocast:
    """Within it, products and convolutions are taken in this format; weights and what sums up stay float32."""
    import torch

    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == BFLOAT16)
