"""Types of arrays."""

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Indices", "Mask"]

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
