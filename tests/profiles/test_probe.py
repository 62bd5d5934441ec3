import os

import pytest

from edgepose.profiles.probe import cgroup_cores, cgroup_memory, cpu_flags, cpu_name, probe_this_machine

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
    assert cgroup_cores(cpu_max) == cores


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
    assert cgroup_memory(*texts) == found
