"""The self-supervised ResNet-50s of the PED paper, ssl/<name>[@layer], from the files that their authors published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial

from tbench.api import Candidate, Network, TbenchError, UsageError, data_home


class Family:
    """Twelve ways to train a ResNet-50 on ImageNet without labels, as in Li et al., ICCV 2023, from public checkpoints.

    Images as in the protocol of that pool (Ericsson et al., CVPR 2021): shorter side to 224 by bicubic interpolation,
    the centre, mean and deviation of ImageNet. No head; features are (B, 2048). A layer is a module or node of
    torchvision's ResNet-50 (`layer3`). Files are not fetched: manifest.toml says where they come from.
    """

    def names(self) -> Iterable[str]:
        from tbench_models.ssl.manifest import read_manifest

        return list(read_manifest())

    def candidate(self, name: str, layer: str | None) -> Candidate:
        """UsageError for an unknown name or layer; TbenchError where the file is absent, or not one of torch."""
        from tbench_models.digest import sha256_of
        from tbench_models.ssl.manifest import read_manifest
        from tbench_models.ssl.network import assemble, parameter_count

        manifest = read_manifest()
        if name not in manifest:
            near = get_close_matches(name, manifest, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(manifest)}"
            raise UsageError(f"ssl has no model {name!r}: {hint}")
        entry, whose = manifest[name], f"ssl/{name}"
        if not entry.file:
            raise TbenchError(
                f"{whose} is not published as a torch checkpoint ({entry.source}); convert it to a state dict of "
                "torchvision's ResNet-50 and use checkpoint/<path>"
            )
        facts = {"parameter_count": float(parameter_count(whose, layer))}
        path = data_home() / "ssl" / entry.file
        if not path.is_file():
            raise TbenchError(
                f"weights of {whose} are not at {path}; put them there from {entry.source} (root: TBENCH_DATA)"
            )
        sha256 = sha256_of(path)
        suffix = f"@{layer}" if layer else ""
        return Candidate(whose + suffix, sha256 + suffix, partial(assemble, whose, path, entry, layer), facts)

    def together(self, name: str, layers: Sequence[str | None]) -> Network:
        """One network for several layers of a member, as `candidate` knows them; None is the whole network."""
        from tbench_models.cutting import together

        return together(self.candidate(name, None).load(), layers, lambda layer: False, f"ssl/{name}")


family = Family()
