"""What every backend promises; a subclass says how to open the tiny model."""

import os
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.errors import ModelError, TensorError
from support.tiny_card import random_feeds

THREADS = 1


class SessionContract(ABC):
    """Subclass it as `Test...` and write `open`; a model of a fixed batch takes as many images as that says."""

    reports_layers = True
    fixed_batch: int | None = None

    @abstractmethod
    def open(self, folder: Path, options: SessionOptions) -> Session:
        """Save the tiny model in `folder`, in this backend's format, and open it."""

    @pytest.fixture
    def session(self, tmp_path: Path) -> Iterator[Session]:
        with self.open(tmp_path, SessionOptions(threads=THREADS)) as session:
            yield session

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names of any bytes")
    def test_a_folder_of_any_name_is_opened_or_is_one_line(self, tmp_path: Path) -> None:
        for name in ("人 ü 'a'", os.fsdecode(b"caf\xe9")):
            folder = tmp_path / name
            folder.mkdir()
            try:
                self.open(folder, SessionOptions(threads=THREADS)).close()
            except EdgeposeError as error:
                assert name.startswith("caf")
                assert "\n" not in str(error)  # noqa: PT017  it may open, too

    def test_the_names_are_those_of_the_card(self, session: Session) -> None:
        assert [spec.name for spec in session.inputs] == [spec.name for spec in session.card.inputs]
        assert [spec.name for spec in session.outputs] == [spec.name for spec in session.card.outputs]
        assert list(session.run(random_feeds(session.card))) == [spec.name for spec in session.card.outputs]

    @pytest.mark.parametrize("people", [1, 3])
    def test_outputs_have_the_dtype_and_shape_of_the_card(self, session: Session, people: int) -> None:
        if people != (self.fixed_batch or people):
            with pytest.raises(TensorError, match=re.escape(f"found uint8 ({people}, 64, 48, 3)")):
                session.run(random_feeds(session.card, people=people))
            return
        results = session.run(random_feeds(session.card, people=people))
        for spec in session.card.outputs:
            spec.check(results[spec.name])
            assert len(results[spec.name]) == people

    def test_a_bright_dot_is_found_where_it_is(self, session: Session) -> None:
        image = np.zeros_like(random_feeds(session.card)["image"])
        image[0, 20:28, 16:24] = 255
        keypoints, _ = session.card.codec_object().decode(session.run({"image": image})["heatmaps"])
        np.testing.assert_allclose(keypoints[0], np.broadcast_to([19.5, 23.5], keypoints[0].shape), atol=0.1)

    def test_a_wrong_name_is_an_error_that_says_the_right_one(self, session: Session) -> None:
        image = random_feeds(session.card)["image"]
        with pytest.raises(TensorError, match=r"expected the inputs \['image'\], found \['picture'\]"):
            session.run({"picture": image})
        with pytest.raises(TensorError, match=r"found \['image', 'more'\]"):
            session.run({"image": image, "more": image})
        with pytest.raises(TensorError, match=r"found \[\]"):
            session.run({})

    def test_a_wrong_dtype_is_an_error_that_says_the_right_one(self, session: Session) -> None:
        image = random_feeds(session.card)["image"].astype(np.float32)
        with pytest.raises(TensorError, match=r"expected image uint8 .*, found float32"):
            session.run({"image": image})

    def test_a_wrong_shape_is_an_error_that_says_the_right_one(self, session: Session) -> None:
        image = random_feeds(session.card)["image"]
        expected = re.escape(
            f"expected image uint8 ({self.fixed_batch or 'any'}, 64, 48, 3), found uint8 (1, 48, 64, 3)"
        )
        with pytest.raises(TensorError, match=expected):
            session.run({"image": image.transpose(0, 2, 1, 3)})
        with pytest.raises(TensorError, match=re.escape("found uint8 (64, 48, 3)")):
            session.run({"image": image[0]})

    def test_an_image_need_not_be_contiguous(self, session: Session) -> None:
        image = random_feeds(session.card)["image"]
        mirrored = image[:, :, ::-1]
        expected = session.run({"image": mirrored.copy()})["heatmaps"]
        np.testing.assert_array_equal(session.run({"image": mirrored})["heatmaps"], expected)

    def test_results_survive_the_next_run(self, session: Session) -> None:
        first = session.run(random_feeds(session.card, seed=1))["heatmaps"]
        kept = first.copy()
        session.run(random_feeds(session.card, seed=2))
        np.testing.assert_array_equal(first, kept)

    def test_inputs_are_left_alone(self, session: Session) -> None:
        feeds = random_feeds(session.card)
        session.run(feeds)
        np.testing.assert_array_equal(feeds["image"], random_feeds(session.card)["image"])

    def test_a_hundred_runs_agree(self, session: Session) -> None:
        feeds = random_feeds(session.card)
        first = session.run(feeds)["heatmaps"]
        for _ in range(100):
            np.testing.assert_array_equal(session.run(feeds)["heatmaps"], first)

    def test_close_twice_is_fine_and_a_run_after_it_an_error(self, session: Session) -> None:
        session.close()
        session.close()
        with pytest.raises(ModelError, match="session of tiny is closed; open the model again"):
            session.run(random_feeds(session.card))

    @pytest.mark.parametrize("threads", [1, 2])
    def test_the_engine_reports_the_threads_it_was_asked_for(self, tmp_path: Path, threads: int) -> None:
        with self.open(tmp_path, SessionOptions(threads=threads)) as session:
            assert session.info.threads == threads

    def test_the_engine_reports_what_it_chose_itself(self, tmp_path: Path) -> None:
        with self.open(tmp_path, SessionOptions()) as session:
            assert session.info.threads >= 1
            assert session.info.precision in {"f32", "bf16", "f16"}
            assert session.info.engine
            assert session.info.version
            assert session.info.device

    def test_layer_times_are_those_of_one_run(self, session: Session) -> None:
        layers = session.layer_times(random_feeds(session.card))
        assert bool(layers) == self.reports_layers
        assert len({layer.name for layer in layers}) == len(layers)
        assert all(layer.ms >= 0 and layer.kind for layer in layers)
