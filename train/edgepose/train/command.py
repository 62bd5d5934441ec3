"""`edgepose train`: from data to a checkpoint."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    *,
    out: Annotated[Path, typer.Option(help="Folder of last.safetensors, best.safetensors and the TensorBoard log.")],
    config: Annotated[str | None, typer.Option(help="A run's TOML file, or one that ships, by its name.")] = None,
    net: Annotated[
        str | None, typer.Option(help="Network: repose, pbn, pil, simplepose, or a PPNet's name: ppnet-m2-d2-w32.")
    ] = None,
    data: Annotated[list[str] | None, typer.Option(help="kind:path[:split][@weight]; may be repeated.")] = None,
    data_root: Annotated[Path, typer.Option(help="Folder that the paths of data count from.")] = Path(),
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value of the network; repeatable.")] = None,
    input_size: Annotated[str | None, typer.Option("--input", help="WxH in pixels; the paper's by default.")] = None,
    skeleton: Annotated[
        str | None, typer.Option(help="lsp-14, mpii-16 or coco-17; the first data's by default.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="paper: the network's own, the default; modern: AdamW and a cosine.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs; the recipe's by default.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="People a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    precision: Annotated[str | None, typer.Option(help="bf16 or fp32 arithmetic.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, order and augmentation.")] = None,
    start_from: Annotated[Path | None, typer.Option(help="Checkpoint of the same network to start from.")] = None,
    parsing: Annotated[
        Path | None, typer.Option(help="PIL's checkpoint whose parsing branch is taken as it is, and learns no more.")
    ] = None,
    qat: Annotated[
        bool, typer.Option("--qat", help="Train as int8 computes, from the weights of --start-from.")
    ] = False,
    teacher: Annotated[
        list[str] | None, typer.Option(help="Checkpoint whose heatmaps are learned too; several are averaged.")
    ] = None,
    teacher_weight: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Weight of the teacher's maps against the labels; 0.5.")
    ] = None,
    unlabelled: Annotated[
        list[str] | None, typer.Option(help="Data as --data whose people the teacher labels: images:FOLDER or any.")
    ] = None,
    validate: Annotated[
        str | None, typer.Option(help="Data whose PCK@0.2, or OKS AP of everybody, chooses best.safetensors.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that prepare crops, for each that trains; what it can feed.")
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Have torch compile the network: it pays on GPUs, after minutes.")
    ] = False,
    sync_bn: Annotated[
        bool, typer.Option("--sync-bn", help="Take batch norms' statistics over all of torchrun's processes.")
    ] = False,
    save_minutes: Annotated[float, typer.Option(min=0.0, help="How often last.safetensors is saved in an epoch.")] = 10,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/last.safetensors.")] = False,
) -> None:
    """Train a network; Ctrl-C saves it, --resume goes on to the same numbers as without the break.

    On several GPUs or machines: torchrun --nproc-per-node GPUS -m edgepose.train, with the same options.
    """
    from rich.console import Console  # noqa: PLC0415  heavy imports wait until the command is called

    from edgepose.train.options import chosen, import_torch, parse_settings  # noqa: PLC0415

    import_torch()
    from edgepose.train.config import RunConfig, read_config  # noqa: PLC0415
    from edgepose.train.run import run_training  # noqa: PLC0415
    from edgepose.train.world import joined_world  # noqa: PLC0415

    options = {
        "net": net,
        "data": tuple(data) if data else None,
        "settings": parse_settings(settings),
        "input": input_size,
        "skeleton": skeleton,
        "recipe": recipe,
        "qat": qat or None,
        "validate": validate,
        "teacher": tuple(teacher) if teacher else None,
        "unlabelled": tuple(unlabelled) if unlabelled else None,
    }
    changes = {
        "epochs": epochs,
        "batch": batch,
        "learning_rate": learning_rate,
        "precision": precision,
        "seed": seed,
        "sync_bn": sync_bn or None,
        "teacher_weight": teacher_weight,
    }
    given = read_config(config) if config else RunConfig()
    with joined_world() as world:
        run_training(
            given.with_options(chosen(options), chosen(changes)),
            out,
            data_root=data_root,
            start_from=start_from,
            parsing=parsing,
            workers=world.loaders() if workers is None else workers,
            compiled=compiled,
            resume=resume,
            save_minutes=save_minutes,
            world=world,
            console=Console(stderr=True),
        )
