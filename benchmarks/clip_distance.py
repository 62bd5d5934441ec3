"""How far the files of an export are from torch on a clip: one person, followed frame for frame.

Target: less than a pixel of the crop on average, and no joint lost.
"""

import argparse
import json
import sys
from pathlib import Path

from edgepose.export.formats import TARGETS
from edgepose.export.proof.clip_parity import clip_parity, follow_clip
from edgepose.profiles.errors import EdgeposeError
from edgepose.train.checkpoints.checkpoint import resolve_checkpoint
from edgepose.train.checkpoints.session import TorchSession


def print_distances(folder: Path, checkpoint: str | None, clip: str) -> None:
    """Print a line for each file of an export."""
    document = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    with TorchSession(resolve_checkpoint(checkpoint or document["model"])) as session:
        expected = follow_clip(session, clip)
    for row in document["rows"]:
        with TARGETS[row["format"]].open_exact(folder / row["path"]) as session:
            found = clip_parity(follow_clip(session, clip), expected, session.card)
        print(
            f"{row['format']:9} {row['precision']:13} {found.distance_px:6.3f} px off in {found.frames} frames, "
            f"{found.lost_joints} joints lost, {found.missed_frames} frames without anybody"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="what `edgepose export --out` wrote")
    parser.add_argument("--checkpoint", help="what it was exported from; default: the shipped model of its name")
    parser.add_argument("--clip", default="synthetic:4:120", help="a video, or what `edgepose run --source` takes")
    given = parser.parse_args()
    try:
        print_distances(given.folder, given.checkpoint, given.clip)
    except (EdgeposeError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
