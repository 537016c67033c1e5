"""Operations of one pass, counted by hand."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from tbench.api import Network
from tbench.evidence.operations import flops
from tbench.stock import Stock

IMAGES = np.zeros((5, 8, 8, 3), np.uint8)


def network(body: nn.Module) -> Network:
    return Network(body, nn.Linear(7, 1000), 7, lambda images: torch.zeros(len(images), 3, 8, 8))


class Attention(nn.Module):
    """8 x 8 pixels as 64 tokens of 4 numbers, two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 4, 1)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embed(images).flatten(2).mT
        return self.attention(tokens, tokens, tokens, need_weights=False)[0].mean(dim=1)


def test_products_and_sums_of_one_image_through_the_body_alone():
    body = nn.Sequential(nn.Conv2d(3, 7, 3, padding=1), nn.BatchNorm2d(7), nn.Flatten(), nn.Linear(7 * 64, 11))
    assert flops(network(body), IMAGES, "cpu") == 2 * (64 * 27 * 7 + 7 * 64 * 11)


def test_attention_counts():
    embedding, projections = 64 * 3 * 4, 64 * 4 * 4 * 4
    products = 2 * 64 * 64 * 4  # of queries with keys, and of weights with values, over both heads
    assert flops(network(Attention()), IMAGES, "cpu") == 2 * (embedding + projections + products)


def test_a_candidate_costs_what_its_layers_do_up_to_where_it_is_cut():
    stock = Stock()
    images = stock.dataset("mini/digits").split("train", 0).images
    cuts = ("@stage1", "@stage2", "")
    counts = [flops(stock.candidate(f"mini/resnet-random{cut}").load(), images, "cpu") for cut in cuts]
    assert 0 < counts[0] < counts[1] < counts[2]


def test_weights_keep_no_gradients_and_the_count_is_the_same_again():
    of = network(nn.Sequential(nn.Flatten(), nn.Linear(192, 7)))
    assert flops(of, IMAGES, "cpu") == flops(of, IMAGES[1:], "cpu") == 2 * 192 * 7
    assert all(parameter.grad is None for parameter in of.body.parameters())
