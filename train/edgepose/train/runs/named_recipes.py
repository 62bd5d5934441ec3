"""The papers' recipes and a modern one, by their names."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import torch

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.probe import probe_this_machine
from edgepose.runtime.skeleton import MPII_16
from edgepose.train.data.augment import AugmentConfig
from edgepose.train.networks import NetworkSpec
from edgepose.train.recipe import Recipe

AROUND_A_PERSON = AugmentConfig(
    padding=1 / 0.6, scale=(1 / 1.5, 1 / 0.6), rotation_deg=50.0, shift=50 / 384, occlude=0.0, badly_cut=0.0
)
"""Simple Pose's: a person fills 0.6 of the crop, times 0.6 to 1.5; shifts of 50 pixels are its own at 384."""


_SIMPLE_POSE = Recipe(
    optimiser="sgd",
    learning_rate=1e-4,
    weight_decay=5e-4,
    schedule="steps",
    milestones=((0.25, 0.2), (0.5, 0.2**2), (0.75, 0.2**3)),  # every 15 epochs
    warmup_steps=0,
    epochs=60,
    batch=32,
    clip_norm=0.0,
    loss="focal",
    augment=AROUND_A_PERSON,
)
_PAPERS = {
    "repose": Recipe(
        optimiser="adam",
        learning_rate=1e-3,
        weight_decay=0.0,
        schedule="steps",
        milestones=((0.5, 0.5), (0.65, 0.001)),  # of 2M steps: 5e-4 from 1M, 1e-6 from 1.3M
        warmup_steps=0,
        epochs=200,  # the paper's steps would be thousands of epochs of LSP
        batch=64,
        loss="partial",
        augment=AugmentConfig(scale=(0.7, 1.3), rotation_deg=60.0),
    ),
    "ppnet": Recipe(
        optimiser="rmsprop",
        learning_rate=2.5e-4,
        weight_decay=0.0,
        schedule="steps",
        milestones=((170 / 210, 0.1), (200 / 210, 0.01)),
        warmup_steps=0,
        epochs=210,
        batch=32,
        augment=AugmentConfig(scale=(0.65, 1.35), rotation_deg=45.0),
    ),
    "pbn": Recipe(
        optimiser="rmsprop",
        learning_rate=2.5e-4,
        weight_decay=0.0,
        schedule="steps",
        milestones=((170 / 250, 0.1), (220 / 250, 0.01)),
        warmup_steps=0,
        epochs=250,
        batch=16,
        augment=AugmentConfig(scale=(0.75, 1.25), rotation_deg=30.0, shear=0.5),
    ),
    "pil": Recipe(
        optimiser="rmsprop",
        learning_rate=2.5e-3,
        weight_decay=0.0,
        schedule="steps",
        milestones=((150 / 250, 0.5), (170 / 250, 0.25), (200 / 250, 0.125)),
        warmup_steps=0,
        epochs=250,
        batch=16,
        augment=AugmentConfig(scale=(1 / 1.5, 1 / 0.8), rotation_deg=40.0, shift=40 / 256),
    ),
    "simplepose": _SIMPLE_POSE,
    "simplepose-edge": _SIMPLE_POSE,
}


def paper_recipe(spec: NetworkSpec) -> Recipe:
    """Return the training of the network's own paper; PPNet's is shorter on MPII."""
    if not spec.name.startswith("ppnet-"):
        return _PAPERS[spec.name]
    if spec.skeleton is MPII_16:
        return replace(_PAPERS["ppnet"], epochs=160, milestones=((120 / 160, 0.1), (150 / 160, 0.01)))
    return _PAPERS["ppnet"]


def modern_recipe(spec: NetworkSpec) -> Recipe:
    """Return AdamW with a cosine schedule and the paper's loss; RePose, without shortcuts, wants larger steps."""
    if spec.name in ("simplepose", "simplepose-edge"):
        return Recipe(loss="focal", augment=replace(AROUND_A_PERSON, occlude=0.2))
    return Recipe(loss="partial", learning_rate=5e-3) if spec.name == "repose" else Recipe()


RECIPES = {"paper": paper_recipe, "modern": modern_recipe}


def for_int8(recipe: Recipe) -> Recipe:
    """Return a recipe's quantisation-aware form: it goes on from trained weights, so steps are small and epochs few."""
    return replace(
        recipe,
        qat=True,
        learning_rate=recipe.learning_rate / 10,
        warmup_steps=min(recipe.warmup_steps, 20),
        epochs=5,
        precision="fp32",
    )


def changes_for_int8(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run in floating point changes of its recipe, as one that goes on from its weights for int8 does."""
    kept = {name: value for name, value in changes.items() if name not in ("warmup_steps", "epochs", "precision")}
    return kept | ({"learning_rate": kept["learning_rate"] / 10} if "learning_rate" in kept else {})


def fast_precision() -> Literal["bf16", "fp32"]:
    """Return bf16 on GPUs and CPUs that multiply in it; others only convert to and fro, at half the speed."""
    cpu_has_it = any(flag.endswith("bf16") for flag in probe_this_machine().flags)
    gpu_has_it = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bf16" if gpu_has_it or (cpu_has_it and not torch.cuda.is_available()) else "fp32"


def named_recipe(name: str, spec: NetworkSpec, *, qat: bool = False, **changes: Any) -> Recipe:
    """Return a recipe by its name, on request its quantisation-aware form, with some of its values changed.

    It computes in bf16 where this machine has a unit for it, unless told otherwise.

    Raises `EdgeposeError` for an unknown name or an impossible value.
    """
    if name not in RECIPES:
        raise EdgeposeError(f"unknown recipe {name!r}; known: {', '.join(RECIPES)}")
    recipe = replace(RECIPES[name](spec), precision=fast_precision())
    recipe = replace(for_int8(recipe) if qat else recipe, **changes)
    if "milestones" in changes and recipe.schedule != "steps":
        raise EdgeposeError(f'milestones are of schedule = "steps"; found schedule = "{recipe.schedule}"')
    return recipe
