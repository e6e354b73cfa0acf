"""The stored login: one file that only its owner can read."""

import contextlib
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from guildhall.client.failures import NotLoggedIn

FOLDER_MODE = 0o700
FILE_MODE = 0o600


class Login(msgspec.Struct, frozen=True):
    """A token, and the server that gave it; it is sent nowhere else."""

    server: str
    token: str


@dataclass(frozen=True)
class LoginFile:
    """Where the login lies."""

    path: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "LoginFile":
        """Return the file that the desktop's rule names; a relative XDG_CONFIG_HOME counts as none, as it says."""
        config = Path(environ.get("XDG_CONFIG_HOME", ""))
        folder = config if config.is_absolute() else Path.home() / ".config"
        return cls(folder / "guildhall" / "login.json")

    def read(self) -> Login:
        """Return the login. Raises NotLoggedIn when there is none, none that can be read, or one that others can."""
        try:
            with self.path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                content = file.read()
        except FileNotFoundError:
            raise NotLoggedIn("You are not logged in; `login` does it") from None
        except OSError as fault:
            raise NotLoggedIn(f"The login in {self.path} cannot be read: {fault.strerror}") from fault
        if mode & ~FILE_MODE:
            # Whoever else could read it may have done so: its owner should know, and decide.
            raise NotLoggedIn(
                f"Others may read the login in {self.path} (mode {mode:04o}); "
                f"log in again, or run `chmod 600 {self.path}` if you trust them all"
            )
        try:
            return msgspec.json.decode(content, type=Login)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise NotLoggedIn(f"The login in {self.path} is broken ({fault}); `login` makes a new one") from fault

    def make_folder(self) -> None:
        """Make the folder, for the owner alone. Raises NotLoggedIn where it cannot be written."""
        folder = self.path.parent
        try:
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            folder.chmod(FOLDER_MODE)
        except OSError as fault:
            raise NotLoggedIn(f"No login can be kept in {folder}: {fault.strerror}") from fault

    def write(self, login: Login) -> None:
        """Keep a login in place of an older one, whole or not at all. Raises NotLoggedIn when the disk refuses."""
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(login) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as fault:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()
            raise NotLoggedIn(f"No login can be kept in {self.path}: {fault.strerror}") from fault

    def forget(self) -> None:
        """Remove the login, if there is one."""
        self.path.unlink(missing_ok=True)
