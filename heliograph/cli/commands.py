"""The group of all commands, and the function that the shell calls."""

import click

from heliograph import __version__
from heliograph.cli import fit_command, portal_commands, service_commands


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="heliograph %(version)s")
def main() -> None:
    """Analyse astronomical sources by the services of a Heliograph, and write services.

    The address and the token come from HELIOGRAPH_URL and HELIOGRAPH_TOKEN, or from `heliograph login`.
    """


for _command in (*portal_commands.COMMANDS, fit_command.fit_light_curve, service_commands.service_group):
    main.add_command(_command)
