"""Hypothesis strategies for what the runtime passes around."""

from hypothesis import strategies as st

from edgepose.runtime.body_parts import SIMPLE_POSE, SIMPLE_POSE_TREE
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.codecs.heatmap import REFINEMENTS, HeatmapCodec
from edgepose.runtime.grouping import GroupingRule
from edgepose.runtime.model_files.card import DTYPES, FORMATS, PRECISIONS, AccuracyFigure, CropRule, ModelCard
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.skeleton import SIMPLE_POSE_18, SKELETONS

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


rules = st.builds(
    GroupingRule,
    peak=st.floats(0.05, 0.5),
    samples=st.integers(3, 30),
    support=st.floats(0.5, 1),
    most_people=st.integers(1, 50),
)


@st.composite
def body_part_codecs(draw: st.DrawFn) -> BodyPartCodec:
    """Codecs of several people, with and without redundant limbs."""
    map_wh = (draw(st.integers(8, 40)), draw(st.integers(8, 40)))
    stride = draw(st.sampled_from([1, 2, 4, 8]))
    sigmas = st.floats(0.5 * stride, 3.0 * stride)
    parts = draw(st.sampled_from([SIMPLE_POSE, SIMPLE_POSE_TREE]))
    size = (map_wh[0] * stride, map_wh[1] * stride)
    return BodyPartCodec(size, map_wh, parts, draw(sigmas), draw(sigmas), draw(rules))


@st.composite
def cards(draw: st.DrawFn) -> ModelCard:
    """Cards that are well-formed; their tensors need not be those of a network."""
    codec = draw(st.one_of(codecs(), body_part_codecs()))
    of_everybody = isinstance(codec, BodyPartCodec)
    return ModelCard(
        name=draw(names),
        network={"name": draw(names), "settings": draw(json_values)},
        skeleton=SIMPLE_POSE_18.name if of_everybody else draw(st.sampled_from(sorted(SKELETONS))),
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
