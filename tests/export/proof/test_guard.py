"""What an error advises can be done."""

from edgepose.export.proof.guard import advice


def test_other_data_is_advised_where_it_calibrates() -> None:
    assert advice("int8", search=True) == (
        "give other data to --calibrate, layers to --exclude, or take another precision"
    )
    assert advice("dynamic-int8", search=True) == "give layers to --exclude, or take another precision"
    assert advice("fp16", search=True) == "take another precision"


def test_the_search_is_advised_where_it_was_not_made_and_people_where_they_are_too_few() -> None:
    assert "--exclude, --search, or" in advice("dynamic-int8", search=False)
    assert advice("int8", "more people to --validate", search=True).startswith("give more people to --validate, other")
