"""Reading MATLAB files."""

import zlib
from pathlib import Path
from typing import Any

from edgepose.train.data.pose_dataset import DataError


def read_matlab(path: Path, variable: str, *, squeeze: bool = True) -> Any:
    """Return a variable of a MATLAB file: numbers as an array, structs as objects, on request without axes of length 1.

    Raises `DataError` naming the file when it is damaged or lacks the variable.
    """
    from scipy.io import loadmat  # noqa: PLC0415  slow to import, and only some data needs it
    from scipy.io.matlab import MatReadError  # noqa: PLC0415

    try:
        return loadmat(path, struct_as_record=False, squeeze_me=squeeze, variable_names=[variable])[variable]
    except KeyError as error:
        raise DataError(f"{path} holds no variable {variable!r}; restore the file of the data set") from error
    except (MatReadError, ValueError, TypeError, NotImplementedError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is no readable MATLAB file ({error}); restore the file of the data set") from error
