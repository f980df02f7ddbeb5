"""Our own PostgreSQL: found, made, started and stopped below `var/`, on a Unix socket only."""

import contextlib
import locale
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

from launch import pair, tether, var
from launch.binaries import Binaries, binaries
from launch.lodging import SOCKET, Lodging
from launch.voice import Refused

ADMIN = "simpul_admin"

SETTINGS = {
    # Small: a demo runs beside everything else on one laptop.
    "shared_buffers": "32MB",
    "max_connections": "60",
    "work_mem": "2MB",
    "maintenance_work_mem": "16MB",
    "jit": "off",
    "huge_pages": "off",
    "max_parallel_workers_per_gather": "0",
    "autovacuum": "on",
    "autovacuum_max_workers": "1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    # Closed: no network, passwords also on the socket.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    # Quiet: start, stop and crash are logged, never a statement, a parameter or a row.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "log_line_prefix": "%t [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
FROM_18 = {"io_method": "sync"}  # three processes fewer
# The environment of PostgreSQL's own programs.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
FORGETFUL = {"fsync": "off", "full_page_writes": "off"}


class Cluster:
    """One PostgreSQL below `folder`: data in `pg/`, socket in `run/`, log in `log/`.

    `durable=False` is for tests and for what is still being built: fast, and it survives `kill -9`
    but no power cut.
    """

    def __init__(
        self, folder: Path, durable: bool = True, paired: pair.Pair | None = None
    ) -> None:
        self.folder = folder
        self.durable = durable
        self.paired = paired
        self.lodging = Lodging(folder)
        self.process: subprocess.Popen[bytes] | None = None

    def address(self) -> dict[str, str]:
        """Where the database is, as variables for config/settings.py and for libpq.

        Of two machines each is tried, and whichever takes writes is the one.
        """
        both = {}
        if self.paired:
            said = pair.encrypted(self.folder)
            both = {"PGTARGETSESSIONATTRS": "read-write"}
            both |= {f"PG{name.upper()}": value for name, value in said.items()}
        return {
            "SIMPUL_DATABASE_HOST": ",".join(
                [str(self.lodging.run), *([self.paired.peer] if self.paired else [])]
            ),
            "SIMPUL_DATABASE_PORT": "",
            "SIMPUL_DATABASE_NAME": "simpul",
            **both,
        }

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, patience: float = 60) -> None:
        """Start, and return when connections are accepted; what a crash left is tidied first."""
        var.make(self.folder)
        self.lodging.settle()
        data, run = self.lodging.data, self.lodging.run
        has = data / "PG_VERSION"
        software = self.lodging.reach(binaries(int(has.read_text()) if has.exists() else None))
        if not has.exists():
            self._initialise(software)
        self._tidy()
        settings = {**SETTINGS, "unix_socket_directories": str(run)}
        if self.paired:
            self._stay_shut()
            settings |= self.paired.settings(self.folder, self._write_files())
        if software.version >= 18:
            settings |= FROM_18
        if not self.durable:
            settings |= FORGETFUL
        words = [str(software.folder / "postgres"), "-D", str(data)]
        words += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log" / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                tether.command(words, signal.SIGINT, self.lodging.account),
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + patience
        while not self._ready(self.process.pid):
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise Refused(
                    f"PostgreSQL belum bisa mulai. Lihat {self.folder}/log/postgres.log.",
                    f"PostgreSQL did not start. See {self.folder}/log/postgres.log.",
                )
            time.sleep(0.05)

    def follow(self) -> None:
        """Start as the follower of the other machine; what is not a copy of it yet becomes one."""
        assert self.paired
        var.make(self.folder)
        self.lodging.settle()
        if not self.follows():
            self._copy()
        self.start()

    def follows(self) -> bool:
        """Whether our data are those of a follower that nobody has promoted."""
        return (self.lodging.data / "standby.signal").exists()

    def overtaken(self) -> bool:
        """Whether the other machine leads now, and our data are those of who led before."""
        data = self.lodging.data
        if not self.paired or self.follows() or not (data / "PG_VERSION").exists():
            return False
        seen = pair.look(self.paired, self.folder)
        if not seen or not seen.leads:
            return False
        software = self.lodging.reach(binaries(int((data / "PG_VERSION").read_text())))
        return seen.timeline > self._timeline(software)

    def _stay_shut(self) -> None:
        """Whoever led before takes no writes again, and does not even answer."""
        if self.overtaken():
            raise Refused(
                "Mesin lain sudah memimpin. Di sini jalankan ./simpul standby.",
                "The other machine leads now. Here, run ./simpul standby.",
            )

    def _copy(self) -> None:
        """Copy the leader's data; data of our own from before are kept beside it."""
        assert self.paired
        data, account = self.lodging.data, self.lodging.account
        draft, before = data.with_name("draft"), data.with_name("before")
        had = (data / "PG_VERSION").exists()
        if had and (before.exists() or not self.overtaken()):
            raise Refused(
                f"Di {data} ada data lain. Pindahkan dulu; tidak ada yang dihapus.",
                f"{data} holds other data (or {before} does). Move it first; nothing is erased.",
            )
        self._tidy()
        shutil.rmtree(draft, ignore_errors=True)
        beside = self._write_files()
        software = self.lodging.reach(binaries())
        words = [str(software.folder / "pg_basebackup"), "-D", str(draft), "-w", "-X", "stream"]
        words += ["-c", "fast", "-d", self.paired.way(self.folder, beside)]
        done = subprocess.run(
            tether.command(words, account=account),
            cwd="/",
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise Refused(
                f"Belum bisa menyalin dari {self.paired.peer}. Jalankan ./simpul up di sana.",
                f"pg_basebackup says: {done.stderr.strip()}",
            )
        (draft / "standby.signal").touch()
        if had:
            data.rename(before)
        draft.rename(data)

    def _write_files(self) -> Path:
        """Write what PostgreSQL reads beside its data, for its user alone; give back the folder."""
        assert self.paired
        beside, account = self.lodging.data.parent, self.lodging.account
        for name, text in self.paired.files(self.folder).items():
            path = beside / name
            path.unlink(missing_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
            if account:
                os.chown(path, account.uid, account.gid)
        return beside

    def _timeline(self, software: Binaries) -> int:
        """How often somebody was promoted, as our data know it."""
        words = [str(software.folder / "pg_controldata"), "-D", str(self.lodging.data)]
        done = subprocess.run(
            tether.command(words, account=self.lodging.account),
            cwd="/",
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
        (line,) = [x for x in done.stdout.splitlines() if "checkpoint's TimeLineID" in x]
        return int(line.split()[-1])

    def alive(self) -> bool:
        """Whether the server that we started still runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self, patience: float = 5) -> None:
        """Stop: clients are cut off, everything committed is on disk."""
        if self.process is None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self.process.send_signal(number)
            try:
                self.process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        self.lodging.leave()

    def sync(self) -> None:
        """Bring what a forgetful cluster wrote to disk, once it is stopped."""
        data = self.lodging.data
        software = self.lodging.reach(binaries(int((data / "PG_VERSION").read_text())))
        words = [str(software.folder / "initdb"), "--sync-only", "-D", str(data)]
        done = subprocess.run(
            tether.command(words, account=self.lodging.account),
            cwd="/",
            env=ENVIRONMENT,
            capture_output=True,
        )
        if done.returncode:
            raise Refused("Basis data belum tersimpan di disk.", "The data is not on disk yet.")

    def remove(self) -> None:
        """Stop, and erase the data wherever it lies."""
        self.stop()
        self.lodging.remove()

    def _initialise(self, software: Binaries) -> None:
        """Make the data folder: all of it, or nothing that a later start would trust."""
        data, account = self.lodging.data, self.lodging.account
        draft, password = data.with_name("draft"), data.with_name("password")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            password.touch(mode=0o600)
            if account:
                os.chown(password, account.uid, account.gid)
            password.write_text(var.secret(self.folder, "db-admin"))
            words = [str(software.folder / "initdb"), "-D", str(draft), "-U", ADMIN]
            words += ["--data-checksums", "--encoding=UTF8", *_locale(), "--no-instructions"]
            words += ["--auth-local=scram-sha-256", "--auth-host=reject", f"--pwfile={password}"]
            if not self.durable:
                words.append("--no-sync")
            done = subprocess.run(
                tether.command(words, account=account),
                cwd="/",
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
            )
        finally:
            password.unlink(missing_ok=True)
        if done.returncode:
            raise Refused("Basis data belum bisa dibuat.", f"initdb says: {done.stderr.strip()}")
        draft.rename(data)

    def _tidy(self) -> None:
        """End what still runs on our data, then remove what only its dead would have removed.

        A dead server leaves its process id behind, and by now that id may be somebody else's.
        """
        if not Path("/proc/self").exists():
            return  # PostgreSQL's own checks have to do
        until = time.monotonic() + 10
        while residents := self._residents():
            late = time.monotonic() > until
            for pid in residents:
                # The server stops its own; processes without a server end by themselves.
                if late or pid == self._known_pid():
                    _kill(pid, signal.SIGKILL if late else signal.SIGINT)
            time.sleep(0.1)
        run = self.lodging.run
        for path in (self._status_file, run / SOCKET, run / f"{SOCKET}.lock"):
            path.unlink(missing_ok=True)

    def _residents(self) -> list[int]:
        """Every PostgreSQL process that works in our data folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "comm").read_text().strip() != "postgres":
                    continue
                if (process / "cwd").readlink() == self.lodging.data:
                    found.append(int(process.name))
            except OSError:
                continue  # it ended, or it is not ours to look at
        return found

    @property
    def _status_file(self) -> Path:
        return self.lodging.data / "postmaster.pid"

    def _known_pid(self) -> int:
        lines = self._status()
        return int(lines[0]) if lines else 0

    def _ready(self, pid: int) -> bool:
        lines = self._status()
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _status(self) -> list[str]:
        """The lines of postmaster.pid: process id first, state of the server eighth."""
        try:
            return self._status_file.read_text().splitlines()
        except OSError:
            return []


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _locale() -> list[str]:
    """Sorted by bytes, which no update of the system changes; letters known where possible."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        return ["--locale=C", "--lc-ctype=C.UTF-8"]
    except locale.Error:
        return ["--locale=C"]
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
