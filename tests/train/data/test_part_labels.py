import numpy as np

from edgepose.runtime.synthetic.joints import PARTS
from edgepose.train.data.part_labels import (
    CCP_LABELS,
    LIP_LABELS,
    PART_CLASSES,
    PART_LABELS,
    PASCAL_LABELS,
    UNKNOWN,
    label_classes,
    mirrored_values,
    part_values,
    value_of,
)


def classes_of(label: str) -> set[str]:
    return {PART_CLASSES[i] for i in np.flatnonzero(label_classes()[value_of(label)])}


def test_a_class_is_a_label_of_its_own_value() -> None:
    assert {name: value_of(name) for name in PART_CLASSES} == PARTS
    assert label_classes().shape == (len(PART_LABELS), 15)
    np.testing.assert_array_equal(label_classes()[:15], np.eye(15, dtype=bool))
    assert len(PART_LABELS) < UNKNOWN


def test_pascals_labels_split_the_classes() -> None:
    assert len(PASCAL_LABELS) == 7
    rows = label_classes()[[value_of(label) for label in PASCAL_LABELS]]
    np.testing.assert_array_equal(rows.sum(axis=0), np.ones(15))


def test_lips_limbs_have_their_side() -> None:
    assert len(LIP_LABELS) == 20
    assert classes_of(LIP_LABELS[14]) == {"l_upper_arm", "l_lower_arm", "l_hand"}
    assert classes_of(LIP_LABELS[17]) == {"r_upper_leg", "r_lower_leg", "r_foot"}
    assert classes_of(LIP_LABELS[19]) == {"r_lower_leg", "r_foot"}
    assert not {"head", "l_hand", "l_foot"} & classes_of(LIP_LABELS[5])


def test_only_the_background_is_never_a_part() -> None:
    for label in (*PASCAL_LABELS[1:], *LIP_LABELS[1:], *(set(CCP_LABELS.values()) - {"background"})):
        assert "background" not in classes_of(label)


def test_ccps_59_names_all_have_a_label() -> None:
    assert len(CCP_LABELS) == 59
    assert set(CCP_LABELS.values()) <= set(PART_LABELS)
    assert CCP_LABELS["hair"] == "head"
    assert CCP_LABELS["skin"] == "body"
    assert CCP_LABELS["purse"] == "background"


def test_a_mirror_swaps_the_sides_and_twice_is_nothing() -> None:
    table = mirrored_values()
    assert table[value_of("l_hand")] == value_of("r_hand")
    assert table[value_of("r_leg")] == value_of("l_leg")
    for label in ("background", "head", "upper_arms", "bottom", "lower_legs", "neckwear"):
        assert table[value_of(label)] == value_of(label)
    assert table[UNKNOWN] == UNKNOWN
    np.testing.assert_array_equal(table[table], part_values(list(PART_LABELS)))


def test_values_that_a_data_set_does_not_have_are_unknown() -> None:
    table = part_values(PASCAL_LABELS)
    assert table[:3].tolist() == [0, value_of("head"), value_of("torso")]
    assert (table[7:] == UNKNOWN).all()
