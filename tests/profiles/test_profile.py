import tomllib
from dataclasses import fields
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.profiles import Budget, DeviceProfile, ProfileError, load_profile, profile_names
from edgepose.profiles.profile import ARCHITECTURES, parse_profile

MINIMAL = """
name = "mine"
description = "a board of mine"
formats = ["onnx"]
precisions = ["fp32"]
threads = 2
"""
KEYS = [field.name for field in fields(DeviceProfile)]
UNKNOWN_KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True).filter(lambda key: key not in KEYS)


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_profile_loads_under_its_own_name_with_sources(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.facts
    assert all(fact.text and fact.source for fact in profile.facts)


def test_the_promised_devices_ship() -> None:
    assert profile_names() == (
        "auto",
        "android-arm64",
        "browser",
        "intel-cpu",
        "intel-igpu",
        "jetson-orin-nano",
        "raspberry-pi-5",
    )


def test_onnx_providers_are_those_of_the_device_and_end_with_the_cpu() -> None:
    assert load_profile("jetson-orin-nano").providers == ("tensorrt", "cuda", "cpu")
    assert load_profile("android-arm64").providers == ("xnnpack", "cpu")
    for name in profile_names():
        assert not load_profile(name).providers or load_profile(name).providers[-1] == "cpu"


def test_an_unknown_provider_lists_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"(?s)providers.*xnnpack"):
        parse_profile(MINIMAL + 'providers = ["gpu"]\n', "mine")


def test_sources_of_shipped_facts_are_public_addresses() -> None:
    for path in resources.files("edgepose.profiles").joinpath("devices").iterdir():
        for fact in tomllib.loads(path.read_text(encoding="utf-8"))["facts"]:
            assert fact["source"].startswith("https://"), path.name


@pytest.mark.parametrize(("machine", "like"), [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64")])
def test_a_profile_tells_whether_it_is_of_this_machines_architecture(
    machine: str, like: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    profiles = [parse_profile(f'{MINIMAL}architecture = "{name}"\n', "mine") for name in ARCHITECTURES]
    assert [profile.architecture for profile in profiles if profile.is_like_this_machine] == [like]
    assert parse_profile(MINIMAL, "mine").is_like_this_machine


def test_defaults_of_a_minimal_profile() -> None:
    profile = parse_profile(MINIMAL, "mine")
    assert profile == DeviceProfile("mine", "a board of mine", ("onnx",), ("fp32",), 2)


def test_a_file_of_the_users_own_with_a_budget(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL + "[budget]\nnetwork_p95_ms = 12\nfps = 25.0\n")
    profile = load_profile(path)
    assert profile.budget == Budget(network_p95_ms=12.0, fps=25.0)
    assert profile.budget.limits() == {"network_p95_ms": 12.0, "fps": 25.0}


@given(key=UNKNOWN_KEYS)
def test_an_unknown_key_is_refused_and_the_known_ones_listed(key: str) -> None:
    with pytest.raises(ProfileError, match="unknown key") as caught:
        parse_profile(f"{MINIMAL}\n{key} = 1\n", "mine")
    assert all(known in str(caught.value) for known in KEYS)
    assert "\n" not in str(caught.value)


@given(key=UNKNOWN_KEYS.filter(lambda key: key not in Budget.__dataclass_fields__))
def test_an_unknown_budget_is_refused(key: str) -> None:
    with pytest.raises(ProfileError, match=r"\[budget\]: unknown key"):
        parse_profile(f"{MINIMAL}\n[budget]\n{key} = 1\n", "mine")


@pytest.mark.parametrize("key", ["name", "description", "formats", "precisions", "threads"])
def test_a_missing_key_is_named(key: str) -> None:
    lines = [line for line in MINIMAL.splitlines() if not line.startswith(f"{key} =")]
    with pytest.raises(ProfileError, match=f"missing key '{key}'"):
        parse_profile("\n".join(lines), "mine")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('formats = ["onnxx"]', "onnx, openvino, tflite, tensorrt"),
        ("formats = []", "a list of some of"),
        ('formats = ["onnx", "onnx"]', "each once"),
        ('precisions = "fp32"', "found text"),
        ("threads = 1.5", "a whole number of at least 0; found a number"),
        ("threads = true", "found true or false"),
        ("threads = -1", "at least 0"),
        ('name = ""', "one line of text"),
        ('description = "a\\nb"', "one line of text"),
    ],
)
def test_a_malformed_value_is_named_with_what_was_expected(line: str, message: str) -> None:
    key = line.split(maxsplit=1)[0]
    text = "\n".join([row for row in MINIMAL.splitlines() if not row.startswith(f"{key} =")] + [line])
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "mine")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "rest",
    [
        "memory_mb = 0",
        'memory_mb = "much"',
        "device = 3",
        'inference_precision = "fp32"',
        "budget = 3",
        "[budget]\nfps = 0",
        "[budget]\nfps = inf",
        "[budget]\nfps = nan",
        "facts = 1",
        "[[facts]]\ntext = 'no source'",
        "[[facts]]\ntext = 'a'\nsource = 'b'\nmore = 'c'",
    ],
)
def test_malformed_optional_parts_are_refused(rest: str) -> None:
    with pytest.raises(ProfileError, match="device profile mine"):
        parse_profile(f"{MINIMAL}\n{rest}\n", "mine")


@given(text=st.text(max_size=200))
def test_any_text_is_a_profile_or_a_profile_error(text: str) -> None:
    with pytest.raises(ProfileError):
        parse_profile(text, "mine")


def test_an_unknown_name_lists_what_exists() -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile("raspberry")
    assert all(name in str(caught.value) for name in profile_names())


def test_unreadable_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"cannot read.*No such file"):
        load_profile(tmp_path / "absent.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError, match="UTF-8"):
        load_profile(binary)
