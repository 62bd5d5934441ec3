"""Which of the shipped models see one person in a crop, and which everybody in a picture."""

from edgepose.runtime.model_files.shipped import ShippedModel, shipped_models


def of_one_person() -> list[ShippedModel]:
    """Return the shipped models that see one person, the default first."""
    return [model for model in shipped_models() if not model.everybody]


def of_everybody() -> list[ShippedModel]:
    """Return the shipped models that see everybody."""
    return [model for model in shipped_models() if model.everybody]


def by_name(model: ShippedModel) -> str:
    """Return what a test with a model is called by."""
    return model.name
