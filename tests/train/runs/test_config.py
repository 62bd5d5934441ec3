"""A run as a file: what it may say, what a mistake in it is told, and that the checkpoint keeps it."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgepose.runtime.skeleton import COCO_17, LSP_14, SIMPLE_POSE_18, Skeleton
from edgepose.train.checkpoints.checkpoint import Checkpoint, load_checkpoint
from edgepose.train.data import WeightedDataset, open_dataset, open_mix, without_labels
from edgepose.train.data.fingerprint import fingerprint
from edgepose.train.data.packed import PackSettings, write_packed
from edgepose.train.networks.describe import describe
from edgepose.train.runs.config import SHIPPED, ConfigError, RunConfig, read_config
from support.data_sets import write_ccp
from support.dot_dataset import DotDataset

RUN = """
net = "ppnet-m1-d1-w8"
settings = { stem = 8 }
input = "32x32"
skeleton = "lsp-14"
recipe = "modern"
data = ["synthetic:12@2"]
validate = "synthetic:6:1"
[changes]
epochs = 1
batch = 8
schedule = "steps"
milestones = [[0.5, 0.1]]
[augment]
half_body = 0.5
scale = [0.9, 1.1]
"""
MIX = [WeightedDataset(DotDataset(4), 1.0)]


def written(folder: Path, text: str) -> str:
    path = folder / "run.toml"
    path.write_text(text)
    return str(path)


def test_a_file_says_how_a_network_is_trained(tmp_path: Path) -> None:
    run = read_config(written(tmp_path, RUN))
    spec = run.spec(MIX)
    recipe = run.recipe_for(spec)
    assert (spec.name, spec.input_wh, spec.settings, spec.skeleton) == ("ppnet-m1-d1-w8", (32, 32), {"stem": 8}, LSP_14)
    assert (recipe.epochs, recipe.batch, recipe.milestones) == (1, 8, ((0.5, 0.1),))
    assert (recipe.augment.half_body, recipe.augment.scale) == (0.5, (0.9, 1.1))


def test_options_override_the_file(tmp_path: Path) -> None:
    run = read_config(written(tmp_path, RUN))
    changed = run.with_options({"input": "64x64", "settings": {"stem": "16"}}, {"epochs": 3})
    spec = changed.spec(MIX)
    assert (spec.input_wh, spec.settings) == ((64, 64), {"stem": 16})
    assert (changed.recipe_for(spec).epochs, changed.recipe_for(spec).batch) == (3, 8)


def test_a_run_for_int8_goes_on_from_the_files_with_small_steps_and_few() -> None:
    run = read_config("ppnet-small-lsp-128")
    rate = run.changes["learning_rate"]
    fine = run.with_options({"qat": True}, {"batch": 8})
    recipe = fine.recipe_for(fine.spec(MIX))
    assert (recipe.learning_rate, recipe.epochs, recipe.precision) == (rate / 10, 5, "fp32")
    assert recipe.warmup_steps <= 20
    assert (recipe.ema_decay, recipe.batch) == (run.changes["ema_decay"], 8)
    told = run.with_options({"qat": True}, {"epochs": 2, "learning_rate": 1e-3})
    assert told.recipe_for(told.spec(MIX)).learning_rate == 1e-3
    again = fine.with_options({}, {})  # as its checkpoint has it
    assert again.recipe_for(again.spec(MIX)) == recipe


@pytest.mark.parametrize(
    ("net", "data", "skeleton"),
    [
        ("repose", ["synthetic:3"], LSP_14),
        ("ppnet-m1-d1-w8", ["synthetic:3"], COCO_17),
        ("pbn", ["synthetic:3", "dots"], LSP_14),
        ("simplepose", ["dots"], SIMPLE_POSE_18),
    ],
)
def test_joints_are_those_of_the_first_data_with_a_convention_else_the_papers(
    net: str, data: list[str], skeleton: Skeleton
) -> None:
    mix = [WeightedDataset(DotDataset(4) if spec == "dots" else open_dataset(spec), 1.0) for spec in data]
    assert RunConfig(net=net).spec(mix).skeleton is skeleton


def test_joints_are_the_teachers_where_no_data_has_any(tmp_path: Path) -> None:
    write_ccp(tmp_path)
    without = [*open_mix([f"ccp:{tmp_path}", "synthetic:3"]), *without_labels(MIX)]
    run = RunConfig(net="ppnet-m1-d1-w8")
    assert run.spec(without).skeleton is COCO_17
    learned = run.spec(MIX)
    teacher = Checkpoint(learned, learned.codec(), 1.25, {}, {}, [], {})
    assert run.spec(without, [teacher]).skeleton is LSP_14


def test_packed_people_who_were_rendered_teach_the_papers_joints(tmp_path: Path) -> None:
    write_packed(open_dataset("synthetic:2"), tmp_path / "people.zip", PackSettings(backgrounds=0))
    mix = open_mix([f"packed:{tmp_path / 'people.zip'}"])
    assert RunConfig(net="ppnet-m1-d1-w8").spec(mix).skeleton is COCO_17


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nett = 'repose'", "unknown key 'nett' in the file; known: net, data"),
        ("changes = { epoch = 3 }", "unknown key 'epoch' in changes; known: optimiser"),
        ("changes = { epochs = 'three' }", "epochs in changes is of the kind int; found 'three'"),
        ("changes = { batch = true }", "batch in changes is of the kind int; found True"),
        ("augment = { half = 0.5 }", "unknown key 'half' in augment"),
        ("data = 'synthetic:3'", "data in the file is of the kind list or tuple; found 'synthetic:3'"),
        ("data = [3]", "data in the file is a list of texts"),
        ("net = ", "is no TOML"),
    ],
)
def test_a_mistake_is_told_with_the_file(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(written(tmp_path, text))
    assert told in str(caught.value)
    assert "run.toml" in str(caught.value)


def test_a_name_that_does_not_ship_lists_what_does() -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*nothing.toml.*repose-lsp-64"):
        read_config("nothing")


def test_a_run_without_a_network_or_data_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"give --net and --data \(or --unlabelled with --teacher\), or --config"):
        RunConfig().with_options({"net": "repose"}, {})
    taught_alone = RunConfig().with_options({"net": "repose", "unlabelled": ("images:.",)}, {})
    assert taught_alone.data == ()


@pytest.mark.parametrize("name", sorted(file.stem for file in SHIPPED.glob("*.toml")))
def test_what_ships_can_be_built(name: str) -> None:
    run = read_config(name)
    spec = run.spec(MIX)
    assert run.recipe_for(spec).epochs >= 1
    assert all(not Path(data.split(":")[1]).is_absolute() for data in run.data)
    assert describe(spec).params < (1.5e6 if "small" in name else 8e6)


def test_paths_count_from_the_root_and_names_do_not_tell_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(Exception, match="no LSP folder") as caught:
        open_dataset("lsp:sub:train", tmp_path)
    assert str(tmp_path / "sub") in str(caught.value)
    assert open_mix(["synthetic:3@2"], tmp_path)[0].dataset.name == "synthetic:3"


def test_a_fingerprint_tells_files_apart_and_not_where_they_are(tmp_path: Path) -> None:
    for root in ("here", "there"):
        (tmp_path / root / "lsp" / "images").mkdir(parents=True)
        (tmp_path / root / "lsp" / "images" / "a.jpg").write_bytes(b"123")
    here, there = (fingerprint("lsp:lsp:train", tmp_path / root) for root in ("here", "there"))
    assert here == there
    (tmp_path / "there" / "lsp" / "images" / "a.jpg").write_bytes(b"1234")
    assert fingerprint("lsp:lsp:train", tmp_path / "there") != here
    assert fingerprint("packed:lsp/images/a.jpg", tmp_path / "here") != here
    assert fingerprint("synthetic:3") != fingerprint("synthetic:4")


def test_a_model_that_labels_counts_too(tmp_path: Path) -> None:
    (tmp_path / "ccp").mkdir()
    model = tmp_path / "model.onnx"
    seen = {fingerprint("ccp:ccp:train", tmp_path)}
    for content in (b"1", b"2"):
        model.write_bytes(content)
        seen.add(fingerprint(f"ccp:ccp:train:{model}", tmp_path))
    assert len(seen) == 3


@pytest.mark.slow
def test_a_run_from_a_file_keeps_all_that_is_known_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgepose.train", "--config", written(tmp_path, RUN), "--workers", "0"]
    done = subprocess.run([*command, "--out", str(tmp_path / "run")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    training = load_checkpoint(tmp_path / "run" / "best.safetensors").training
    assert training["config"]["changes"]["epochs"] == 1
    assert training["data"] == ["synthetic:12@2"]
    assert set(training["data_sha256"]) == {"synthetic:12", "synthetic:6:1"}
    assert training["hardware"]["cores"] >= 1
    (point,) = training["progress"]["curve"]
    assert (point["epoch"], point["accuracy"]) == (1, training["accuracy"]["PCK@0.2"])
    assert point["loss"] > 0
    assert set(training["accuracy"]["per_joint"]) == set(LSP_14.joints)


def test_a_share_of_the_start_is_of_the_same_network_and_not_for_int8() -> None:
    run = RunConfig(net="repose", data=("synthetic:4",), start_from="a.safetensors", start_share=0.5)
    for options in ({"input": "64x64"}, {"start_from": "b.safetensors"}, {"qat": True}, {"settings": {"width": "24"}}):
        assert run.with_options(options, {}).start_share == 0
    assert run.with_options({"data": ("synthetic:5",)}, {"epochs": 3}).start_share == 0.5
    for wrong in ({"start_share": 1.0}, {"start_from": None}, {"qat": True}):
        with pytest.raises(ConfigError, match="start_share is from 0 to below 1, of the weights that start_from names"):
            replace(run, **wrong)
