"""The networks of the embedded suite for 32 x 32 images, from the constructors of timm."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # older releases of timm decorate with what newer ones of torch deprecate
    from timm.models import byobnet, convnext, densenet, efficientnet, mobilenetv3, regnet, vision_transformer
    from timm.models._efficientnet_builder import decode_arch_def

Timm = Any  # timm is untyped: an nn.Module with forward_features, forward_head, get_classifier, reset_classifier


def build(architecture: str, classes: int) -> Timm:
    """A freshly initialised network with a linear classifier; classes = 0 leaves the classifier out."""
    return ARCHITECTURES[architecture](classes)


def _resnet(classes: int) -> Timm:
    block = byobnet.ByoBlockCfg
    stages = (block("basic", d=1, c=24, s=1), block("basic", d=1, c=48, s=2), block("basic", d=1, c=64, s=1))
    shape = byobnet.ByoModelCfg(blocks=stages, stem_type="tiered", stem_chs=24, stem_pool="maxpool")
    return byobnet.ByobNet(shape, num_classes=classes)


def _densenet(classes: int) -> Timm:
    return densenet.DenseNet(growth_rate=12, block_config=(2, 3, 4), bn_size=2, stem_type="deep", num_classes=classes)


def _regnet(classes: int) -> Timm:
    shape = regnet.RegNetCfg(depth=5, w0=16, wa=16.0, wm=1.8, group_size=8, se_ratio=0.25, stem_width=16)
    return regnet.RegNet(shape, num_classes=classes)


def _mobilenetv3(classes: int) -> Timm:
    stages = [
        ["ds_r1_k3_s2_e1_c16_nre"],
        ["ir_r2_k3_s2_e3_c24_nre"],
        ["ir_r2_k3_s1_e3_c40_se0.25"],
        ["cn_r1_k1_s1_c128"],
    ]
    return mobilenetv3.MobileNetV3(
        decode_arch_def(stages), num_classes=classes, stem_size=16, num_features=128, act_layer=nn.Hardswish
    )


def _efficientnet(classes: int) -> Timm:
    stages = [["ds_r1_k3_s2_e1_c16"], ["ir_r2_k3_s2_e3_c24_se0.25"], ["ir_r2_k3_s1_e3_c40_se0.25"]]
    return efficientnet.EfficientNet(
        decode_arch_def(stages), num_classes=classes, stem_size=16, num_features=128, act_layer=nn.SiLU
    )


def _convnext(classes: int) -> Timm:
    return convnext.ConvNeXt(
        depths=(1, 1, 2, 1),
        dims=(24, 40, 64, 96),
        patch_size=2,
        kernel_sizes=5,
        ls_init_value=None,
        output_stride=16,
        num_classes=classes,
    )


def _vit(classes: int) -> Timm:
    return vision_transformer.VisionTransformer(
        img_size=32, patch_size=8, embed_dim=64, depth=4, num_heads=4, mlp_ratio=2, num_classes=classes
    )


ARCHITECTURES: Mapping[str, Callable[[int], Timm]] = {
    "convnext": _convnext,
    "densenet": _densenet,
    "efficientnet": _efficientnet,
    "mobilenetv3": _mobilenetv3,
    "regnet": _regnet,
    "resnet": _resnet,
    "vit": _vit,
}
