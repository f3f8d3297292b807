"""The command line: ``python -m heliograph``."""

from heliograph.cli.commands import main

if __name__ == "__main__":
    main(prog_name="heliograph")
