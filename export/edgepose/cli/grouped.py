"""`edgepose grouped`: how people are made of body-part maps."""

from pathlib import Path
from typing import Annotated

import typer

from edgepose.cli.options import Data

_SIZE_PX, _STRIDE = 512, 4


def grouped(
    *,
    data: Data,
    plot: Annotated[Path, typer.Option(help="Draw into this picture.")],
    model: Annotated[
        str | None,
        typer.Option(help="A bottom-up model: its maps; else those that a network should make of the labels."),
    ] = None,
    picture: Annotated[
        list[int] | None, typer.Option(min=0, help="Which picture, counted from 0; repeatable. The first by default.")
    ] = None,
) -> None:
    """Draw the keypoint and limb maps of whole pictures, and the people that grouping makes of them."""
    from contextlib import ExitStack  # noqa: PLC0415  heavy imports wait until the command is called

    import cv2  # noqa: PLC0415

    from edgepose.profiles.errors import EdgeposeError  # noqa: PLC0415
    from edgepose.runtime.codecs import of_everybody  # noqa: PLC0415
    from edgepose.runtime.codecs.body_part import BodyPartCodec  # noqa: PLC0415
    from edgepose.train.data import open_dataset  # noqa: PLC0415
    from edgepose.train.data.pose_dataset import picture_in_skeleton  # noqa: PLC0415
    from edgepose.train.evaluation.everybody import labelled_pictures, whole_picture  # noqa: PLC0415
    from edgepose.train.evaluation.opening import open_any  # noqa: PLC0415
    from edgepose.train.pictures.file import check_picture, save_picture  # noqa: PLC0415
    from edgepose.train.pictures.grouping import Crowd, draw_grouping, maps_of_labels  # noqa: PLC0415

    check_picture(plot, [data])
    codec = BodyPartCodec((_SIZE_PX, _SIZE_PX), (_SIZE_PX // _STRIDE, _SIZE_PX // _STRIDE))
    with ExitStack() as opened:
        session = None if model is None else opened.enter_context(open_any(model))
        if session is not None:
            codec = of_everybody(session.card.codec_object(), session.card.name)
        dataset = open_dataset(data)
        pictures, chosen = labelled_pictures(dataset, codec.parts.skeleton), picture or [0]
        if max(chosen) >= len(pictures):
            raise EdgeposeError(f"{data} has pictures 0 to {len(pictures) - 1}; found --picture {max(chosen)}")
        crowds = []
        for i in chosen:
            shown, _ = picture_in_skeleton(dataset, pictures[i], codec.parts.skeleton)
            view_rgb, affine = whole_picture(shown.image_bgr, codec.input_wh)
            if session is None:
                maps = maps_of_labels(shown.keypoints, affine, codec)
            else:
                maps = session.run({session.inputs[0].name: view_rgb[None]})[codec.output][0]
            crowds.append(Crowd(cv2.cvtColor(view_rgb, cv2.COLOR_RGB2BGR), maps))
    save_picture(plot, draw_grouping(crowds, codec))
    typer.echo(f"wrote {plot}")
