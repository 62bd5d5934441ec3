import os

import pytest

from edgepose.profiles.probe import cpu_flags, cpu_name, probe_this_machine

X86 = "processor\t: 0\nmodel name\t: Some CPU @ 2GHz\nflags\t\t: fpu avx2 avx512f avx512_vnni sse4_2\n"
PI = "processor\t: 0\nFeatures\t: fp asimd asimdhp asimddp\n\nModel\t\t: Raspberry Pi 5 Model B\n"


def test_this_machine_has_cores_that_the_process_may_use() -> None:
    machine = probe_this_machine()
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert machine.cpu
    assert machine.memory_mb is None or machine.memory_mb > 0


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
