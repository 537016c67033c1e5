"""tbench distance: how much nearer did pre-training bring a network to its fine-tuned weights?"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("initial", type=click.Path(path_type=Path))
@click.argument("pretrained", type=click.Path(path_type=Path))
@click.argument("finetuned", type=click.Path(path_type=Path))
@click.option("--metric", default="parameter-distance", show_default=True, help="With the settings that you want.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write a page and a picture to this folder.")
def distance(initial: Path, pretrained: Path, finetuned: Path, metric: str, out: Path | None) -> None:
    """Compare three checkpoints of one network, block by block: .safetensors, or .pth files of tensors only.

    \b
    tbench distance random.pth imagenet.pth flowers.pth
    tbench distance random.pth imagenet.pth flowers.pth --metric parameter-distance:as=schuture --out flowers
    """
    from tbench.cli.terminal import for_tables, print_section
    from tbench.distance import measured, publish, section

    distances = measured(metric, (initial, pretrained, finetuned))
    console = for_tables()
    print_section(console, section(distances, bars=True))
    if out:
        console.print(f"page: {publish(distances, out)}", markup=False, soft_wrap=True)
