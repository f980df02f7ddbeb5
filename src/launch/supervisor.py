"""`./simpul up` and `demo`: database, doors and worker, started, watched, stopped in order.

It imports nothing of the product, so that it stays small beside what it watches.
"""

import os
import socket
import time
from pathlib import Path

from config import journal
from launch import address, control, metrics, pair, tether, var
from launch.lodging import Lodging
from launch.postgres import Cluster
from launch.processes import Program, environment, python
from launch.voice import Refused, say
from launch.wakeups import END, Signals
from launch.watching import Watched, end

DOORS = {
    "public": ("Pintu umum", "The public door"),
    "workspace": ("Ruang kerja", "The workspace"),
}
DATABASE = ("Basis data", "The database")
PRODUCT = ("Pintu dan pekerja", "Doors and worker")
PATIENCE = 30  # seconds for the doors to open
AGAIN = 60  # seconds until an upgrade that broke off is tried again


class Ended(Exception):
    """Somebody asked us to end while we were starting."""


def run(verb: str, *, host: str, port: int) -> int:
    """Serve until Ctrl-C, as the verb says; give back the exit code."""
    tether.harden()
    place = var.folder()
    if verb == "standby" and not (place / "secrets" / "instance").exists():
        raise Refused(
            f"Salin map secrets dari mesin pertama ke {place} dulu.",
            f"Copy the folder secrets of the first machine into {place} first.",
        )
    var.make(place)
    with Signals() as signals, var.held(place):
        var.claim(place, "demo" if verb == "demo" else "real")
        supervisor = Supervisor(place, signals)
        try:
            supervisor.open(verb, host, port)
            supervisor.watch()
        except Ended:
            pass
        finally:
            supervisor.close()
    return 0


class Supervisor:
    """Everything that runs for one instance."""

    def __init__(self, place: Path, signals: Signals) -> None:
        self.place, self.signals = place, signals
        self.lodging = Lodging(place)
        self.cluster: Cluster | None = None
        self.listeners: list[socket.socket] = []
        self.product: Program | None = None
        self.metrics: socket.socket | None = None

    def open(self, verb: str, host: str, port: int) -> None:
        """Bring everything up, in the order in which one thing needs the other."""
        for offset in range(len(DOORS)):
            self.listeners.append(_bind(host, port + offset if port else 0))
        if asked := os.environ.get("SIMPUL_METRICS_PORT"):
            self.metrics = _bind("127.0.0.1", int(asked))
            self.metrics.listen()
        follows = verb == "standby"
        database = self._open_database(follows)
        owner = environment(self.place, "owner", database)
        say("Menyiapkan basis data", "Preparing the database")
        administrator = owner | {k: v for k, v in os.environ.items() if k == "DATABASE_URL"}
        if not follows:  # else the leader has done it
            self._finish(administrator, "launch.roles")
        self._finish(owner, "launch.catalogues", "compile")
        self._finish(owner, "django", "collectstatic", "--noinput", "--verbosity", "0")
        if not follows:
            self._prepare(owner, database)
            self._finish(owner, "django", "demo" if verb == "demo" else "first_day")
        self._close_doors()
        self._open_doors(database)
        self._note("supervisor.opened")
        say("Hentikan dengan Ctrl-C", "Stop with Ctrl-C")

    def _prepare(self, owner: dict[str, str], database: dict[str, str]) -> None:
        """Bring the database to this version; where people were served before, doors read meanwhile.

        Should it break off then, the doors stay open for reading and it is tried again: the numbers
        to call are worth more than an instance that is all or nothing.
        """
        upgrading = self.place / "upgrading"
        upgrading.unlink(missing_ok=True)  # of a start that was killed
        while True:
            program = Program(python("django", "prepare"), owner)
            program.start()
            try:
                while program.alive():
                    if upgrading.exists() and not self.product:
                        self._note("supervisor.upgrading")
                        say("Memperbarui; pintu hanya membaca", "Upgrading; the doors only read")
                        self._open_doors(database | {"SIMPUL_UPGRADING": "yes"}, "--reading")
                    self._keep_doors()
                    self._pause(0.2)
            except BaseException:
                end([program], 3)
                raise
            if program.done():
                break
            if not upgrading.exists():
                raise _unfinished("django prepare")
            self._note("supervisor.upgrade_broke_off")
            say("Belum diperbarui; dicoba lagi", "Not upgraded yet; trying again")
            until = time.monotonic() + AGAIN
            while time.monotonic() < until:
                self._keep_doors()
                self._pause(1)
        upgrading.unlink(missing_ok=True)

    def _note(self, event: str) -> None:
        journal.note(self.place / "log" / "supervisor.log", event)

    def _keep_doors(self) -> None:
        if self.product and not self.product.alive():
            self.product.start()

    def _close_doors(self) -> None:
        """End the doors that only read; whoever calls waits at the sockets, which stay open."""
        if self.product:
            end([self.product], 12)
            self.product = None

    def _open_doors(self, database: dict[str, str], *more: str) -> None:
        say("Membuka pintu", "Opening the doors")
        fds = []
        words = ["launch.nursery", *more]
        for door, listener in zip(DOORS, self.listeners, strict=True):
            listener.listen(1024)  # from now on whoever calls waits, also while a door restarts
            fds.append(listener.fileno())
            words += [f"--{door}", str(listener.fileno())]
        # Which door a process is, the nursery tells it.
        surroundings = environment(self.place, "worker", database)
        self.product = Program(python(*words), surroundings, fds)
        self.product.start()
        for door, listener in zip(DOORS, self.listeners, strict=True):
            self._wait_for(door)
            say(f"{DOORS[door][0]}: {_url(listener)}", f"{DOORS[door][1]}: {_url(listener)}")

    def watch(self) -> None:
        """Start again what dies, until somebody asks us to end."""
        watched = []
        if self.cluster:
            watched.append(Watched(DATABASE, self.cluster))
        if self.product:
            watched.append(Watched(PRODUCT, self.product))
        while True:
            self._yield_the_lead()
            for each in watched:
                if each.look():
                    self._note("supervisor.started_again")
            journal.rotate(self.place / "log")
            self._pause(1)

    def _yield_the_lead(self) -> None:
        """Where the other machine leads now, our database is stopped and the doors go there."""
        if self.cluster and self.cluster.alive() and self.cluster.overtaken():
            say("Mesin lain memimpin sekarang", "The other machine leads now")
            self.cluster.stop(2)

    def close(self) -> None:
        """Stop web, then worker, then database, within 15 seconds. Further signals wait."""
        self._note("supervisor.stopping")
        say("Berhenti dengan rapi", "Stopping in order")
        for listener in self.listeners:
            listener.close()
        if self.product:
            end([self.product], 12)
        if self.cluster:
            self.cluster.stop(2)
        self.lodging.leave()
        say("Selesai", "Done")

    def _open_database(self, follows: bool) -> dict[str, str]:
        if url := os.environ.get("DATABASE_URL"):
            self.lodging.settle_run(self.place)
            return address.of_url(url)
        self.cluster = Cluster(self.place, paired=pair.wanted() if follows else pair.configured())
        if follows:
            self.cluster.follow()
        elif self.cluster.follows():
            raise Refused(
                "Mesin ini mengikuti mesin lain. Jalankan ./simpul standby.",
                "This machine follows the other one. Run ./simpul standby.",
            )
        else:
            self.cluster.start()
        return self.cluster.address()

    def _pause(self, seconds: float) -> None:
        """Wait a little, or less when a child ends; leave when we are asked to."""
        came, asked = self.signals.wait(seconds, [self.metrics] if self.metrics else [])
        if asked and self.metrics:
            metrics.answer(self.metrics, self.place)
        if came & END:
            raise Ended

    def _finish(self, surroundings: dict[str, str], *words: str) -> None:
        """Run one step to its end."""
        program = Program(python(*words), surroundings)
        program.start()
        try:
            while program.alive():
                self._pause(1)
        except Ended:
            end([program], 3)
            raise
        if not program.done():
            raise _unfinished(" ".join(words[:2]))

    def _wait_for(self, door: str) -> None:
        """Return when the door's parent has forked the processes that serve."""
        until = time.monotonic() + PATIENCE
        while not control.answers(self.place, door):
            if time.monotonic() > until or not (self.product and self.product.alive()):
                log = self.place / "log" / f"{door}.log"
                print(*log.read_text().splitlines()[-12:], sep="\n")
                raise Refused(f"{DOORS[door][0]} belum terbuka: {log}", f"See {log}.")
            self._pause(0.2)


def _unfinished(step: str) -> Refused:
    return Refused(f"Langkah ini belum selesai: {step}", f"This step did not finish: {step}")


def _bind(host: str, port: int) -> socket.socket:
    """Bind a port once; it stays ours while the door behind it is started again."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise Refused(f"Alamat {host} tidak dikenal.", f"{host} is no address.") from None
    until = time.monotonic() + 3
    while True:
        listener = socket.socket(found[0], found[1])
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(found[4])
            return listener
        except OSError as error:
            listener.close()
            # What an instance left that was killed a moment ago is about to close it.
            if time.monotonic() > until:
                raise Refused(
                    f"Port {port} belum bisa dipakai ({error.strerror}). Coba --port yang lain.",
                    f"Port {port} cannot be used ({error.strerror}). Try another --port.",
                ) from None
            time.sleep(0.1)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
