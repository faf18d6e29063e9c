"""What the server takes on, and who may ask: its settings, checked before anything is loaded."""

import ipaddress
import stat
from pathlib import Path

from pydantic import Field, SecretStr

from rerec.errors import SettingsError
from rerec.sections import Section

MIN_KEY_LENGTH = 16
"""Characters; a shorter key could be guessed."""
MAX_TEXT = 2000
"""Characters of one request."""


class ServeSettings(Section):
    """One server."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    """0 takes any that is free."""
    key: SecretStr | None = None
    """What `Authorization: Bearer` must hold; None asks for nothing."""
    other_hosts: tuple[str, ...] = ()
    """Names besides its own under which a server on loopback may be asked, such as a proxy's."""
    max_running: int = Field(1, ge=1)
    """Answers made at a time. A model in this process uses every core for one."""
    max_waiting: int = Field(16, ge=0)
    """Requests that may wait for their turn; the next one is refused (429)."""
    deadline_s: float = Field(120.0, gt=0)
    """From a request to its answer, waiting included; what takes longer is given up (503)."""
    grace_s: float = Field(30.0, ge=0)
    """How long running answers may go on once the server is asked to end."""
    model_retry_s: float = Field(10.0, ge=0)
    """How long a model that failed is left alone before it is asked again."""
    max_body_bytes: int = Field(1 << 17, ge=1)

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine can reach the server.

        >>> ServeSettings().is_on_loopback, ServeSettings(host="0.0.0.0").is_on_loopback
        (True, False)
        """
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name: nobody knows where it leads
            return False


def refuse_open_door(settings: ServeSettings) -> None:
    """Refuse to be reached from outside without a key.

    Raises:
        SettingsError: the host is not on loopback, and there is no key.

    >>> refuse_open_door(ServeSettings(host="0.0.0.0"))
    Traceback (most recent call last):
    ...
    rerec.errors.SettingsError: --host 0.0.0.0 can be reached from other machines, and there is no
    key; add --api-key-file, or stay on 127.0.0.1
    """
    if settings.key is None and not settings.is_on_loopback:
        raise SettingsError(
            f"--host {settings.host} can be reached from other machines, and there is no key;"
            " add --api-key-file, or stay on 127.0.0.1"
        )


def read_key(path: Path) -> tuple[SecretStr, str | None]:
    """The key in a file, without the spaces and line ends around it.

    Returns:
        The key, and a sentence where others may read the file.

    Raises:
        SettingsError: the file cannot be read, or its content can be no key.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
        mode = path.stat().st_mode
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); give a key file") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is no text; write the key there, and nothing else") from None
    if len(text) < MIN_KEY_LENGTH or not text.isascii() or len(text.split()) != 1:
        raise SettingsError(
            f"{path}: holds no key of at least {MIN_KEY_LENGTH} ASCII characters without spaces;"
            " make one with `openssl rand -hex 24`"
        )
    is_open = bool(mode & (stat.S_IRGRP | stat.S_IROTH))
    warning = f"{path}: others on this machine may read the key; `chmod 600 {path}`"
    return SecretStr(text), warning if is_open else None
