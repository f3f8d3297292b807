"""How many bytes a document of anyone may take, counted before they are taken."""

from collections.abc import Sequence

from fitter_lambda.errors import RenderError


class ByteBudget:
    """Bytes that may still be taken.

    Parameters
    ----------
    max_bytes : int
    message : str
        What is said when they are spent.
    """

    def __init__(self, max_bytes: int, message: str) -> None:
        self._bytes_left = max_bytes
        self._message = message

    def charge(self, n_bytes: int) -> None:
        """Take bytes.

        Raises
        ------
        RenderError
            If there are not so many left.
        """
        self._bytes_left -= n_bytes
        if self._bytes_left < 0:
            raise RenderError(self._message)


def count_lists(shape: Sequence[int]) -> int:
    """Return how many lists an array becomes: one for each row of each axis but the last."""
    number = 1
    total = 0
    for size in shape:
        total += number
        number *= size
    return total
