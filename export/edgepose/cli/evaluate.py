"""`edgepose evaluate`: how accurate a model is."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepose.cli.options import AsJson, Data, Device
from edgepose.cli.progress import progress_bar

if TYPE_CHECKING:
    from edgepose.train.data import PoseDataset
    from edgepose.train.evaluation.evaluate import Evaluation

_Box = Annotated[
    str, typer.Option(help="What is cropped: data (its own box), joints (around the labelled ones) or image (all).")
]
_Predictions = Annotated[
    Path | None, typer.Option(help="Write who was found into a .json there, as pycocotools reads results.")
]
_Pictures = Annotated[
    Path | None, typer.Option(help="Draw the best and the worst predictions into right.png and wrong.png there.")
]


def evaluate(
    model: Annotated[str, typer.Argument(help="An exported file, a checkpoint, or a name that ships.")],
    *,
    data: Data,
    device: Device = "auto",
    flip: Annotated[bool, typer.Option("--flip", help="Average with the mirrored crop or picture.")] = False,
    box: _Box = "data",
    scales: Annotated[
        str, typer.Option(help="Of a model of everybody: the scales to look at, with commas; 1 is what fits its input.")
    ] = "1",
    limit: Annotated[int | None, typer.Option(min=1, help="Take the first so many people, or whole pictures.")] = None,
    predictions: _Predictions = None,
    pictures: _Pictures = None,
    shown: Annotated[int, typer.Option(min=1, help="How many people each of these shows.")] = 12,
    as_json: AsJson = False,
) -> None:
    """Measure PCK@0.2, PCKh@0.5 and OKS AP of a model, by the same code for every format.

    Of a checkpoint that parses (PIL) mIoU too, where the data has masks of body parts. Of a model that sees everybody
    (Simple Pose) OKS AP of all people in whole pictures.
    """
    from edgepose.profiles import load_profile  # noqa: PLC0415  heavy imports wait until the command is called
    from edgepose.runtime.estimators.bottom_up_model import Views  # noqa: PLC0415
    from edgepose.runtime.plumbing.files import open_text_whole  # noqa: PLC0415
    from edgepose.runtime.profiling.environment import describe_environment  # noqa: PLC0415
    from edgepose.train.data import open_dataset  # noqa: PLC0415
    from edgepose.train.evaluation.evaluate import evaluate as evaluate_session  # noqa: PLC0415
    from edgepose.train.evaluation.opening import model_path, open_any, open_part_predictor  # noqa: PLC0415
    from edgepose.train.evaluation.predictions_file import write_predictions  # noqa: PLC0415
    from edgepose.train.pictures.predictions import draw_predictions  # noqa: PLC0415

    dataset, path = open_dataset(data), model_path(model)
    if predictions is not None:
        _check_predictions(predictions, path, dataset)
    with nullcontext() if predictions is None else open_text_whole(predictions) as file:
        with open_any(model, profile := load_profile(device)) as session, progress_bar("evaluating") as on_progress:
            evaluation = evaluate_session(
                session,
                dataset,
                flip_test=flip,
                box=box,
                scales=Views.of_text(scales).scales,
                limit=limit,
                parts=open_part_predictor(path),
                on_progress=on_progress,
            )
            environment = describe_environment(session, path, profile.name).to_dict()
        _print(replace(evaluation, model=model, environment={**environment, **evaluation.environment}), as_json=as_json)
        if file is not None:
            write_predictions(file, evaluation, dataset.skeleton)
    drawn = draw_predictions(pictures, evaluation, dataset, session.card, shown) if pictures is not None else ()
    for written in filter(None, (predictions, *drawn)):
        typer.echo(f"wrote {written}", err=as_json)


def _check_predictions(predictions: Path, model: Path, dataset: "PoseDataset") -> None:
    """Raise `EdgeposeError` before the work where there will be none, or an input would be overwritten."""
    from edgepose.profiles.errors import EdgeposeError  # noqa: PLC0415
    from edgepose.runtime.model_files.sidecar import model_files, sidecar_path  # noqa: PLC0415
    from edgepose.runtime.plumbing.files import refuse_overwriting  # noqa: PLC0415
    from edgepose.train.data.spec import DataSpec  # noqa: PLC0415

    if not dataset.has_joints:
        raise EdgeposeError(f"nobody in {dataset.name} has a joint; leave --predictions out")
    root = Path(DataSpec.parse(dataset.name).path)
    of_data, of_model = [root, *root.glob("ann*/*")], [*model_files(model), sidecar_path(model)]
    refuse_overwriting({"--predictions": predictions}, {"the model": of_model, "the data": of_data})


def _print(evaluation: "Evaluation", *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415

    from edgepose.train.evaluation.tables import evaluation_tables  # noqa: PLC0415

    if as_json:
        typer.echo(json.dumps(evaluation.to_dict(), indent=1, allow_nan=False))
    else:
        Console(emoji=False).print(evaluation_tables(evaluation))
