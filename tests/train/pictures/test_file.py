"""A picture is refused before the work where it cannot be written, and is never half one."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.train.pictures.file import check_picture, save_picture
from support.data_sets import write_lsp


@pytest.mark.parametrize("name", ["plot.svg", "plot", ".png"])
def test_a_name_without_a_pictures_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(EdgeposeError, match=r"cannot draw into .*: expected a picture's suffix, as in parts.png"):
        check_picture(tmp_path / name)


def test_folders_and_files_of_the_data_are_refused(tmp_path: Path) -> None:
    write_lsp(tmp_path / "lsp", people=2)
    own = tmp_path / "lsp" / "images" / "im0001.jpg"
    with pytest.raises(EdgeposeError, match=r"im0001.jpg would overwrite a file of the data; give another name"):
        check_picture(own, [f"lsp:{tmp_path / 'lsp'}:all"])
    check_picture(own.with_name("new.jpg"), [f"lsp:{tmp_path / 'lsp'}:all", "synthetic:3"])
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(EdgeposeError, match=r"folder.png is a folder; give the name of a file in it"):
        check_picture(tmp_path / "folder.png")


def test_a_picture_that_is_too_large_for_its_kind_is_told(tmp_path: Path) -> None:
    tall = np.zeros((17_000, 4, 3), np.uint8)
    with pytest.raises(EdgeposeError, match=r"a picture of 4x17000 is too large for .*plot.webp; take .png, or draw"):
        save_picture(tmp_path / "plot.webp", tall)
    assert not list(tmp_path.iterdir())
    save_picture(tmp_path / "plot.png", tall)
    assert cv2.imread(str(tmp_path / "plot.png")).shape == tall.shape
