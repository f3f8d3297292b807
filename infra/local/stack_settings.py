"""Settings of one local stack: its ports, its folders, its environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from infra import PROJECT
from infra.local.local_errors import SettingsError
from infra.local.process_lock import get_lock_holder

STAGE = "local"
REGION = "us-east-1"
ACCOUNT = "000000000000"
EGRESS_ALLOWED_HOSTS = "localhost:*,127.0.0.1:*,[::1]:*"
"""Services on this machine may be called at all ports but the stack's inner ones."""
_STATE_DIR = PROJECT / ".local"


@dataclass(frozen=True)
class StackSettings:
    """Ports and folders of one local stack.

    Attributes
    ----------
    port
        Port of the front door; the emulator and the container functions use the next two.
    state_dir
        Folder of everything that is kept between runs, and of the logs.
    package_dir
        Folder of the packaged app, shared by all stacks of this clone.
    """

    port: int = 5000
    state_dir: Path = _STATE_DIR
    package_dir: Path = _STATE_DIR / "package"

    @property
    def url(self) -> str:
        """Address of the front door."""
        return f"http://localhost:{self.port}"

    @property
    def emulator_port(self) -> int:
        """Port of the emulated AWS."""
        return self.port + 1

    @property
    def emulator_url(self) -> str:
        """Address of the emulated AWS."""
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def containers_port(self) -> int:
        """Port of the container functions."""
        return self.port + 2

    @property
    def containers_url(self) -> str:
        """Address at which the emulator invokes the container functions."""
        return f"http://127.0.0.1:{self.containers_port}"

    @property
    def emulator_dir(self) -> Path:
        """Folder of the emulator's saved state."""
        return self.state_dir / "aws"

    @property
    def token_file(self) -> Path:
        """File with the administrator's token and nothing else."""
        return self.state_dir / "token"

    @property
    def lock_file(self) -> Path:
        """Lock file of the running stack."""
        return self.state_dir / "pid"

    @property
    def log_dir(self) -> Path:
        """Folder of the logs."""
        return self.state_dir / "logs"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read PORT and HELIOGRAPH_LOCAL_DIR.

        Without PORT, use the port of the stack that runs with this state, or 5000.

        Raises
        ------
        SettingsError
            If PORT is not a port, or leaves no room for the two after it.

        Examples
        --------
        >>> StackSettings.from_environment({"PORT": "6000"}).url
        'http://localhost:6000'
        """
        state_dir = Path(environment.get("HELIOGRAPH_LOCAL_DIR") or _STATE_DIR).resolve()
        holder = get_lock_holder(state_dir / "pid")
        text = environment.get("PORT") or str(holder.port if holder else cls.port)
        if not text.isdigit() or not 1024 <= int(text) <= 65533:
            raise SettingsError(
                f"PORT is {text!r}; expected a number from 1024 to 65533 (the two ports after it are "
                "used as well). For example: PORT=6000 make run"
            )
        return cls(port=int(text), state_dir=state_dir)

    def make_egress_environment(self) -> dict[str, str]:
        """Return the variables that say what the functions may call."""
        return {
            "EGRESS_ALLOWED_HOSTS": EGRESS_ALLOWED_HOSTS,
            "EGRESS_REFUSED_PORTS": f"{self.emulator_port},{self.containers_port}",
        }

    def make_function_environment(self) -> dict[str, str]:
        """Return the variables of the API's functions, which the emulator passes on to them."""
        return {"PUBLIC_URL": f"{self.url}/api", **self.make_egress_environment()}

    def make_aws_environment(self) -> dict[str, str]:
        """Return this process's environment, with the emulator as AWS.

        The user's own AWS profile and keys must not reach any process of the local stack.
        """
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return others | {
            "AWS_ENDPOINT_URL": self.emulator_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "HELIOGRAPH_STAGE": STAGE,
        }
