"""`edgepose run` with several people: both kinds of model on real files."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from edgepose.cli.run import run
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.drawing import person_colour
from support.clips import read_clip
from support.colour_people import STANDING, draw_person, save_colour_model
from support.engines import backend_or_skip
from support.painted_people import paint_person, save_painted_model

APP = typer.Typer()
APP.command()(run)
SIZE_WH = (320, 240)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, on a machine without a display."""
    backend_or_skip("onnxruntime")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, list(arguments))


def _people(folder: Path) -> list[list[dict[str, Any]]]:
    return [json.loads(line)["people"] for line in (folder / "poses.jsonl").read_text().splitlines()]


def _painted(index: int) -> ImageArray:
    image = np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    for corner in ((5 + 2 * index, 20), (200 - 2 * index, 50)):
        paint_person(image, corner, 180)
    return image


def _write_clip(path: Path, images: list[ImageArray]) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30.0, SIZE_WH)
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, 100)
    for image in images:
        writer.write(image)
    writer.release()


def test_a_bottom_up_model_follows_and_draws_everybody(folder: Path) -> None:
    model = str(save_painted_model(folder))
    _write_clip(folder / "clip.avi", [_painted(index) for index in range(12)])
    done = _run(model, "--source", "clip.avi", "--json", "poses.jsonl", "--out", "drawn.avi")
    assert done.exit_code == 0, done.exception
    people = _people(folder)
    assert [len(frame) for frame in people[2:]] == [2] * 10
    assert {person["id"] for frame in people for person in frame} == {1, 2}
    left = [min(frame, key=lambda person: person["box_xyxy"][0]) for frame in people[2:]]
    assert len({person["id"] for person in left}) == 1
    assert all(0 < person["score"] <= 1 and len(person["keypoints"]) == 18 for person in left)
    drawn = read_clip(folder / "drawn.avi")[-1].astype(int)
    for person in (1, 2):
        assert (np.abs(drawn - person_colour(person)).max(axis=-1) < 40).any()


def test_people_of_loose_images_are_all_different(folder: Path) -> None:
    model = str(save_painted_model(folder))
    (folder / "images").mkdir()
    for index in range(2):
        cv2.imwrite(str(folder / "images" / f"{index}.png"), _painted(index))
    assert _run(model, "--source", "images", "--json", "poses.jsonl").exit_code == 0
    assert [[person["id"] for person in frame] for frame in _people(folder)] == [[1, 2], [3, 4]]
    options = ["--scales", "1,0.8", "--max-people", "1", "--json", "poses.jsonl"]
    assert _run(model, "--source", "images", *options).exit_code == 0
    assert [len(frame) for frame in _people(folder)] == [1, 1]


@pytest.mark.parametrize(("options", "people"), [((), 2), (("--max-people", "1"), 1)])
def test_a_top_down_model_follows_as_many_as_asked_for(folder: Path, options: tuple[str, ...], people: int) -> None:
    model = str(save_colour_model(folder))
    image = np.full((SIZE_WH[1], SIZE_WH[0], 3), 128, np.uint8)
    for x in (20, 190):
        draw_person(image, STANDING + np.array([x, 60], np.float32))
    _write_clip(folder / "clip.avi", [image] * 25)
    assert _run(model, "--source", "clip.avi", "--json", "poses.jsonl", *options).exit_code == 0
    assert len(_people(folder)[-1]) == people


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--box", "0,0,50,100"], "a box is for a model of one person"),
        (["--scales", "1,big"], "expected --scales as numbers with commas, as in 1,1.5; found 1,big"),
        (["--scales", "100"], "expected scales from"),
    ],
)
def test_wrong_uses_are_one_line(folder: Path, options: list[str], problem: str) -> None:
    model = str(save_painted_model(folder))
    _write_clip(folder / "clip.avi", [_painted(0)])
    result = _run(model, "--source", "clip.avi", "--json", "poses.jsonl", *options)
    assert isinstance(result.exception, EdgeposeError)
    assert problem in str(result.exception)
    assert "\n" not in str(result.exception)
