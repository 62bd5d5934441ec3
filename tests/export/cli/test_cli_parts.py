"""`edgepose parts`: one document with --json, lines without, a picture on request."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.networks import NetworkSpec
from support.command_line import printed, refused


@pytest.fixture
def data(tmp_path: Path) -> str:
    """LSP Extended, labels alone."""
    root = tmp_path / "lspet"
    (root / "images").mkdir(parents=True)
    joints = np.random.default_rng(0).uniform(1, 200, (14, 3, 150))
    joints[:, 2] = 1
    savemat(root / "joints.mat", {"joints": joints})
    return f"lspet:{root}"


def test_parts_prints_one_document(data: str) -> None:
    document = json.loads(printed("parts", "--data", data, "--groups", "4", "--json"))
    assert list(document) == ["joints", "mutual_information", "groups"]
    assert document["joints"] == list(LSP_14.joints)
    assert np.shape(document["mutual_information"]) == (14, 14)
    assert len(document["groups"]) == 4


def test_parts_prints_the_groups_and_draws_them(data: str, tmp_path: Path) -> None:
    shown = printed("parts", "--data", data, "--plot", tmp_path / "parts.png")
    assert shown.startswith("150 people, 14 joints of lsp-14\ngroup 1  r_ankle")
    assert shown.count("group ") == 5
    assert "\nfor PBN: --set groups=r_ankle," in shown
    assert f"wrote {tmp_path / 'parts.png'}" in shown
    assert cv2.imread(str(tmp_path / "parts.png")) is not None


def test_rendered_people_give_the_groups_of_any_skeleton_that_networks_take() -> None:
    shown = printed("parts", "--data", "synthetic:120:1", "--skeleton", "lsp-14", "--groups", "5")
    assert shown.startswith("120 people, 14 joints of lsp-14\n")
    settings = {"groups": shown.split("--set groups=")[1].strip(), "stacks": "1"}
    assert NetworkSpec.of_paper("pbn", settings, LSP_14, (64, 64)).build() is not None
    own = printed("parts", "--data", "synthetic:120:1", "--groups", "5")
    assert own.endswith("for PBN: give --skeleton, one of lsp-14, mpii-16, coco-17, simplepose-18\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--groups", "20"), "lsp-14 has 1 to 14 groups of joints; found 20"),
        (("--plot", "parts.doc"), "cannot draw into parts.doc"),
        (("--skeleton", "dog-12"), "unknown skeleton 'dog-12'; known: lsp-14"),
        (("--data", "dogs:/nowhere"), "unknown kind of data 'dogs'"),
    ],
)
def test_wrong_use_is_one_clear_line(data: str, arguments: tuple[str, ...], message: str) -> None:
    assert message in refused("parts", "--data", data, *arguments)
