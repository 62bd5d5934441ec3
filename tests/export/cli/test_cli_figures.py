"""`info`, `models` and `evaluate`: with --json their standard output is one JSON document."""

import json
from pathlib import Path

import cv2
import pytest

from edgepose.runtime.model_files import shipped
from support.command_line import printed, refused
from support.tiny_checkpoint import save_tiny_checkpoint
from support.tiny_model import save_tiny_onnx, tiny_card

KEYS = ("net", "params", "macs", "flops_paper", "convention", "input_wh", "joints")


def test_info_prints_the_papers_network_by_default() -> None:
    for net, joints, input_wh in (("repose", 14, [128, 128]), ("ppnet-m2-d2-w32", 17, [192, 256])):
        document = json.loads(printed("info", net, "--json"))
        assert list(document) == [*KEYS, "flops_by_paper"]
        assert (document["net"], document["joints"], document["input_wh"]) == (net, joints, input_wh)


def test_info_takes_settings_size_and_skeleton() -> None:
    arguments = ("--set", "block=bottleneck", "--set", "branches=4", "--input", "96x128", "--skeleton", "mpii-16")
    document = json.loads(printed("info", "ppnet-m2-d1-w8", *arguments, "--json"))
    assert (document["joints"], document["input_wh"]) == (16, [96, 128])
    shown = printed("info", "ppnet-m2-d1-w8", *arguments)
    assert "block=bottleneck branches=4" in shown
    assert "96x128 pixels, 16 joints" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet",), "unknown network 'resnet'"),
        (("repose", "--set", "blocks"), "--set takes key=value"),
        (("repose", "--input", "large"), "--input takes WIDTHxHEIGHT"),
        (("repose", "--skeleton", "dog"), "unknown skeleton 'dog'"),
    ],
)
def test_wrong_use_of_info_is_one_clear_line(arguments: tuple[str, ...], message: str) -> None:
    assert message in refused("info", *arguments)


def test_models_lists_what_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("second", "first"):
        save_tiny_onnx(tmp_path, tiny_card(name=name))
        (tmp_path / f"{name}.safetensors").touch()
    (tmp_path / "index.json").write_text(json.dumps(["first", "second"]))
    monkeypatch.setattr(shipped.shipped_models, "__defaults__", (tmp_path,))
    first, second = json.loads(printed("models", "--json"))
    assert set(first) == {"name", "path", "checkpoint", "size_mb", "accuracy", "everybody", "default", "p50_ms"}
    assert (first["name"], first["default"], second["name"], second["default"]) == ("first", True, "second", False)
    assert Path(first["path"]).is_file()
    assert first["accuracy"][0]["metric"] == "PCK@0.2"
    assert first["p50_ms"] > 0
    table = printed("models")
    assert "first" in table
    assert "(default)" in table
    assert "a person" in table
    assert json.loads(printed("models", "--json", "--no-time"))[0]["p50_ms"] is None
    assert "not run" in printed("models", "--no-time")


def test_names_of_models_are_told_whole_in_80_columns() -> None:
    table = printed("models", "--no-time")
    assert max(map(len, table.splitlines()[:-1])) <= 80
    assert all(name in table for name in shipped.shipped_names())


def test_models_without_any_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped.shipped_names, "__defaults__", (tmp_path,))
    monkeypatch.setattr(shipped.shipped_models, "__defaults__", (tmp_path,))
    assert json.loads(printed("models", "--json")) == []
    assert "no model ships" in printed("models")


def test_evaluate_prints_one_document(tmp_path: Path) -> None:
    path = save_tiny_checkpoint(tmp_path)
    document = json.loads(
        printed("evaluate", str(path), "--data", "synthetic:2:1", "--flip", "--box", "joints", "--json")
    )
    keys = ["model", "data", "images", "people", "metrics", "per_joint", "per_part", "environment"]
    assert list(document) == keys
    assert document["per_part"] == {}
    assert (document["model"], document["data"]) == (str(path), "synthetic:2:1")
    assert (document["images"], document["people"]) == (2, 2)
    assert all(0 <= value <= 100 for value in (*document["metrics"].values(), *document["per_joint"].values()))
    environment = document["environment"]
    assert (environment["engine"], environment["box"], environment["flip_test"]) == ("torch", "joints", True)
    assert list(environment["sha256"]) == ["tiny.safetensors"]
    assert "PCK@0.2" in printed("evaluate", str(path), "--data", "synthetic:2:1", "--limit", "1")


def test_evaluate_draws_right_and_wrong_predictions(tmp_path: Path) -> None:
    folder, model = tmp_path / "drawn", str(save_tiny_checkpoint(tmp_path))
    arguments = ("evaluate", model, "--data", "synthetic:3:1", "--pictures", str(folder), "--shown", "2")
    shown = printed(*arguments).replace("\n", "")
    for name in ("right.png", "wrong.png"):
        assert f"wrote {folder / name}" in shown
        assert cv2.imread(str(folder / name)).shape[1] > 300
