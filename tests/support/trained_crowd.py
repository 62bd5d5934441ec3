"""A network that learned to see everybody in a few painted pictures, and these pictures on disk."""

import json
from pathlib import Path

import cv2
import numpy as np
import torch

from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.geometry import transform_points
from edgepose.runtime.skeleton import COCO_17, SIMPLE_POSE_18
from edgepose.train.checkpoints.checkpoint import Checkpoint, save_checkpoint
from edgepose.train.data.crowds import neck_between_shoulders
from edgepose.train.evaluation.everybody import whole_picture
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.networks.simplepose import SimplePose
from edgepose.train.objectives.body_part_targets import body_part_targets
from edgepose.train.objectives.body_parts import body_part_loss
from support.painted_crowds import PaintedCrowds

PICTURES = 18
CROWD = NetworkSpec("simplepose-edge", SIMPLE_POSE_18, (128, 128), {"width": 16, "step": 8, "stages": 2, "order": 2})


def write_painted_as_coco(root: Path, pictures: int) -> str:
    """Write painted people in the layout of COCO and return the data's name."""
    dataset = PaintedCrowds(pictures)
    rows, theirs = COCO_17.shared_rows(SIMPLE_POSE_18)
    (root / "val2017").mkdir(parents=True)
    (root / "annotations").mkdir()
    images, annotations = [], []
    for number, person in enumerate(dataset.one_a_picture(), start=1):
        picture, _ = dataset.picture(person)
        name = f"{number:06d}.jpg"
        (root / "val2017" / name).write_bytes(cv2.imencode(".png", picture.image_bgr)[1].tobytes())
        images.append({"id": number, "file_name": name})
        for joints, box in zip(picture.keypoints, picture.boxes_xyxy, strict=True):
            labels = np.full((17, 3), 2.0)
            labels[rows, :2] = joints[theirs] + 0.5
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "iscrowd": 0,
                    "area": 9000.0,
                    "bbox": [float(v) for v in (*(box[:2] + 0.5), *(box[2:] - box[:2]))],
                    "num_keypoints": 17,
                    "keypoints": labels.ravel().tolist(),
                }
            )
    document = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    (root / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))
    return f"coco:{root}:val"


def train_on_crowds(spec: NetworkSpec, dataset: PaintedCrowds, steps: int) -> Checkpoint:
    """Return a network that knows the pictures of a data set."""
    torch.manual_seed(0)
    network, codec = spec.build(), spec.codec()
    assert isinstance(network, SimplePose)
    assert isinstance(codec, BodyPartCodec)
    images, targets = [], []
    for person in dataset.one_a_picture():
        picture, _ = dataset.picture(person)
        view, affine = whole_picture(picture.image_bgr, spec.input_wh)
        joints = transform_points(affine, neck_between_shoulders(picture.keypoints, SIMPLE_POSE_18))
        images.append(torch.from_numpy(view))
        nobody = torch.zeros(1, *codec.map_wh[::-1])
        targets.append(
            body_part_targets(codec, torch.from_numpy(joints), torch.zeros(len(joints), dtype=int), nobody)[0]
        )
    batch, expected = torch.stack(images), torch.stack(targets)
    deployed = DeployNetwork(network).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 1e-2 * (1 - step / steps)
        stages = network.every_scale(deployed.normalised(batch))
        known = torch.ones_like(expected[:, 0]), torch.ones_like(expected[:, :, 0, 0])
        losses = [body_part_loss(codec, scales, expected, *known, focal=False) for scales in stages]
        optimiser.zero_grad()
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    training = {"data": ["painted"], "licence": "Apache-2.0"}
    return Checkpoint(spec, codec, 1 / 0.6, network.state_dict(), training, [], {})


def save_trained_crowd(path: Path, steps: int) -> Path:
    """Write the checkpoint of a briefly trained network and return its path."""
    save_checkpoint(path, train_on_crowds(CROWD, PaintedCrowds(PICTURES), steps))
    return path
