"""Raw images to what a network takes, by the image processor of its repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor

from tbench.api import UsageError
from tbench_models.hf.library import told

if TYPE_CHECKING:
    from tbench.api import Images


@dataclass(frozen=True)
class Processed:
    """uint8 images (each H x W x 3, of any sizes) to float32 (B, 3, height, width)."""

    processor: Any

    def __call__(self, images: Images) -> Tensor:
        pictures = [Image.fromarray(image) for image in images]
        pixels: Tensor = self.processor(images=pictures, return_tensors="pt")["pixel_values"].float()
        return pixels


def preparation(whose: str, folder: Path) -> Processed:
    """Computed with PIL, as networks were trained and as other families do, wherever the processor can."""
    try:
        processor = AutoImageProcessor.from_pretrained(
            folder, backend="pil", trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # whatever the file makes the library say
        raise UsageError(f"{whose} does not say how images are prepared for it ({told(error)})") from error
    return Processed(processor)
