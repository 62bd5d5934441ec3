"""Tiny data sets in the true layouts of the public ones."""

import json
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.io import savemat

Numbers = np.ndarray[Any, Any]


def write_image(path: Path, width: int = 32, height: int = 40, grey: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((height, width, 3), grey, np.uint8))


def write_lsp(root: Path, people: int = 4) -> Numbers:
    """Write LSP of a few people and return its joints (3, 14, N): x and y from 1, occluded."""
    joints = np.random.default_rng(0).uniform(1, 30, (3, 14, people))
    joints[2] = np.arange(14 * people).reshape(14, people) % 3 == 0
    root.mkdir(parents=True, exist_ok=True)
    savemat(root / "joints.mat", {"joints": joints})
    for i in range(people):
        write_image(root / "images" / f"im{i + 1:04d}.jpg", grey=10 * i)
    return joints


def write_lspet(root: Path, people: int = 3) -> Numbers:
    """Write LSP Extended of a few people and return its joints (14, 3, N): x, y, labelled."""
    joints = np.random.default_rng(1).uniform(1, 30, (14, 3, people))
    joints[:, 2] = np.arange(14 * people).reshape(14, people) % 2
    joints[:, :2] *= joints[:, 2:]
    root.mkdir(parents=True, exist_ok=True)
    savemat(root / "joints.mat", {"joints": joints})
    for i in range(people):
        write_image(root / "images" / f"im{i + 1:05d}.jpg")
    return joints


def coco_person(number: int, image_id: int, **changes: Any) -> dict[str, Any]:
    """Return an annotation whose 17 joints lie on a diagonal, the last two unlabelled, the first occluded."""
    keypoints = [value for i in range(17) for value in (2 + i, 3 + i, (1 if i == 0 else 2 if i < 15 else 0))]
    person = {
        "id": number,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 0,
        "area": 150.0,
        "bbox": [2, 3, 20, 24],
        "num_keypoints": 15,
        "keypoints": keypoints,
    }
    return {**person, **changes}


def write_coco(root: Path) -> dict[str, Any]:
    """Write COCO's val2017 of two images: two people who count beside a crowd, and nobody in the other."""
    document = {
        "images": [{"id": 7, "file_name": "000007.jpg"}, {"id": 8, "file_name": "000008.jpg"}],
        "annotations": [
            coco_person(1, 7),
            coco_person(2, 7, bbox=[10, 10, 8, 12], area=60.0),
            coco_person(3, 7, iscrowd=1, bbox=[0, 0, 5, 5]),
            coco_person(4, 7, num_keypoints=0, keypoints=[0] * 51, bbox=[20, 1, 4, 6]),
        ],
        "categories": [{"id": 1, "name": "person"}],
    }
    (root / "annotations").mkdir(parents=True, exist_ok=True)
    (root / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))
    write_image(root / "val2017" / "000007.jpg")
    write_image(root / "val2017" / "000008.jpg", 64, 64)
    return document


def mpii_entry(**changes: Any) -> dict[str, Any]:
    """Return a person of the common JSON: joints from 1, the two ankles out of sight."""
    joints = [[5.0 + i, 6.0 + i] for i in range(16)]
    seen = [0 if i in (0, 5) else 1 for i in range(16)]
    entry = {"image": "a.jpg", "joints": joints, "joints_vis": seen, "center": [17.0, 19.0], "scale": 0.1}
    return {**entry, **changes}


def write_mpii_json(root: Path, entries: list[Any] | None = None, *, head_boxes: bool = True) -> None:
    """Write MPII in the layout of most training code, `annot/valid.json`, with head boxes of 3 x 4 pixels."""
    entries = [mpii_entry(), mpii_entry(center=[9.0, 9.0])] if entries is None else entries
    (root / "annot").mkdir(parents=True, exist_ok=True)
    (root / "annot" / "valid.json").write_text(json.dumps(entries))
    if head_boxes:
        corners = np.zeros((2, 2, len(entries)))
        corners[1] = [[3.0], [4.0]]
        savemat(root / "annot" / "gt_valid.mat", {"headboxes_src": corners})
    write_image(root / "images" / "a.jpg")


def _mpii_rectangle(points: list[dict[str, Any]]) -> dict[str, Any]:
    head = {"x1": 10.0, "y1": 10.0, "x2": 13.0, "y2": 14.0}
    return {**head, "annopoints": {"point": points}, "scale": 0.1, "objpos": {"x": 17.0, "y": 19.0}}


def _mpii_points(joints: range, occluded: int) -> list[dict[str, Any]]:
    return [{"id": i, "x": 5.0 + i, "y": 6.0 + i, "is_visible": "0" if i == occluded else "1"} for i in joints]


def write_mpii_matlab(root: Path) -> None:
    """Write the official file: an image with two people, one with one, one with nobody labelled, one for testing."""
    whole, partial = _mpii_rectangle(_mpii_points(range(16), 3)), _mpii_rectangle(_mpii_points(range(6, 12), -1))
    unlabelled = {"x1": 1.0, "y1": 1.0, "x2": 2.0, "y2": 2.0}
    headless = {key: value for key, value in partial.items() if key not in ("x1", "y1", "x2", "y2")}
    headless["annopoints"] = {"point": [{k: p[k] for k in ("id", "x", "y")} for p in partial["annopoints"]["point"]]}
    annotations = [("a.jpg", [whole, partial]), ("b.jpg", headless), ("c.jpg", unlabelled), ("d.jpg", [])]
    images = [{"image": {"name": name}, "annorect": people, "frame_sec": []} for name, people in annotations]
    root.mkdir(parents=True, exist_ok=True)
    release = {"annolist": images, "img_train": [1, 1, 1, 0], "version": "12"}
    savemat(root / "mpii_human_pose_v1_u12_1.mat", {"RELEASE": release})
    for name in "abcd":
        write_image(root / "images" / f"{name}.jpg")


def write_part_mask(path: Path, values: list[list[int]], *, palette: bool = False) -> None:
    """Write a mask of 40x32 pixels in four quarters, as an image of grey values or of indices into a palette."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.array(values, np.uint8).repeat(20, axis=0).repeat(16, axis=1)
    path.write_bytes(_palette_png(mask) if palette else cv2.imencode(".png", mask)[1].tobytes())


def _palette_png(mask: Numbers) -> bytes:
    """Return a PNG whose palette has the same colour for every index, as OpenCV cannot write one."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    size = mask.shape[1].to_bytes(4, "big") + mask.shape[0].to_bytes(4, "big")
    rows = b"".join(b"\0" + row.tobytes() for row in mask)
    chunks = (
        (b"IHDR", size + b"\x08\x03\0\0\0"),
        (b"PLTE", b"\x07" * 768),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


CCP_FEW = ["null", "bag", "hair", "skin", "pants", "shoes"]


def write_ccp(root: Path, people: int = 2) -> None:
    """Write CCP of a few people with some of its names: hair and a bag above, trousers and skin below."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "labels.json").write_text(json.dumps(CCP_FEW))
    for i in range(1, people + 1):
        write_image(root / "images" / f"{i:04d}.jpg")
        write_part_mask(root / "masks" / f"{i:04d}.png", [[2, 1], [4, 3]])


def write_lip(root: Path, *, nested: bool = False) -> None:
    """Write LIP's validation set of two people; joint k is at (k, 2k), the second person's head is not labelled."""
    images, masks = ("TrainVal_images", "TrainVal_parsing_annotations")
    more = (lambda archive: root / archive / archive) if nested else (lambda archive: root / archive)
    rows = []
    for name in ("77_1", "36_2"):
        write_image(more(images) / "val_images" / f"{name}.jpg")
        write_part_mask(more(masks) / "val_segmentations" / f"{name}.png", [[13, 0], [14, 19]])
        joints = [("nan",) * 3 if (name, k) == ("36_2", 9) else (str(k), str(2 * k), "0") for k in range(16)]
        rows.append(",".join([f"{name}.jpg", *(value for joint in joints for value in joint)]))
    table = root / "TrainVal_pose_annotations" / "lip_val_set.csv"
    table.parent.mkdir(parents=True)
    table.write_text("\n".join(rows) + "\n")


def write_pascal_part(root: Path, *, palette: bool = False, beside: bool = False) -> None:
    """Write PASCAL-Person-Part of one picture to train on and one to validate on; a quarter is not to be judged."""
    part = root if beside else root / "pascal_person_part"
    for split, name in (("train", "2008_000003"), ("val", "2008_000026")):
        write_image(root / "JPEGImages" / f"{name}.jpg")
        write_part_mask(part / "pascal_person_part_gt" / f"{name}.png", [[0, 1], [255, 6]], palette=palette)
        lists = part / "pascal_person_part_trainval_list"
        lists.mkdir(exist_ok=True)
        (lists / f"{split}_id.txt").write_text(f"{name}\n")
