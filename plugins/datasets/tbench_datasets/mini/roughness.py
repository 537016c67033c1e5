"""Target texture: how rough a random field is, from nearly white noise to clouds."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench_datasets.mini.canvas import SIDE, dye
from tbench_datasets.mini.dataset import Part, balanced

EXPONENTS = (0.4, 0.8, 1.2, 1.6, 2.0, 2.4)


def draw_texture(part: Part, size: int, stream: RandomState) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Gaussian fields whose amplitude falls with frequency as 1/f^a, a of six values, in two random colours."""
    labels = balanced(size, len(EXPONENTS), stream)
    frequency = np.fft.fftfreq(SIDE)
    radius = np.hypot(frequency[:, None], frequency)
    radius[0, 0] = np.inf  # no constant term
    decay = radius ** -np.array(EXPONENTS)[labels][:, None, None]
    fields = np.fft.ifft2(np.fft.fft2(stream.randn(size, SIDE, SIDE)) * decay).real
    fields /= fields.std(axis=(1, 2), keepdims=True)
    return dye(np.clip(0.5 + 0.25 * fields, 0, 1), stream, noise=0.02), labels
