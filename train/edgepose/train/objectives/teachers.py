"""Learning from trained networks: their maps beside the labels', and in place of them where there are none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.codecs import Codec
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.geometry import cells_to_pixels, pixels_to_cells
from edgepose.train.checkpoints.checkpoint import Checkpoint
from edgepose.train.data.augment import within
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.objectives.one_of_many import without_others

Batch = dict[str, Tensor]
"""One step's tensors by name, each with the examples along its first axis; the trainer moves them to the device."""


@dataclass(frozen=True)
class _Teacher:
    """A teacher on its device: `places` are the student's cells in its maps, `maps` the numbers of those it learns."""

    network: DeployNetwork
    codec: Codec
    places: Tensor
    maps: Tensor

    def see(self, images: Tensor, *, one_person: bool) -> Tensor:
        """Return what it makes of its crops, float32 (N, C, H, W) at the student's cells."""
        seen = self.network(images).float()
        if one_person and isinstance(self.codec, BodyPartCodec):
            seen = without_others(seen, self.codec)
        places = self.places.expand(len(seen), -1, -1, -1)
        return grid_sample(seen.index_select(1, self.maps), places, padding_mode="border", align_corners=True)


class Teachers:
    """One or several networks whose maps, averaged, a student of the same joints, or of fewer of them, learns.

    A teacher sees the crop at its own input size, in the picture's own colours and with nothing covered; where its
    shape is another, it sees more of the picture. What it makes is read at the student's cells. One that sees everybody
    teaches a student of one person whoever is nearest the middle.

    Raises `EdgeposeError` for one that lacks a joint or, where the student sees everybody, a limb.
    """

    def __init__(self, teachers: Sequence[Checkpoint], student: NetworkSpec) -> None:
        for teacher in teachers:
            _check_teacher(teacher.spec, student)
        self._trained, self._student = teachers, student
        self.sizes_wh = list(dict.fromkeys(teacher.spec.input_wh for teacher in teachers))
        self._prepared: list[_Teacher] = []

    def provenance(self) -> dict[str, Any]:
        """Return how the teachers were trained."""
        return {"teacher": [{"network": t.spec.name, "training": t.training} for t in self._trained]}

    def prepare(self, device: torch.device) -> None:
        """Build the teachers on a device."""
        student = self._student.codec()
        self._prepared = []
        for trained in self._trained:
            built = trained.build().requires_grad_(False)  # noqa: FBT003
            network = DeployNetwork(built).to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
            codec = trained.spec.codec()
            places = torch.from_numpy(_places(student, codec)).to(device)
            maps = torch.tensor(_maps_for(self._student, trained.spec), device=device)
            self._prepared.append(_Teacher(network, codec, places, maps))

    def compile(self, *arguments: Any, **options: Any) -> None:
        """Have torch compile the teachers, once they are prepared, as `torch.nn.Module.compile` does one network."""
        for teacher in self._prepared:
            teacher.network.network.compile(*arguments, **options)

    def collate(self, examples: Iterable[Sequence[ImageArray]]) -> Batch:
        """Stack the clean crops of examples, each of `sizes_wh`: `clean WxH` uint8 RGB (N, H, W, 3)."""
        stacks = zip(*examples, strict=True)
        return {
            _key(size): torch.from_numpy(np.stack(crops)) for size, crops in zip(self.sizes_wh, stacks, strict=True)
        }

    @torch.no_grad()
    def maps(self, batch: Batch) -> Tensor:
        """Return the mean of what the teachers see, float32 (N, C, H, W) at the student's cells."""
        one_person = not isinstance(self._student.codec(), BodyPartCodec)
        seen = [teacher.see(batch[_key(teacher.codec.input_wh)], one_person=one_person) for teacher in self._prepared]
        return torch.stack(seen).mean(dim=0)


def _key(size_wh: tuple[int, int]) -> str:
    return f"clean {size_wh[0]}x{size_wh[1]}"


def _places(student: Codec, teacher: Codec) -> np.ndarray[Any, Any]:
    """Return where the student's cells are in the teacher's maps, float32 (1, H, W, 2), -1 to 1 between outer cells."""
    x, y = np.meshgrid(*(np.arange(side) for side in student.map_wh))
    pixels = cells_to_pixels(np.stack([x, y], axis=-1), student.stride)
    affine = within(student.input_wh, teacher.input_wh)
    cells = pixels_to_cells(pixels @ affine[:, :2].T + affine[:, 2], teacher.stride)
    return np.asarray(2 * cells / (np.array(teacher.map_wh) - 1) - 1, np.float32)[None]


def _maps_for(student: NetworkSpec, teacher: NetworkSpec) -> list[int]:
    """Return which of a teacher's maps are the student's, in the student's order."""
    codec = teacher.codec()
    if isinstance(student.codec(), BodyPartCodec):
        return list(range(codec.maps_of(teacher.skeleton)))
    first = codec.parts.keypoint_maps.start if isinstance(codec, BodyPartCodec) else 0
    return [first + row for row in student.skeleton.shared_rows(teacher.skeleton)[1]]


def _check_teacher(teacher: NetworkSpec, student: NetworkSpec) -> None:
    theirs, ours = teacher.skeleton, student.skeleton
    if missing := [joint for joint in ours.joints if joint not in theirs.joints]:
        other = "" if student.architecture.own_skeleton else f", or --skeleton {theirs.name}"
        raise EdgeposeError(
            f"the teacher knows {theirs.name}, the student {ours.name}, of which it lacks {', '.join(missing)}; give a "
            f"teacher with all of them{other}"
        )
    limbs = _limbs(student.codec())
    if limbs and _limbs(teacher.codec()) != limbs:
        raise EdgeposeError(
            f"{teacher.name} as a teacher makes other maps than {student.name}, which sees everybody in a picture and "
            "learns from a network with the same limbs; give such a teacher"
        )


def _limbs(codec: Codec) -> Sequence[tuple[str, str]]:
    return codec.parts.limbs if isinstance(codec, BodyPartCodec) else ()
