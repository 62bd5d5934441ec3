"""How a network is trained: what is misspelt or impossible is told, not replaced."""

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import COCO_17, MPII_16
from edgepose.train.data.augment import AugmentConfig
from edgepose.train.networks import NetworkSpec
from edgepose.train.objectives import objective_of
from edgepose.train.recipe import Recipe
from edgepose.train.runs.named_recipes import RECIPES, named_recipe


@pytest.mark.parametrize(
    ("make", "wrong", "told"),
    [
        (Recipe, {"optimiser": "adamW"}, "optimiser is one of adamw, adam, rmsprop, sgd; found 'adamW'"),
        (Recipe, {"schedule": "linear"}, "schedule is one of cosine, steps; found 'linear'"),
        (Recipe, {"precision": "fp16"}, "precision is one of bf16, fp32; found 'fp16'"),
        (Recipe, {"loss": "mse"}, "loss is one of partial, weighted, focal, squared; found 'mse'"),
        (Recipe, {"ema_decay": 1.5}, "ema_decay is a number from 0 to 1; found 1.5"),
        (Recipe, {"clip_norm": -1}, "clip_norm is a number of 0 or more; found -1"),
        (Recipe, {"epochs": 0}, "epochs is a number of 1 or more; found 0"),
        (Recipe, {"seed": -1}, "seed is a number from 0 to .*; found -1"),
        (Recipe, {"learning_rate": math.nan}, "learning_rate is a number of 1e-12 or more; found nan"),
        (Recipe, {"learning_rate": math.inf}, "learning_rate is .* found inf"),
        (Recipe, {"milestones": (0.5, 0.1)}, "a milestone is 2 numbers; found 0.5"),
        (Recipe, {"milestones": ((0.5, "less"),)}, "a milestone is 2 numbers; found"),
        (Recipe, {"milestones": ((50, 0.1),)}, "where a milestone begins is a number from 0 to 1; found 50"),
        (Recipe, {"milestones": ((0.7, 0.1), (0.5, 0.5))}, "milestones come in the order in which they begin"),
        (AugmentConfig, {"scale": (0.5,)}, r"scale is 2 numbers; found \(0.5,\)"),
        (AugmentConfig, {"scale": (1.3, 0.7)}, "the second scale, the most is a number of 1.3 or more; found 0.7"),
        (AugmentConfig, {"mirror": 50}, "mirror is a number from 0 to 1; found 50"),
        (AugmentConfig, {"colour": -1.0}, "colour is a number from 0 to 2; found -1"),
    ],
)
def test_an_impossible_value_is_told(make: Callable[..., object], wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(EdgeposeError, match=told):
        make(**wrong)


@pytest.mark.parametrize("kind", [Recipe, AugmentConfig])
def test_every_number_and_word_is_looked_at(kind: type[Any]) -> None:
    kinds = get_type_hints(kind)
    for name in (field.name for field in fields(kind)):
        if get_origin(kinds[name]) is Literal or kinds[name] in (int, float):
            with pytest.raises(EdgeposeError, match=name):
                kind(**{name: "nonsense" if get_args(kinds[name]) else -1e-9})


@pytest.mark.parametrize("name", ["repose", "ppnet-m1-d1-w8", "pbn", "pil"])
def test_a_loss_of_another_kind_of_network_is_told(name: str) -> None:
    spec = NetworkSpec.of_paper(name)
    with pytest.raises(EdgeposeError, match=f"{name} learns by the loss partial or weighted; found focal"):
        objective_of(spec, Recipe(loss="focal"))


def test_whole_pictures_are_not_for_networks_of_one_person() -> None:
    recipe = Recipe(loss="partial", augment=AugmentConfig(whole_picture=0.1))
    with pytest.raises(EdgeposeError, match="repose sees one person in a crop, whole_picture is for everybody"):
        objective_of(NetworkSpec.of_paper("repose"), recipe)


def test_milestones_without_steps_are_told() -> None:
    with pytest.raises(EdgeposeError, match='milestones are of schedule = "steps"; found schedule = "cosine"'):
        named_recipe("modern", NetworkSpec.of_paper("repose"), milestones=((0.5, 0.1),))
    assert named_recipe("paper", NetworkSpec.of_paper("repose"), schedule="cosine").rate_at(50, 100) < 6e-4


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", ["repose", "ppnet-m2-d2-w32", "pbn", "pil", "simplepose", "simplepose-edge"])
def test_a_recipe_survives_json(name: str, recipe: str) -> None:
    made = RECIPES[recipe](NetworkSpec.of_paper(name))
    assert Recipe.from_dict(made.to_dict()) == made


def test_ppnet_trains_as_long_as_its_paper_does_on_each_data() -> None:
    for skeleton, epochs, falls in ((COCO_17, 210, (170, 200)), (MPII_16, 160, (120, 150))):
        recipe = named_recipe("paper", NetworkSpec.of_paper("ppnet-m2-d2-w32", skeleton=skeleton))
        assert recipe.epochs == epochs
        assert [round(share * epochs) for share, _ in recipe.milestones] == list(falls)
