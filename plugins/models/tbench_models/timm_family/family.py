"""Every network of timm: timm/<architecture>.<tag>[@layer], and controls, timm/<architecture>.random-<seed>."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial

from tbench.api import Candidate, Network, UsageError


class Family:
    """Networks by the names of timm (Wightman, PyTorch Image Models, 2019), prepared for as their weights ask.

    An architecture without a tag is refused, since what it stands for changes between releases. A layer is a module
    that timm's feature_info names (`layer3`, `stages.1`, `blocks.5`), averaged over places; the features of the whole
    network are what its classifier sees. Weights come from the local cache, or from the hub where TBENCH_DOWNLOAD=1.
    """

    def names(self) -> Iterable[str]:
        """Those with weights, some two thousand."""
        from tbench_models.timm_family.library import pretrained

        return pretrained()

    def candidate(self, name: str, layer: str | None) -> Candidate:
        """UsageError for an unknown name or layer. No weights are read: parameters are counted on a network's shape."""
        from tbench_models.seeds import control
        from tbench_models.timm_family.library import architectures, pretrained, version
        from tbench_models.timm_family.network import parameter_count
        from tbench_models.timm_family.weights import identity, missing

        random = control(name)
        asked, known = (random[0], architectures()) if random else (name, pretrained())
        if asked not in known:
            raise _unknown(name, asked, known)
        suffix = f"@{layer}" if layer else ""
        fingerprint = f"{asked} of timm {version()}, random from seed {random[1]}" if random else identity(name)
        facts = {"parameter_count": float(parameter_count(f"timm/{name}", asked, layer, random=bool(random)))}
        return Candidate(
            f"timm/{name}{suffix}",
            fingerprint + suffix,
            partial(_load, name, layer),
            facts,
            "" if random else missing(name),
        )

    def together(self, name: str, layers: Sequence[str | None]) -> Network | None:
        """One network for several layers of a member, as `candidate` knows them; None if timm cannot cut it so."""
        from tbench_models.seeds import control
        from tbench_models.timm_family.network import together

        random = control(name)
        return together(f"timm/{name}", random[0] if random else name, _load(name, None), layers)


def _unknown(name: str, asked: str, known: list[str]) -> UsageError:
    tags = [other for other in known if other.startswith(f"{asked}.")]
    if tags:
        return UsageError(f"timm/{name} does not say which weights; there are {', '.join(tags)} and {asked}.random-0")
    near = get_close_matches(asked, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`tbench list models timm` shows all"
    return UsageError(f"timm knows no {asked!r}: {hint}")


def _load(name: str, layer: str | None) -> Network:
    from tbench_models.seeds import control
    from tbench_models.timm_family.network import initialised, pretrained
    from tbench_models.timm_family.weights import read

    random = control(name)
    if random:
        return initialised(f"timm/{name}", *random, layer)
    return pretrained(f"timm/{name}", name, read(name), layer)


family = Family()
