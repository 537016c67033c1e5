"""Vision networks of the Hugging Face hub: hf/<repo>[@hidden.N], or a local folder of the same form."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tbench.api import Candidate, Network


class Family:
    """hf/<repo> through the library transformers (Wolf et al., EMNLP demos 2020; pip install tbench[hf]).

    <repo> is a name of the hub (microsoft/resnet-50) or a folder that save_pretrained wrote, relative to here or to
    $TBENCH_DATA. Weights come from the hub's local cache, or from the hub where TBENCH_DOWNLOAD=1; only safetensors,
    and no code of a repository. Images are prepared by the repository's own image processor, computed with PIL wherever
    transformers has it so.

    Features are what the classification head sees, which is the source head then. Where there is no single linear head
    (backbones; distilled DeiT, which averages two), they are the pooled output, unless its pooler has a dense layer of
    its own, for which many repositories bring no weights: then the class token, or else the mean over places. A layer
    hidden.N is the N-th of the network's hidden states, 0 the embeddings, averaged over places, special tokens aside.
    """

    def names(self) -> Iterable[str]:
        """None: the family is open."""
        return ()

    def candidate(self, name: str, layer: str | None) -> Candidate:
        """UsageError without transformers, for an unknown repository or layer, or one that takes no images. No weights
        are read: parameters are counted on a network's shape."""
        from tbench_models.hf.library import quiet
        from tbench_models.hf.network import parameter_count
        from tbench_models.hf.repository import described

        whose = f"hf/{name}"
        with quiet(whose):
            repository = described(name)
            count = parameter_count(whose, repository.folder, layer)
        suffix = f"@{layer}" if layer else ""
        load = partial(_load, name, repository.commit, layer)
        return Candidate(f"{whose}{suffix}", repository.identity + suffix, load, {"parameter_count": float(count)})


def _load(name: str, commit: str, layer: str | None) -> Network:
    from tbench_models.hf.library import quiet
    from tbench_models.hf.network import pretrained
    from tbench_models.hf.repository import complete

    whose = f"hf/{name}"
    with quiet(whose):
        return pretrained(whose, complete(name, commit), layer)


family = Family()
