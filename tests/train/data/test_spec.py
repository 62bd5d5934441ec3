"""How data is named: taken apart and put together again, on any system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.train.data import DataSpec

WORDS = st.text("abc_-.0", min_size=1, max_size=6)
PATHS = st.one_of(WORDS, st.lists(WORDS, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts)))
SPECS = st.builds(
    DataSpec, WORDS, PATHS, st.one_of(st.just(""), WORDS), st.sampled_from([0.01, 0.25, 1.0, 2.0, 40.0]), st.booleans()
)


@given(SPECS)
def test_a_name_is_read_as_it_is_written(spec: DataSpec) -> None:
    assert DataSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("lsp::test", DataSpec("lsp", "", "test")),
        ("lsp:/data/lsp:test@2", DataSpec("lsp", "/data/lsp", "test", 2.0)),
        ("synthetic:500:7:exercising", DataSpec("synthetic", "500", "7:exercising")),
        ("ccp:ccp:all:models/x.onnx", DataSpec("ccp", "ccp", "all:models/x.onnx")),
        (r"lsp:C:\data\lsp:test", DataSpec("lsp", r"C:\data\lsp", "test")),
        ("packed:d:/lspet.zip@0.5", DataSpec("packed", "d:/lspet.zip", "", 0.5)),
        ("lsp:/home/me@work/lsp", DataSpec("lsp", "/home/me@work/lsp")),
        ("lsp:/home/me@work/lsp:test@3", DataSpec("lsp", "/home/me@work/lsp", "test", 3.0)),
        ("unlabelled coco:/coco:val", DataSpec("coco", "/coco", "val", hidden=True)),
    ],
)
def test_what_a_name_says(text: str, spec: DataSpec) -> None:
    assert DataSpec.parse(text) == spec
    assert str(spec) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("lsp:/data/lsp:test", "lsp:test"),
        (r"lsp:C:\data\lsp:test", "lsp:test"),
        ("lsp:lsp:train@4", "lsp:lsp:train@4"),
        ("ccp:/data/ccp:all:/models/x.onnx", "ccp:all"),
        ("synthetic:500:1", "synthetic:500:1"),
    ],
)
def test_a_name_without_folders_says_nothing_of_the_machine(text: str, short: str) -> None:
    assert DataSpec.parse(text).without_folders() == short
