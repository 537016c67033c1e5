"""The Fisher embedding: expected values of all three forms, and plain autograd image by image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tbench.errors import UsageError
from tbench.evidence.fisher import fisher

ORACLES = Path(__file__).parents[1] / "metrics" / "oracles" / "source_aware"
TOLD = json.loads((ORACLES / "task2vec_fisher_a.json").read_text())
NEAR = {"rel": TOLD["tolerance"]["rtol"], "abs": TOLD["tolerance"]["atol"]}


class Body(nn.Module):
    """The network of the expected values, up to its head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.hid = nn.Conv2d(2, 4, 3), nn.Linear(4, 5)

    def forward(self, images: Tensor) -> Tensor:
        return torch.relu(self.hid(torch.relu(self.conv(images)).mean(dim=(2, 3))))


@pytest.fixture
def case() -> dict[str, Any]:
    with np.load(ORACLES / "task2vec_fisher_a.npz") as file:
        arrays = {name: torch.tensor(file[name]) for name in file}
    body, head = Body().double(), nn.Linear(5, 3).double()
    own = {name.removeprefix("param/"): each for name, each in arrays.items() if name.startswith("param/")}
    body.load_state_dict({name: each for name, each in own.items() if not name.startswith("fc")})
    head.load_state_dict({name.removeprefix("fc."): each for name, each in own.items() if name.startswith("fc")})
    return {"body": body, "head": head, "images": arrays["images"], "drawn": arrays["drawn_labels"]}


@pytest.mark.parametrize("batch", [1, 7, 24, 100])
def test_per_sample_forms(case: dict[str, Any], batch: int) -> None:
    derived = TOLD["derived"]
    drawn = np.array(derived["per_sample_monte_carlo_filterwise"])
    assert fisher(**case, batch=batch) == pytest.approx(drawn, **NEAR)
    exact = np.array(derived["exact_label_expectation_filterwise"])
    assert fisher(**case | {"drawn": None}, batch=batch) == pytest.approx(exact, **NEAR)


def test_the_released_form_squares_what_a_batch_says_on_average(case: dict[str, Any]) -> None:
    released = fisher(**case, form="batch-mean", batch=TOLD["settings"]["batch_size"])
    assert released == pytest.approx(np.array(TOLD["expected"]["embedding_filterwise"]), **NEAR)
    assert fisher(**case, form="batch-mean", batch=1) == pytest.approx(fisher(**case), **NEAR)


def small() -> tuple[nn.Module, nn.Module, Tensor]:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(16, 6))
    return body, nn.Linear(6, 3), torch.randn(5, 3, 4, 4)


def test_autograd_image_by_image_with_batch_normalisation() -> None:
    body, head, images = small()
    body[1].running_mean.normal_()
    body.eval()
    weights = [body[0].weight, body[1].weight, body[4].weight]
    total = np.zeros(4 + 4 + 6)
    for image in images:
        logs = torch.log_softmax(head(body(image[None])), dim=1)[0]
        for each in logs:
            gradients = torch.autograd.grad(each, weights, retain_graph=True)
            squares = [gradient.square().reshape(len(gradient), -1).mean(dim=1) for gradient in gradients]
            total += each.exp().item() * torch.cat(squares).numpy()
    assert fisher(body, head, images) == pytest.approx(total / len(images), rel=1e-4)


def test_the_order_of_images_does_not_matter_and_networks_stay_as_they_are() -> None:
    body, head, images = small()
    body.train()
    before = {name: each.clone() for name, each in body.state_dict().items()}
    found = fisher(body, head, images)
    assert found == pytest.approx(fisher(body, head, images.flip(0), batch=2), rel=1e-5)
    assert (found >= 0).all()
    assert body.training
    assert all(torch.equal(each, before[name]) for name, each in body.state_dict().items())
    assert all(parameter.grad is None for parameter in [*body.parameters(), *head.parameters()])


def test_forms_that_make_no_sense_are_told() -> None:
    body, head, images = small()
    with pytest.raises(UsageError, match="batch-mean needs drawn labels"):
        fisher(body, head, images, form="batch-mean")
    with pytest.raises(UsageError, match="unknown form 'mean'"):
        fisher(body, head, images, form="mean")
