"""What a card keeps of a training: a recipe, and the epochs that went by."""

import json
from typing import Any

from edgepose.train.loop.state import CurvePoint, Progress
from edgepose.train.recipe import Recipe


def training(losses: list[float], accuracies: list[float | None] | None = None, **more: Any) -> dict[str, Any]:
    """Return what a checkpoint tells of a run with these epochs, of a minute each."""
    progress = Progress(epoch=len(losses))
    for number, (loss, accuracy) in enumerate(zip(losses, accuracies or [None] * len(losses), strict=True), start=1):
        progress.curve.append(CurvePoint(number, loss, accuracy, 60.0 * number))
    values = {"recipe": Recipe(epochs=len(losses)).to_dict(), "progress": progress.to_dict(), **more}
    read: dict[str, Any] = json.loads(json.dumps(values))
    return read
