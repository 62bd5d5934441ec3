import os
from pathlib import Path

import pytest

from edgepose.profiles.probe import cpu_flags, cpu_name, physical_cores, probe_this_machine

X86 = "processor\t: 0\nmodel name\t: Some CPU @ 2GHz\nflags\t\t: fpu avx2 avx512f avx512_vnni sse4_2\n"
PI = "processor\t: 0\nFeatures\t: fp asimd asimdhp asimddp\n\nModel\t\t: Raspberry Pi 5 Model B\n"


def test_this_machine_has_cores_that_the_process_may_use() -> None:
    machine = probe_this_machine()
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert 1 <= machine.physical_cores <= machine.cores
    assert machine.cpu
    assert machine.memory_mb is None or machine.memory_mb > 0


def test_two_threads_of_a_core_are_one(tmp_path: Path) -> None:
    for number, siblings in enumerate(("0,4", "1,5", "2", "3", "0,4", "1,5")):
        topology = tmp_path / f"cpu{number}" / "topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(siblings + "\n")
    assert physical_cores(range(6), tmp_path) == 4
    assert physical_cores({0, 4}, tmp_path) == 1
    assert physical_cores({0, 3}, tmp_path) == 2
    assert physical_cores({0, 4, 17}, tmp_path) == 3  # of one nothing is known


@pytest.mark.parametrize(
    ("text", "name", "flags"),
    [
        (X86, "Some CPU @ 2GHz", ("avx2", "avx512f", "avx512_vnni")),
        (PI, "Raspberry Pi 5 Model B", ("asimd", "asimddp", "asimdhp")),
    ],
)
def test_cpuinfo_of_both_architectures(text: str, name: str, flags: tuple[str, ...]) -> None:
    assert cpu_name(text) == name
    assert cpu_flags(text) == flags


def test_without_cpuinfo_nothing_is_guessed() -> None:
    assert cpu_name("")
    assert cpu_flags("") == ()
