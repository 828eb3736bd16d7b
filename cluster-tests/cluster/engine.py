"""A Docker engine for tests: the one that answers, or one that is started for them."""
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from cluster import ROOT, clean_environment

# Layers are kept here from run to run; they are all that makes a second run fast.
CACHE = pathlib.Path(os.environ.get("ENGINE_CACHE", "/var/tmp/cartwheel-engine"))
OWN_BASE = "cartwheel-test-base:bookworm"
PUBLIC_BASE = "debian:bookworm-slim"


class EngineMissing(Exception):
    """There is no engine, and none can be started: why."""


class Engine:
    """Use it in a `with`: what was started is stopped, and nothing stays mounted."""

    def __init__(self):
        self.own = False  # started by us
        self.home = None  # the directory of all that is not kept
        self.process = None
        self.lock = None
        self.environment = clean_environment()

    def __enter__(self):
        if shutil.which("docker") is None:
            raise EngineMissing("docker is not installed")
        if self.answers():
            return self
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.stop()
        if self.home is not None:
            unmount_below(self.home, CACHE / "data")
            shutil.rmtree(self.home, ignore_errors=True)
        if self.lock is not None:
            self.lock.close()

    def docker(self, *arguments, seconds=60, check=True):
        """Runs the client; its output."""
        result = subprocess.run(
            ["docker", *arguments], env=self.environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=seconds,
        )
        assert not check or result.returncode == 0, (result.stdout + result.stderr)[-4000:]
        return result.stdout.strip()

    def answers(self):
        try:
            return self.docker("version", "--format", "{{.Server.Version}}", seconds=10,
                               check=False) != ""
        except subprocess.TimeoutExpired:
            return False

    def start(self):
        missing = [name for name in ("dockerd", "debootstrap") if shutil.which(name) is None]
        if os.geteuid() != 0:
            raise EngineMissing("no engine answers, and only root can start one")
        if missing:
            raise EngineMissing(f"no engine answers, and {' and '.join(missing)} is not installed")
        self.own = True
        self.take_lock(300)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="cartwheel-engine-", dir="/var/tmp"))
        self.environment.update(
            DOCKER_HOST=f"unix://{self.home}/socket",
            # The client's plugins for BuildKit may be missing; the engine's own builder is not.
            DOCKER_BUILDKIT="0", COMPOSE_DOCKER_CLI_BUILD="0",
        )
        with open(self.home / "log", "wb") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise EngineMissing("dockerd does not start: " + self.last_words())
            time.sleep(0.2)

    def command(self):
        # The machine's own bridges, packet filters and routing are left as they are: containers
        # reach each other on networks of their own, and proxies forward their ports.
        return [
            "dockerd", "--data-root", str(CACHE / "data"), "--exec-root", str(self.home / "exec"),
            "--pidfile", str(self.home / "pid"), "-H", f"unix://{self.home}/socket",
            "--bridge", "none", "--iptables=false", "--ip-masq=false", "--ip-forward=false",
        ]

    def take_lock(self, seconds):
        """One engine at a time can use the kept layers."""
        CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.lock = open(CACHE / "lock", "w", encoding="ascii")
        deadline = time.monotonic() + seconds
        while True:
            try:
                return fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                assert time.monotonic() < deadline, f"somebody else uses {CACHE}"
                time.sleep(0.5)

    def last_words(self):
        lines = (self.home / "log").read_text(errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def base(self):
        """The name of an image of Debian 12, made here if the engine is ours."""
        if not self.own:
            return PUBLIC_BASE
        if self.docker("images", "-q", OWN_BASE) == "":
            self.make_base()
        return OWN_BASE

    def make_base(self):
        """As small as the public one. It carries this machine's way to the archive."""
        mirror = output_of("bash", "-c", '. "$0"; debian_archive',
                           str(ROOT / "deploy" / "install-packages.sh")).split()
        if not mirror:
            raise EngineMissing("no source of Debian 12's packages in /etc/apt to make an image of")
        root = self.home / "base"
        output_of("debootstrap", "--variant=minbase", "bookworm", str(root), mirror[0])
        for directory in ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc",
                          "usr/share/man", "usr/share/locale", "var/log"):
            shutil.rmtree(root / directory)
            (root / directory).mkdir()
        (root / "etc/apt/apt.conf.d/90machine").write_text(output_of("apt-config", "dump", "Acquire"))
        archive = self.home / "base.tar"
        output_of("tar", "-C", str(root), "-cf", str(archive), ".")
        self.docker("import", str(archive), OWN_BASE, seconds=120)
        shutil.rmtree(root)
        archive.unlink()


def output_of(*command, seconds=400):
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            timeout=seconds, env=clean_environment())
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    return result.stdout


def unmount_below(*directories):
    """What a killed engine has left mounted; the innermost first."""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        points = [line.split()[1] for line in mounts]
    for point in reversed(points):
        if any(point.startswith(f"{directory}/") for directory in directories):
            subprocess.run(["umount", "-l", point], check=False, capture_output=True, timeout=30)
