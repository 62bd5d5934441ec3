"""Every benchmark with its defaults, one after another on an otherwise idle machine; the results are written."""

import subprocess
import sys
from pathlib import Path

COMMANDS = (
    ("network_rate.py",),
    ("network_rate.py", "--engine", "litert"),
    ("network_rate.py", "--engine", "onnxruntime"),
    ("int8_speedup.py",),
    ("int8_speedup.py", "--engine", "litert"),
    # camera_path.json is of a clip of one's own, beside MediaPipe
    ("camera_path.py", "--out", str(Path(__file__).parent / "results" / "camera_path_rendered.json")),
    ("synthetic_rate.py", "--write"),
    ("grouping_rate.py", "--write"),
    ("train_throughput.py", "--batch", "32"),
)


def main() -> None:
    for command in COMMANDS:
        print(f"== {' '.join(command)}", flush=True)
        done = subprocess.run([sys.executable, str(Path(__file__).parent / command[0]), *command[1:]], check=False)
        if done.returncode:
            sys.exit(done.returncode)


if __name__ == "__main__":
    main()
