"""What `edgepose run` can be told."""

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Option(
        help="Camera index, video, image, folder, stream, synthetic[:SEED[:FRAMES]], or - for Motion JPEG from a pipe."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="Write an annotated video here (.mp4 .mov .mkv .avi .webm), a picture, or a folder of them."),
]
JsonLines = Annotated[
    Path | None, typer.Option("--json", help="Write the poses here, a JSON line a frame; - prints them.")
]
Reconnect = Annotated[
    float,
    typer.Option(min=0, help="Seconds that a camera or a stream may be away before the run ends; inf waits for ever."),
]
Turn = Annotated[int, typer.Option(help="Turn the pictures clockwise first, by 90, 180 or 270 degrees.")]
Paced = Annotated[bool, typer.Option("--paced", help="Play a recording at its own rate, as a camera would.")]
Show = Annotated[
    bool | None, typer.Option("--show/--no-show", help="Open a window; by default only when no file is asked for.")
]
MaxFrames = Annotated[int | None, typer.Option(min=1, help="Stop after so many frames.")]
Box = Annotated[str | None, typer.Option(help="Look only here in every frame, X0,Y0,X1,Y1 in pixels; else search.")]
BoxesFile = Annotated[
    Path | None,
    typer.Option(
        "--boxes", help="Look only into these, found by a detector of your own: JSON lines, see docs/people.md."
    ),
]
MaxPeople = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Follow so many people; 5 if not given, bottom-up as the card says. 1 searches nobody else: fastest.",
    ),
]
Scales = Annotated[
    str | None, typer.Option(help="Bottom-up models: sizes to look at the picture in, as 1,1.5; slower.")
]
Flip = Annotated[bool, typer.Option("--flip", help="Look into the mirror too, for twice the runs.")]
Smooth = Annotated[bool, typer.Option("--smooth/--no-smooth", help="Steady the keypoints in time.")]
