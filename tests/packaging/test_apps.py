"""The C++ app of docs/apps.md, compiled and run as it stands there."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgepose.runtime.backends import open_model
from edgepose.runtime.geometry import crop_affine, invert_affine, transform_points
from support.engines import backend_or_skip
from support.tiny_decoded import save_tiny_decoded_openvino
from support.tiny_model import random_feeds

DOCUMENT = Path(__file__).parents[2] / "docs" / "apps.md"


def test_apps_are_short() -> None:
    for language in ("cpp", "kotlin", "swift"):
        (code,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
        assert len([line for line in code.splitlines() if line.strip() and not line.startswith("import")]) <= 27


@pytest.fixture(scope="module")
def pose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app, compiled against OpenVINO's pip package."""
    backend_or_skip("openvino")
    import openvino  # noqa: PLC0415  may be absent

    compiler = shutil.which("g++")
    package = Path(openvino.__file__).parent
    library = next((package / "libs").glob("libopenvino.so.*"), None)
    if compiler is None or library is None or not (package / "include" / "openvino" / "openvino.hpp").exists():
        pytest.skip("the C++ app needs g++ and a Linux package of OpenVINO with its headers")
    folder = tmp_path_factory.mktemp("app")
    (code,) = re.findall(r"```cpp\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (folder / "pose.cpp").write_text(code)
    flags = ["-std=c++17", "-Wall", "-Werror", f"-I{package / 'include'}", f"-Wl,-rpath,{library.parent}"]
    subprocess.run([compiler, *flags, "pose.cpp", "-o", "pose", str(library)], cwd=folder, check=True)
    return folder / "pose"


@pytest.mark.slow
def test_the_cpp_app_finds_what_the_runtime_finds(pose: Path, tmp_path: Path) -> None:
    model = save_tiny_decoded_openvino(tmp_path)
    with open_model(model) as session:
        feeds = random_feeds(session.card)
        expected = session.run(feeds)["keypoints"][0]
        size_wh = session.card.input_wh
    (tmp_path / "crop.rgb").write_bytes(feeds["image"].tobytes())
    box = np.array([119.5, 39.5, 359.5, 359.5])
    numbers = [str(n) for n in (box[0] + 0.5, box[1] + 0.5, box[2] - box[0], box[3] - box[1])]
    run = subprocess.run([pose, model, tmp_path / "crop.rgb", *numbers], capture_output=True, text=True, check=True)
    found = np.array([line.split() for line in run.stdout.splitlines()], np.float32)
    in_frame = transform_points(invert_affine(crop_affine(box, size_wh)), expected[:, :2])
    np.testing.assert_allclose(found[:, :2], in_frame, atol=1e-2)
    np.testing.assert_allclose(found[:, 2], expected[:, 2], atol=1e-4)


@pytest.mark.slow
def test_the_cpp_app_says_how_to_use_it(pose: Path) -> None:
    run = subprocess.run([pose], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr == "usage: pose MODEL.xml CROP.rgb LEFT TOP WIDTH HEIGHT\n"
