"""What one pass costs, however fast the machine is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tbench.api import Network

if TYPE_CHECKING:
    from tbench.api import Images


def flops(network: Network, images: Images, device: str) -> float:
    """Of one image through the body, as it is prepared: products and sums of convolutions, matrices and attention.

    Gradients stay on, and attention is taken as the products that it consists of, since PyTorch does not count what
    its faster ways of it do (2.11 none of them, later versions not all).
    """
    image = network.prepare(images[:1]).to(device)
    body = network.body.eval().to(device)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        body(image)
    return float(counter.get_total_flops())
