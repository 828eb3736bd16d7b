"""A cluster of real daemons on the loopback addresses of this machine, for tests."""
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CARTWHEEL_BUILD", ROOT / "build"))
DAEMON = BUILD / "node" / "cartwheeld"
TOOL = BUILD / "node" / "cartwheel"
REGION = "us-east-1"
ONCE = {"mode": "standard", "total_max_attempts": 1}  # retries of a client that does not try again
# What a log must not hold: calls for help (failed assertions too), findings of sanitizers.
ALARMS = ("level=error", "Sanitizer", "runtime error")


def free_port(host):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def clean_environment(**extra):
    """This process's environment without what would configure the daemon or an AWS client."""
    kept = {
        name: value for name, value in os.environ.items()
        if not name.startswith(("CARTWHEEL_", "AWS_"))
    }
    return {**kept, **extra}


def wait_until(condition, seconds, what):
    """Polls `condition` until it returns something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def boto(url, kind="client", **options):
    """boto3's client or resource for an endpoint."""
    session = boto3.session.Session(
        aws_access_key_id=options.pop("key", "any"),
        aws_secret_access_key=options.pop("secret", "any"), region_name=REGION,
    )
    retries = options.pop("retries", {"mode": "standard", "max_attempts": 8})
    config = Config(connect_timeout=3, read_timeout=15, retries=retries, **options)
    return getattr(session, kind)("dynamodb", endpoint_url=url, config=config)


class Node:
    """One daemon: its directory, its ports, and its process while it runs."""

    def __init__(self, cluster, number):
        cluster.made.append(self)
        self.cluster = cluster
        self.number = number
        self.name = f"node{number}"
        self.host = f"127.0.0.{number}"
        self.port = free_port(self.host)
        self.peer_port = free_port(self.host)
        self.home = cluster.home / self.name
        self.home.mkdir()
        self.log = self.home / "log"
        self.process = None
        self.program = DAEMON
        self.settings = {}  # beside those of the cluster
        self.environment = {}

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def arguments(self):
        settings = {
            "name": self.name, "data": self.home / "data", "listen": f"{self.host}:{self.port}",
            "secret_file": self.cluster.home / "secret", "cluster": "test", **self.place(),
            **self.cluster.settings, **self.settings,
        }
        return [word for key, value in settings.items() for word in (f"--{key}", str(value))]

    @property
    def peer_address(self):
        return f"{self.host}:{self.peer_port}"

    def place(self):
        """Settings that say how it becomes a member."""
        first = self.cluster.first
        if self in first:
            return {"initial_members": ",".join(f"{n.name}={n.peer_address}" for n in first)}
        seeds = [node.peer_address for node in self.cluster.nodes if node is not self]
        return {"join": ",".join(seeds), "advertise": self.peer_address}

    def start(self):
        assert self.process is None
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(self.program), *self.arguments()], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=clean_environment(**self.environment), start_new_session=True,
            )

    def get(self, path, timeout=5, headers=None):
        """Status and body of a GET."""
        request = urllib.request.Request(self.url + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def admin(self, name):
        status, body = self.get(f"/-/{name}", headers=self.signature(f"/-/{name}"))
        assert status == 200, body
        return json.loads(body)

    def signature(self, path):
        """Headers that sign a GET, if the cluster has a key."""
        settings = self.cluster.settings
        if "access_key_id" not in settings:
            return {}
        keys = Credentials(settings["access_key_id"], settings["secret_access_key"])
        request = AWSRequest("GET", self.url + path)
        SigV4Auth(keys, "dynamodb", REGION).add_auth(request)
        return dict(request.headers)

    def sees_all(self):
        """Whether it serves, and has a link to each member that runs."""
        assert self.process.poll() is None, f"{self.name} stopped:\n{self.log.read_text()[-2000:]}"
        try:
            members = self.admin("status")["members"]
        except OSError:
            return False
        running = {node.name for node in self.cluster.nodes if node.process is not None}
        return all(
            member["linked"] and member["status"] == "alive"
            for member in members if member["name"] in running
        )

    def stop(self, number=signal.SIGTERM, seconds=30):
        """Sends the signal, waits, and returns the exit code."""
        process, self.process = self.process, None
        process.send_signal(number)
        return process.wait(seconds)

    def kill(self):
        self.stop(signal.SIGKILL)

    def boto(self, kind="client", **options):
        return boto(self.url, kind, **options)

    def errors(self):
        """Lines by which the node says that someone must act."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [line for line in lines if any(mark in line for mark in ALARMS)]


class Cluster:
    """Nodes that are started together. Use it in a `with`: it stops them and deletes their data."""

    running = []  # clusters whose logs a failed test shows
    logs_left = {}  # of clusters that an exception ended, until a report has shown them

    def __init__(self, nodes=3, **settings):
        self.settings = settings
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="cartwheel-"))
        secret = self.home / "secret"
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_hex(32))
        self.made = []  # all nodes there ever were; what of them runs is stopped at the end
        self.nodes = []
        self.spares = []
        for number in range(1, nodes + 1):
            self.nodes.append(Node(self, number))
        self.first = list(self.nodes)  # those that are born with it

    def __enter__(self):
        Cluster.running.append(self)
        try:
            for node in self.nodes:
                node.start()
            self.wait_ready()
        except BaseException as error:
            self.__exit__(type(error))
            raise
        return self

    def __exit__(self, error, *_):
        Cluster.running.remove(self)
        for node in self.made:
            if node.process is not None:
                node.kill()
        if error is not None:
            Cluster.logs_left.update(self.log_tails())
        shutil.rmtree(self.home, ignore_errors=True)

    def wait_ready(self, seconds=30):
        for node in self.nodes:
            if node.process is not None:
                wait_until(node.sees_all, seconds, f"{node.name} linked to all that run")

    def log_tails(self, lines=40):
        """The last lines of each node's log."""
        return {
            f"log of {node.name}": "\n".join(
                node.log.read_text(errors="replace").splitlines()[-lines:])
            for node in self.nodes if node.log.exists()
        }

    def errors(self):
        return [f"{node.name}: {line}" for node in self.nodes for line in node.errors()]

    def hints_pending(self):
        return sum(node.admin("hints")["hints_pending"] for node in self.nodes)

    def make_spares(self, count):
        """Nodes that may join later."""
        for _ in range(count):
            self.spares.append(Node(self, len(self.nodes) + len(self.spares) + 1))

    def add(self, **settings):
        """A node that joins; started."""
        if not self.spares:
            self.make_spares(1)
        node = self.spares.pop(0)
        node.settings.update(settings)
        self.nodes.append(node)
        node.start()
        return node

    def wait_changed(self, seconds=120):
        """Until nothing of the ring is under way, for any node."""
        running = [node for node in self.nodes if node.process is not None]
        wait_until(lambda: not any(node.admin("ring")["change"]["under_way"] for node in running)
                   and len({node.admin("ring")["epoch"] for node in running}) == 1,
                   seconds, "the change of the ring is over")


def tool(node, *arguments, **environment):
    """Runs `cartwheel` against a node (or none); a CompletedProcess with text output."""
    endpoint = ["--endpoint", node.url] if node is not None else []
    return subprocess.run(
        [str(TOOL), *endpoint, *arguments], capture_output=True, text=True, timeout=60,
        env=clean_environment(**environment),
    )
