"""Options of pictures: kind, scale, format."""

from typing import Any, get_args

from fitter_lambda.output.figure_files import FigureFormat
from fitter_lambda.renderer.option_checks import check_options


def parse_figure_options(options: object, choices: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Check the options of a picture.

    Parameters
    ----------
    options : object
        A mapping of names to words, or None.
    choices : dict of str to tuple
        The words that each option takes, besides ``format``; the first is the default.

    Returns
    -------
    dict
        All options, and ``format``.

    Raises
    ------
    RenderError
        An unknown option or word; the message names the choices.
    """
    choices = choices | {"format": get_args(FigureFormat)}
    checks = {name: (_check_word(words), ", ".join(words)) for name, words in choices.items()}
    return {name: words[0] for name, words in choices.items()} | check_options(options, checks, "options", "option")


def _check_word(words: tuple[str, ...]) -> Any:
    def check(value: Any) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return check
