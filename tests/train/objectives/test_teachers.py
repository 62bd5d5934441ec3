"""A student learns from teachers: what they see is read at its cells, with labels and without."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.codecs import of_everybody
from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.geometry import transform_points
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, SIMPLE_POSE_18
from edgepose.runtime.synthetic import render_people
from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError
from edgepose.train.data import DataError, WeightedDataset, open_dataset, without_labels
from edgepose.train.data.augment import within
from edgepose.train.data.crops import Draw
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.objectives import objective_of
from edgepose.train.objectives.body_parts import BodyPartObjective
from edgepose.train.objectives.heatmaps import HeatmapObjective
from edgepose.train.objectives.parsing import ParsingObjective
from edgepose.train.objectives.teachers import Teachers
from edgepose.train.recipe import Recipe
from support.compiling import check_compiles
from support.dot_dataset import DotDataset
from support.still import STILL
from support.trained import train_briefly

STUDENT = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (32, 32))
TEACHER = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (48, 64))
RECIPE = Recipe(epochs=2, batch=4, warmup_steps=0, precision="fp32", augment=STILL)
DOTS = [WeightedDataset(DotDataset(8), 1.0)]
PIL = NetworkSpec.of_paper("pil", {"fusion": "multi-task"}, LSP_14, (64, 64))
EVERYBODY = NetworkSpec("simplepose-edge", SIMPLE_POSE_18, (64, 64), {"width": 16, "step": 4, "stages": 1})
FOCAL = replace(RECIPE, loss="focal")


def fresh(spec: NetworkSpec) -> Checkpoint:
    return Checkpoint(spec, spec.codec(), 1.25, spec.build().state_dict(), {"seed": 1}, [], {})


def objective_with(*teachers: Checkpoint, recipe: Recipe = RECIPE) -> HeatmapObjective:
    objective = HeatmapObjective(STUDENT, recipe, Teachers(teachers, STUDENT))
    objective.prepare(STUDENT.build())
    return objective


def taught(objective: HeatmapObjective, batch: dict[str, Tensor]) -> Tensor:
    assert objective.teachers is not None
    return objective.teachers.maps(batch)


def batch_of(objective: HeatmapObjective, mix: list[WeightedDataset] = DOTS) -> dict[str, Tensor]:
    examples = objective.examples(mix)
    return objective.collate([examples[Draw(0, person, (0, 0, person))] for person in range(4)])


def test_a_teacher_of_the_same_input_sees_the_same_crop() -> None:
    teacher = fresh(STUDENT)
    objective = objective_with(teacher)
    batch = batch_of(objective)
    assert torch.equal(batch["clean 32x32"], batch["images"])
    with torch.no_grad():
        expected = DeployNetwork(teacher.build())(batch["images"])
    torch.testing.assert_close(taught(objective, batch), expected)


@pytest.mark.parametrize("input_wh", [(48, 64), (64, 48), (128, 128)])
def test_maps_of_another_size_are_read_at_the_students_cells(
    monkeypatch: pytest.MonkeyPatch, input_wh: tuple[int, int]
) -> None:
    teacher = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, input_wh)
    objective = objective_with(fresh(teacher))
    keypoints = np.random.default_rng(0).uniform(8, 24, (4, 14, 2)).astype(np.float32)
    in_teacher = transform_points(within(STUDENT.input_wh, input_wh), keypoints.reshape(-1, 2)).reshape(4, 14, 2)
    # a wide Gaussian, so that reading between cells is exact enough
    wide = HeatmapCodec(input_wh, teacher.codec().map_wh, 4.0 * input_wh[0] / 32)
    maps = torch.from_numpy(wide.encode(in_teacher))
    assert objective.teachers is not None
    prepared = replace(objective.teachers._prepared[0], network=lambda _images: maps)
    monkeypatch.setattr(objective.teachers, "_prepared", [prepared])
    read = taught(objective, batch_of(objective))
    found, _ = replace(STUDENT.codec(), sigma_px=4.0).decode(read.numpy())
    np.testing.assert_allclose(found, keypoints, atol=0.7)


def test_several_teachers_are_averaged() -> None:
    one, two = fresh(TEACHER), fresh(STUDENT)
    batch = batch_of(objective_with(one, two))
    each = [taught(objective_with(teacher), batch) for teacher in (one, two)]
    torch.testing.assert_close(taught(objective_with(one, two), batch), (each[0] + each[1]) / 2)


def test_a_teacher_of_more_joints_teaches_those_that_the_student_has() -> None:
    of_mpii = replace(STUDENT, skeleton=MPII_16)
    teacher = fresh(of_mpii)
    objective = objective_with(teacher)
    batch = batch_of(objective)
    with torch.no_grad():
        seen = DeployNetwork(teacher.build())(batch["images"])
    rows = [MPII_16.joints.index(joint) for joint in LSP_14.joints]
    torch.testing.assert_close(taught(objective, batch), seen[:, rows])


def test_a_compiled_teacher_sees_the_same() -> None:
    objective = objective_with(fresh(STUDENT))
    batch = batch_of(objective)
    check_compiles(objective, lambda: taught(objective, batch))


@pytest.mark.parametrize("loss", ["partial", "weighted"])
def test_the_weight_shares_between_labels_and_teachers(loss: str) -> None:
    recipe = replace(RECIPE, loss=loss)
    network = DeployNetwork(STUDENT.build().eval())
    teacher = fresh(TEACHER)
    batch = batch_of(objective_with(teacher))
    weights = (0.0, 0.25, 1.0)
    labels, mixed, by_teacher = (
        objective_with(teacher, recipe=replace(recipe, teacher_weight=w)).loss(network, batch) for w in weights
    )
    assert labels == HeatmapObjective(STUDENT, recipe).loss(network, batch)
    torch.testing.assert_close(mixed, 0.75 * labels + 0.25 * by_teacher)
    hidden = dict(batch, weights=torch.zeros_like(batch["weights"]))
    assert objective_with(teacher, recipe=replace(recipe, teacher_weight=1.0)).loss(network, hidden) == by_teacher


def test_pil_learns_the_teachers_maps_and_their_background() -> None:
    objective = objective_of(PIL, replace(RECIPE, teacher_weight=1.0), teachers=[fresh(TEACHER)])
    assert isinstance(objective, ParsingObjective)
    objective.prepare(PIL.build())
    batch = batch_of(objective)
    maps = taught(objective, batch)
    perfect = torch.cat([maps, 1 - maps.amax(dim=1, keepdim=True)], dim=1)
    assert float(objective.pose_loss([perfect], batch)) == 0
    perfect[:, -1] += 1
    assert float(objective.pose_loss([perfect], batch)) == pytest.approx(0.5 / 15)


def test_a_network_of_everybody_learns_from_another_at_all_scales(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = replace(EVERYBODY, input_wh=(128, 128))
    objective = objective_of(EVERYBODY, replace(FOCAL, teacher_weight=1.0), teachers=[fresh(teacher)])
    assert isinstance(objective, BodyPartObjective)
    objective.prepare(EVERYBODY.build())
    examples = objective.examples([WeightedDataset(open_dataset("synthetic:4:0"), 1.0)])
    batch = objective.collate([examples[Draw(0, person, (0, 0, person))] for person in range(4)])
    assert batch["clean 128x128"].shape == (4, 128, 128, 3)
    assert objective.teachers is not None
    maps = objective.teachers.maps(batch)
    scales = [maps, *(avg_pool2d(maps, 2**halvings) for halvings in range(1, 5))]
    student = EVERYBODY.build()
    monkeypatch.setattr(student, "every_scale", lambda _images: [scales])
    assert float(objective.loss(DeployNetwork(student), batch)) == pytest.approx(0, abs=1e-9)
    scales[4] = scales[4] + 0.5
    assert float(objective.loss(DeployNetwork(student), batch)) > 1


def test_a_network_of_everybody_teaches_whoever_is_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = replace(EVERYBODY, input_wh=(128, 128))
    student = replace(STUDENT, skeleton=COCO_17)
    objective = objective_of(student, RECIPE, teachers=[fresh(teacher)])
    objective.prepare(student.build())
    assert objective.teachers is not None
    picture = render_people(3, (128, 128), 1)
    keypoints = picture.people[0].keypoints_for(SIMPLE_POSE_18)
    person = 0.45 * (keypoints - (keypoints.min(axis=0) + keypoints.max(axis=0)) / 2) + 63.5
    three_people = person + np.array([[[40, 0]], [[0, 0]], [[-40, 0]]])
    drawn = of_everybody(teacher.codec(), "teacher").encode(three_people)
    prepared = replace(objective.teachers._prepared[0], network=lambda _images: torch.from_numpy(drawn)[None])
    monkeypatch.setattr(objective.teachers, "_prepared", [prepared])
    maps = taught(objective, {"clean 128x128": torch.zeros(1)})
    rows = [SIMPLE_POSE_18.joints.index(joint) for joint in COCO_17.joints]
    found, _ = replace(student.codec(), sigma_px=9.0 / 4).decode(maps.numpy())
    np.testing.assert_allclose(found[0], person[rows] / 4 - 0.375, atol=1.5)
    columns = maps.amax(dim=(0, 1, 2))
    assert columns.argmax() in (3, 4)
    assert float(columns[[0, -1]].max()) < 0.5 * float(columns.max())


def test_an_unsuitable_teacher_is_an_error() -> None:
    with pytest.raises(
        EdgeposeError, match="lsp-14, of which it lacks neck, head; give a teacher with all of them, or --skel"
    ):
        objective_of(STUDENT, RECIPE, teachers=[fresh(replace(TEACHER, skeleton=COCO_17))])
    coco = fresh(replace(TEACHER, skeleton=SIMPLE_POSE_18))
    with pytest.raises(EdgeposeError, match="ppnet-m1-d1-w8 as a teacher makes other maps than simplepose-edge"):
        objective_of(EVERYBODY, FOCAL, teachers=[coco])
    fewer_limbs = fresh(replace(EVERYBODY, settings={**EVERYBODY.settings, "redundant_limbs": "no"}))
    with pytest.raises(EdgeposeError, match="learns from a network with the same limbs; give such a teacher"):
        objective_of(EVERYBODY, FOCAL, teachers=[fewer_limbs])


def test_another_teacher_is_not_resumed(tmp_path: Path) -> None:
    first = Trainer(STUDENT, RECIPE, DOTS, tmp_path, objective=objective_with(fresh(TEACHER)), workers=0)
    first.save("last")
    with pytest.raises(CheckpointError, match="another --teacher"):
        Trainer(STUDENT, RECIPE, DOTS, tmp_path, workers=0).resume()


def test_a_folder_of_pictures_is_data_without_labels(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures in"):
        open_dataset("images:.", tmp_path)
    (tmp_path / "more").mkdir()
    for name in ("b.png", "more/a.JPG"):
        (tmp_path / name).write_bytes(cv2.imencode(".png", np.zeros((20, 30, 3), np.uint8))[1].tobytes())
    (tmp_path / "notes.txt").write_text("no picture")
    for hidden in ("._b.png", "__MACOSX/b.png", "folder.png/notes.txt"):
        (tmp_path / hidden).parent.mkdir(exist_ok=True)
        (tmp_path / hidden).write_text("no picture")
    dataset = open_dataset("images:.", tmp_path)
    assert [dataset.sample(i).image_id for i in range(len(dataset))] == ["b.png", "a.JPG"]
    assert not dataset.sample(0).labelled.any()
    np.testing.assert_array_equal(dataset.sample(0).box_xyxy, [-0.5, -0.5, 29.5, 19.5])


def test_data_without_labels_is_enough_where_the_teacher_has_a_say() -> None:
    nobody = without_labels(DOTS)
    objective_with(fresh(TEACHER)).check_labels(nobody)
    silent = objective_of(STUDENT, replace(RECIPE, teacher_weight=0.0), teachers=[fresh(TEACHER)])
    with pytest.raises(DataError, match="has a labelled joint of lsp-14 to learn from; add data with labels, or a"):
        silent.check_labels(nobody)


def test_of_data_without_labels_masks_are_not_looked_at_either() -> None:
    mix = [WeightedDataset(open_dataset("synthetic:2"), 1.0)]
    assert mix[0].dataset.sample(0).part_mask is not None
    assert without_labels(mix)[0].dataset.sample(0).part_mask is None


@pytest.mark.slow
def test_a_student_learns_from_a_teacher_on_images_without_labels(tmp_path: Path) -> None:
    teacher = train_briefly(replace(TEACHER, input_wh=(64, 64)), DotDataset(16), 120)
    recipe = replace(RECIPE, epochs=40, batch=8, learning_rate=1e-2, ema_decay=0.9, teacher_weight=1.0)
    objective = HeatmapObjective(STUDENT, recipe, Teachers([teacher], STUDENT))
    mix = without_labels([WeightedDataset(DotDataset(16), 1.0)])
    assert not objective.examples(mix)[Draw(0, 3, (0, 0, 0))].weights.any()
    run = Trainer(STUDENT, recipe, mix, tmp_path, objective=objective, workers=0)
    before = objective.validate(run.network, DotDataset(16))
    after = objective.validate(run.run().build(), DotDataset(16))
    assert before < 30
    assert after > 70
