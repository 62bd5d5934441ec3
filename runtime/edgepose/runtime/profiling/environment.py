"""Under which circumstances something was measured."""

import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from edgepose.profiles.probe import probe_this_machine
from edgepose.runtime.backends.base import Session
from edgepose.runtime.model_files.sidecar import model_files
from edgepose.runtime.plumbing.files import sha256_of


@dataclass(frozen=True)
class Environment:
    """Machine, engine and artefact of a measurement.

    `threads` (0: unknown) and `precision` are what the engine says it uses, `sha256` the hashes of the
    model's files by name.
    """

    edgepose: str
    python: str
    system: str
    cpu: str
    architecture: str
    cores: int
    memory_mb: int | None
    profile: str
    engine: str
    engine_version: str
    device: str
    threads: int
    precision: str
    sha256: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the environment as JSON values."""
        return asdict(self)


def describe_environment(session: Session, model_path: Path, profile_name: str) -> Environment:
    """Return the environment of an open model.

    Raises `EdgeposeError` when a file of the model cannot be read.
    """
    machine, info = probe_this_machine(), session.info
    return Environment(
        edgepose=metadata.version("edgepose"),
        python=platform.python_version(),
        system=platform.platform(),
        cpu=machine.cpu,
        architecture=machine.architecture,
        cores=machine.cores,
        memory_mb=machine.memory_mb,
        profile=profile_name,
        engine=info.engine,
        engine_version=info.version,
        device=info.device,
        threads=info.threads,
        precision=info.precision,
        sha256={path.name: sha256_of(path) for path in model_files(model_path)},
    )
