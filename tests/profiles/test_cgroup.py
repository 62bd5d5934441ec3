"""Limits of containers, batch jobs and services, of either version of control groups."""

from pathlib import Path

import pytest

from edgepose.profiles.cgroup import cores_of, granted_cores, granted_memory_bytes, memory_of


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("cpu_max", "cores"),
    [
        ("max 100000", None),
        ("", None),
        ("200000 100000", 2),
        ("150000 100000", 1),
        ("50000 100000", 1),
        ("1 0", None),
    ],
)
def test_a_quota_of_the_cgroup_limits_the_cores(cpu_max: str, cores: int | None) -> None:
    assert cores_of(cpu_max) == cores


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (("max\n", "1000\n", ""), None),
        (("", "", ""), None),
        (("4000\n", "3500\n", "anon 500\ninactive_file 2000\nactive_file 900\nfile 3000\n"), (4000, 600)),
        (("4000\n", "10\n", "inactive_file 200\n"), (4000, 0)),
    ],
)
def test_pages_of_files_are_not_what_a_container_uses(
    texts: tuple[str, str, str], found: tuple[int, int] | None
) -> None:
    assert memory_of(*texts) == found


def test_a_jobs_own_group_and_those_above_it_count(tmp_path: Path) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("0::/slurm/job_7/step_0\n")
    write(root, {"cpu.max": "max 100000", "slurm/cpu.max": "800000 100000", "slurm/job_7/cpu.max": "300000 100000"})
    write(root / "slurm", {"memory.max": "8000", "memory.current": "7500", "memory.stat": ""})
    write(root / "slurm" / "job_7" / "step_0", {"memory.max": "5000", "memory.current": "100", "memory.stat": ""})
    assert granted_cores(root, own) == 3
    assert granted_memory_bytes(root, own) == (8000, 7500)


def test_version_1_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "own"
    # what a container sees of the host's path: only the root is there
    own.write_text("12:cpu,cpuacct:/docker/abc\n9:memory:/docker/abc\n1:name=systemd:/docker/abc\n0::/\n")
    write(root / "cpu,cpuacct", {"cpu.cfs_quota_us": "200000\n", "cpu.cfs_period_us": "100000\n"})
    write(root / "memory", {"memory.limit_in_bytes": "4000\n", "memory.usage_in_bytes": "3000\n"})
    write(root / "memory", {"memory.stat": "inactive_file 500\ntotal_inactive_file 900\n"})
    assert granted_cores(root, own) == 2
    assert granted_memory_bytes(root, own) == (4000, 2500)


def test_without_limits_there_are_none(tmp_path: Path) -> None:
    root, own = tmp_path / "cgroup", tmp_path / "own"
    assert granted_cores(root, tmp_path / "absent") is None
    own.write_text("9:cpu,cpuacct,memory:/\n0::/\n")
    write(root / "cpu,cpuacct,memory", {"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"})
    write(root / "cpu,cpuacct,memory", {"memory.limit_in_bytes": str(2**63 - 4096), "memory.usage_in_bytes": "5"})
    assert granted_cores(root, own) is None
    assert granted_memory_bytes(root, own) is None
