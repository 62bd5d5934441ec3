"""What `edgepose train` can be told: type, name and help of each option."""

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option(help="Folder of last.safetensors, best.safetensors and the TensorBoard log.")]
Config = Annotated[str | None, typer.Option(help="A run's TOML file, or one that ships, by its name.")]
Net = Annotated[
    str | None, typer.Option(help="repose, pbn, pil, simplepose, simplepose-edge, or a PPNet's name: ppnet-m2-d2-w32.")
]
Data = Annotated[list[str] | None, typer.Option(help="kind:path[:split][@weight]; may be repeated.")]
DataRoot = Annotated[Path, typer.Option(help="Folder that the paths of data count from.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="key=value of the network; repeatable.")]
InputSize = Annotated[str | None, typer.Option("--input", help="WxH in pixels; the paper's by default.")]
Skeleton = Annotated[str | None, typer.Option(help="lsp-14, mpii-16, coco-17, simplepose-18; the data's by default.")]
Recipe = Annotated[str | None, typer.Option(help="paper: the network's own, the default; modern: AdamW and a cosine.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Epochs; the recipe's by default.")]
Batch = Annotated[int | None, typer.Option(min=1, help="People a step.")]
LearningRate = Annotated[float | None, typer.Option(help="Peak learning rate.")]
Precision = Annotated[str | None, typer.Option(help="bf16 or fp32 arithmetic.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of weights, order and augmentation.")]
StartFrom = Annotated[
    str | None, typer.Option(help="Checkpoint or shipped name to start from; of a similar network, what fits.")
]
Parsing = Annotated[
    str | None, typer.Option(help="PIL's checkpoint whose parsing branch is taken as it is, and learns no more.")
]
Qat = Annotated[bool, typer.Option("--qat", help="Train as int8 computes, from the weights of --start-from.")]
Teacher = Annotated[
    list[str] | None,
    typer.Option(help="Checkpoint or shipped name whose heatmaps are learned too; several are averaged."),
]
TeacherWeight = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="Weight of the teacher's maps against the labels; 0.5.")
]
Unlabelled = Annotated[
    list[str] | None, typer.Option(help="Data as --data whose people the teacher labels: images:FOLDER or any.")
]
Validate = Annotated[
    str | None, typer.Option(help="Data whose PCK@0.2, or OKS AP of everybody, chooses best.safetensors.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Processes that prepare crops, for each that trains: 1 beside a CPU, else its share of the cores less 1.",
    ),
]
Compiled = Annotated[
    bool,
    typer.Option(
        "--compile",
        help="Have torch compile the network and its teachers, by a C++ compiler: minutes at first, then faster steps.",
    ),
]
SyncBn = Annotated[
    bool, typer.Option("--sync-bn", help="Take batch norms' statistics over all of torchrun's processes.")
]
SaveMinutes = Annotated[float, typer.Option(min=0.0, help="Minutes between saves of last.safetensors in an epoch.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from OUT/last.safetensors.")]
