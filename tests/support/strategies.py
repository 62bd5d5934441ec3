"""Hypothesis strategies for what the runtime passes around."""

from hypothesis import strategies as st

from edgepose.runtime.card import DTYPES, FORMATS, PRECISIONS, AccuracyFigure, CropRule, ModelCard
from edgepose.runtime.codec import REFINEMENTS, HeatmapCodec
from edgepose.runtime.skeleton import SKELETONS
from edgepose.runtime.tensors import TensorSpec

names = st.text(min_size=1, max_size=12)
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
tensors = st.builds(
    TensorSpec,
    name=names,
    dtype=st.sampled_from(DTYPES),
    shape=st.lists(st.integers(-1, 4096), max_size=5).map(tuple),
)
figures = st.builds(
    AccuracyFigure,
    data=names,
    metric=names,
    precision=st.sampled_from(PRECISIONS),
    value=st.floats(0, 100),
    images=st.integers(0, 10**6),
)


@st.composite
def codecs(draw: st.DrawFn, refine: st.SearchStrategy[str] = st.sampled_from(REFINEMENTS)) -> HeatmapCodec:
    """Codecs of maps of 8 to 40 cells a side, with a Gaussian of 1 to 3 cells."""
    map_wh = (draw(st.integers(16, 40)), draw(st.integers(16, 40)))
    stride = draw(st.sampled_from([1, 2, 4, 8]))
    sigma_px = stride * draw(st.floats(1.0, 3.0))
    return HeatmapCodec((map_wh[0] * stride, map_wh[1] * stride), map_wh, sigma_px, draw(refine))


@st.composite
def cards(draw: st.DrawFn) -> ModelCard:
    """Cards that are well-formed; their tensors need not be those of a network."""
    codec = draw(codecs())
    return ModelCard(
        name=draw(names),
        network={"name": draw(names), "settings": draw(json_values)},
        skeleton=draw(st.sampled_from(sorted(SKELETONS))),
        input_wh=codec.input_wh,
        codec=codec.to_dict(),
        crop=CropRule(draw(st.floats(0.1, 4))),
        inputs=tuple(draw(st.lists(tensors, max_size=2))),
        outputs=tuple(draw(st.lists(tensors, max_size=2))),
        precision=draw(st.sampled_from(PRECISIONS)),
        format=draw(st.sampled_from(FORMATS)),
        presence_threshold=draw(st.floats(0, 1)),
        accuracy=tuple(draw(st.lists(figures, max_size=2))),
        provenance=draw(st.dictionaries(names, json_values, max_size=3)),
        licence=draw(names),
    )
