"""What a training run shows: a progress bar with the time left, TensorBoard scalars and pictures."""

from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn
from torch.utils.tensorboard.writer import SummaryWriter

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.codec import HeatmapCodec
from edgepose.runtime.drawing import draw_poses
from edgepose.runtime.poses import Poses
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data import PoseDataset
from edgepose.train.data.augment import plain_crop
from edgepose.train.networks import DeployNetwork
from edgepose.train.progress import EpochResult

_PICTURES = 8


class ConsoleProgress:
    """A bar over all steps, and a line an epoch. Use it in a `with`."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("loss {task.fields[loss]:.5f}"),
            console=console,
        )
        self._task = self._bar.add_task("steps", total=None, loss=float("nan"))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def on_step(self, step: int, total_steps: int, loss: float) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step, total=total_steps, loss=loss)

    def on_epoch(self, result: EpochResult, _network: nn.Module) -> None:
        """Print the epoch's figures."""
        accuracy = "" if result.pck is None else f", PCK@0.2 {result.pck:.1f}"
        self._bar.console.print(
            f"epoch {result.epoch}: loss {result.loss:.5f}{accuracy}, {result.images_per_second:.0f} images/s"
        )


class TensorBoardLog:
    """Scalars of every 20th step and every epoch, and predictions on the same few people."""

    def __init__(
        self, folder: Path, pictures_of: PoseDataset, skeleton: Skeleton, codec: HeatmapCodec, padding: float
    ) -> None:
        self._writer = SummaryWriter(str(folder))
        self._skeleton, self._codec = skeleton, codec
        people = np.linspace(0, len(pictures_of) - 1, min(_PICTURES, len(pictures_of))).astype(int)
        crops = [plain_crop(pictures_of.sample(int(i)), codec.input_wh, padding)[0] for i in people]
        self._images_rgb = np.stack([crop.image_rgb for crop in crops])

    def on_step(self, step: int, _total_steps: int, loss: float) -> None:
        """Note the loss."""
        if step % 20 == 0:
            self._writer.add_scalar("loss/step", loss, step)

    def on_epoch(self, result: EpochResult, network: nn.Module) -> None:
        """Note the epoch's figures and draw what the network sees now."""
        self._writer.add_scalar("loss/epoch", result.loss, result.epoch)
        self._writer.add_scalar("speed/images_per_second", result.images_per_second, result.epoch)
        if result.pck is not None:
            self._writer.add_scalar("accuracy/PCK@0.2", result.pck, result.epoch)
        self._writer.add_image("predictions", self._pictures(network), result.epoch, dataformats="HWC")
        self._writer.flush()

    @torch.no_grad()
    def _pictures(self, network: nn.Module) -> ImageArray:
        device = next(network.parameters()).device
        heatmaps = DeployNetwork(network).to(device)(torch.from_numpy(self._images_rgb).to(device))
        keypoints, scores = self._codec.decode(heatmaps.float().cpu().numpy())
        drawn = []
        for image_rgb, points, point_scores in zip(self._images_rgb, keypoints, scores, strict=True):
            box = np.concatenate([points.min(axis=0), points.max(axis=0)])
            found = Poses(self._skeleton, points[None], point_scores[None], point_scores.mean(keepdims=True), box[None])
            drawn_bgr = draw_poses(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), found)
            drawn.append(cv2.cvtColor(drawn_bgr, cv2.COLOR_BGR2RGB))
        return np.hstack(drawn)

    def close(self) -> None:
        """Write what is pending."""
        self._writer.close()
