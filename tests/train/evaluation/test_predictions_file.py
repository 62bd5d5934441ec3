"""Who was found, as pycocotools reads it: it finds the same average precision."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends import open_model
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, Skeleton
from edgepose.train.data import open_dataset
from edgepose.train.evaluation.evaluate import Evaluation, evaluate
from edgepose.train.evaluation.opening import open_any
from edgepose.train.evaluation.predictions_file import write_predictions
from support.command_line import printed, refused
from support.data_sets import write_ccp, write_coco
from support.engines import backend_or_skip
from support.painted_crowds import PaintedCrowds
from support.painted_people import save_painted_model
from support.tiny_checkpoint import save_tiny_checkpoint, tiny_spec
from support.white_dots import WhiteDots


def predictions(evaluation: Evaluation, skeleton: Skeleton) -> list[dict[str, Any]]:
    file = io.StringIO()
    write_predictions(file, evaluation, skeleton)
    written: list[dict[str, Any]] = json.loads(file.getvalue())
    return written


def test_pycocotools_measures_the_same(tmp_path: Path) -> None:
    coco, cocoeval = (pytest.importorskip(f"pycocotools.{name}") for name in ("coco", "cocoeval"))
    document = write_coco(tmp_path)
    checkpoint = save_tiny_checkpoint(tmp_path, spec=tiny_spec(skeleton=COCO_17))
    with open_any(checkpoint) as session:
        evaluation = evaluate(session, open_dataset(f"coco:{tmp_path}"))
    path = tmp_path / "found.json"
    path.write_text(json.dumps(predictions(evaluation, COCO_17)))
    truth = coco.COCO(str(tmp_path / "annotations" / "person_keypoints_val2017.json"))
    measured = cocoeval.COCOeval(truth, truth.loadRes(str(path)), "keypoints")
    measured.params.imgIds = [document["images"][0]["id"]]
    measured.evaluate()
    measured.accumulate()
    measured.summarize()
    assert 100 * measured.stats[0] == pytest.approx(evaluation.metrics["OKS AP"])


def test_one_person_a_crop_has_their_joints_in_the_picture(tmp_path: Path) -> None:
    with open_any(save_tiny_checkpoint(tmp_path)) as session:
        evaluation = evaluate(session, WhiteDots(3, unlabelled=(1,)))
    results = predictions(evaluation, LSP_14)
    assert len(results) == 2
    assert [len(result["keypoints"]) for result in results] == [3 * 14] * 2
    assert {result["category_id"] for result in results} == {1}
    assert all(0 < result["score"] <= 1 for result in results)
    assert evaluation.seen is not None
    assert "seen" not in evaluation.to_dict()


def test_everybody_in_a_picture_has_its_id(tmp_path: Path) -> None:
    backend_or_skip("onnxruntime")
    with open_model(str(save_painted_model(tmp_path))) as session:
        evaluation = evaluate(session, PaintedCrowds(4))
    results = predictions(evaluation, COCO_17)
    assert len(results) == evaluation.people == 7
    assert {len(result["keypoints"]) for result in results} == {3 * 17}
    assert len({result["image_id"] for result in results}) == 4
    assert np.isfinite([result["keypoints"] for result in results]).all()


def test_masks_alone_are_told() -> None:
    nobody = Evaluation("pil", "ccp:ccp", 1, 1, {"mIoU": 50.0}, {}, {}, {})
    with pytest.raises(EdgeposeError, match="nobody in ccp:ccp has a joint; leave --predictions out"):
        predictions(nobody, MPII_16)


def test_the_command_writes_them_and_says_first_where_it_cannot(tmp_path: Path) -> None:
    checkpoint, path = str(save_tiny_checkpoint(tmp_path)), tmp_path / "found.json"
    assert f"wrote {path}" in printed("evaluate", checkpoint, "--data", "synthetic:2", "--predictions", path)
    assert {result["image_id"] for result in json.loads(path.read_text())} == {"0/0", "0/1"}
    for wrong, why in ((tmp_path, "is a folder"), (checkpoint, "would overwrite the model")):
        assert why in refused("evaluate", checkpoint, "--data", "synthetic:2", "--predictions", wrong)
    write_coco(tmp_path)
    labels = tmp_path / "annotations" / "person_keypoints_val2017.json"
    assert "would overwrite the data" in refused(
        "evaluate", checkpoint, "--data", f"coco:{tmp_path}", "--predictions", labels
    )


def test_the_command_says_before_the_work_that_nobody_has_a_joint(tmp_path: Path) -> None:
    write_ccp(tmp_path / "ccp")
    checkpoint, data, path = save_tiny_checkpoint(tmp_path), f"ccp:{tmp_path / 'ccp'}", tmp_path / "found.json"
    told = refused("evaluate", checkpoint, "--data", data, "--predictions", path)
    assert told == f"error: nobody in {data} has a joint; leave --predictions out"
    assert not path.exists()
