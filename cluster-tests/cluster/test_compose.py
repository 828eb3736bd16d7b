"""deploy/Dockerfile and deploy/compose.yaml: built, brought up, broken, healed and taken down."""
import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from ipaddress import ip_address

import boto3
from botocore.config import Config
import pytest

from cluster import REGION, ROOT, clean_environment, free_port, wait_until
from conftest import create_table, not_tested
from engine import Engine, EngineMissing

pytestmark = pytest.mark.timeout(900)

COMPOSE_FILE = ROOT / "deploy" / "compose.yaml"
NODES = ("node1", "node2", "node3")
KEYS = {
    "CARTWHEEL_SECRET": "of the cluster, in tests", "CARTWHEEL_ACCESS_KEY_ID": "ada",
    "CARTWHEEL_SECRET_ACCESS_KEY": "lovelace",
}
IMAGE_MB_MAX = 130
# An engine started by the tests has no bridge: builds use this machine's network.
HOST_NETWORK = "services:\n" + "".join(
    f"  {node}:\n    build:\n      network: host\n" for node in NODES)


def compose_command():
    if shutil.which("docker-compose") is not None:
        return ["docker-compose"]
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False,
                            timeout=20) if shutil.which("docker") is not None else None
    if plugin is None or plugin.returncode != 0:
        not_tested("Compose", "neither docker-compose nor docker compose is installed")
    return ["docker", "compose"]


class Deployment:
    """compose.yaml as a project of its own, on free ports. Use it in a `with`."""

    def __init__(self, engine, directory):
        self.engine = engine
        self.project = f"cartwheel-test-{uuid.uuid4().hex[:8]}"
        self.ports = [free_port("127.0.0.1") for _ in NODES]
        self.files = ["-f", str(COMPOSE_FILE)]
        if engine.own:
            (directory / "network.yaml").write_text(HOST_NETWORK)
            self.files += ["-f", str(directory / "network.yaml")]
        self.command = compose_command()
        self.environment = {
            **engine.environment, **KEYS, "CARTWHEEL_IMAGE": "cartwheel-test",
            "CARTWHEEL_BASE": engine.base(), "COMPOSE_PARALLEL_LIMIT": "4",
            **{f"CARTWHEEL_PORT_{k}": str(port) for k, port in enumerate(self.ports, 1)},
        }

    def __enter__(self):
        try:
            self.build()
            self.compose("up", "-d", "--no-build")
            self.wait_healthy()
        except BaseException:
            print(self.compose("logs", "--tail", "40", check=False).stdout)
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.compose("down", "-v", "--timeout", "10", check=False)
        if self.engine.own:
            self.engine.docker("system", "prune", "-f", "--filter", "until=24h", seconds=120)

    def build(self):
        started = time.monotonic()
        # Its name keeps the layer with the compiler from being pruned.
        if self.engine.own:
            self.engine.docker(
                "build", "-q", "--network", "host", "--build-arg", f"BASE={self.engine.base()}",
                "--target", "packages", "-t", "cartwheel-test-packages", "-f",
                str(ROOT / "deploy" / "Dockerfile"), str(ROOT), seconds=600)
        self.compose("build", seconds=600)
        print(f"image built in {time.monotonic() - started:.0f} s")

    def compose(self, *arguments, seconds=120, check=True):
        result = subprocess.run(
            [*self.command, "-p", self.project, *self.files, *arguments], env=self.environment,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds,
        )
        assert not check or result.returncode == 0, (result.stdout + result.stderr)[-4000:]
        return result

    def container(self, node):
        return self.compose("ps", "-aq" if self.command[0] == "docker" else "-q",
                            node).stdout.strip()

    def inspect(self, node):
        return json.loads(self.engine.docker("inspect", self.container(node)))[0]

    def address(self, node):
        (network,) = self.inspect(node)["NetworkSettings"]["Networks"].values()
        return network["IPAddress"]

    def tool(self, node, *arguments):
        return self.compose("exec", "-T", node, "cartwheel", *arguments, check=False)

    def sees_all(self, node):
        return self.tool(node, "status").returncode == 0

    def wait_healthy(self):
        for node in NODES:
            wait_until(lambda: self.inspect(node)["State"]["Health"]["Status"] == "healthy", 60,
                       f"the engine finds {node} healthy")
            wait_until(lambda: self.sees_all(node), 60, f"{node} linked to all")

    def hints_pending(self):
        return sum(json.loads(self.tool(node, "--json", "hints").stdout)["hints_pending"]
                   for node in NODES)

    def boto(self, node):
        return boto3.client(
            "dynamodb", endpoint_url=f"http://127.0.0.1:{self.ports[NODES.index(node)]}",
            region_name=REGION, aws_access_key_id=KEYS["CARTWHEEL_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["CARTWHEEL_SECRET_ACCESS_KEY"],
            config=Config(connect_timeout=3, read_timeout=15,
                          retries={"mode": "standard", "max_attempts": 8}),
        )


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    compose_command()
    try:
        with Engine() as engine, Deployment(engine, tmp_path_factory.mktemp("compose")) as running:
            yield running
    except EngineMissing as reason:
        not_tested("Compose", reason)


@pytest.fixture
def healthy(deployment):
    """All nodes run, and none calls for help afterwards."""
    deployment.compose("start")
    deployment.wait_healthy()
    yield deployment
    logs = deployment.compose("logs").stdout.splitlines()
    assert [line for line in logs if "level=error" in line] == []


def put(client, table, keys, value):
    for key in keys:
        client.put_item(TableName=table, Item={"pk": {"S": key}, "value": {"S": value}})


def values(client, table, keys, consistent):
    """What each key holds; None where there is no item."""
    items = (
        client.get_item(TableName=table, Key={"pk": {"S": key}}, ConsistentRead=consistent)
        for key in keys
    )
    return [item["Item"]["value"]["S"] if "Item" in item else None for item in items]


@pytest.mark.parametrize("unset", KEYS)
def test_what_is_unset_is_named(unset, tmp_path):
    (tmp_path / "empty").touch()
    environment = clean_environment(**{key: text for key, text in KEYS.items() if key != unset})
    result = subprocess.run(
        [*compose_command(), "-f", str(COMPOSE_FILE), "--env-file", str(tmp_path / "empty"), "config"],
        env=environment, capture_output=True, text=True, timeout=60,
    )
    assert result.returncode != 0
    assert unset in result.stderr
    assert "set it to" in result.stderr


def test_image(healthy):
    """Small, without compilers, and not root's."""
    megabytes = int(healthy.engine.docker("image", "inspect", "-f", "{{.Size}}",
                                          "cartwheel-test")) / 1e6
    print(f"image: {megabytes:.0f} MB")
    assert megabytes < IMAGE_MB_MAX
    assert healthy.compose("exec", "-T", "node1", "id", "-u").stdout.strip() == "800"
    assert healthy.compose("exec", "-T", "node1", "which", "gcc", check=False).returncode != 0
    keyless = healthy.engine.docker("run", "--rm", "--network", "none", "cartwheel-test",
                                    check=False)
    assert keyless == ""


def test_a_dead_node_is_not_missed_and_catches_up(healthy):
    keys = [f"item {number}" for number in range(20)]
    table = create_table(healthy.boto("node1"))
    put(healthy.boto("node1"), table, keys, "old")
    healthy.compose("kill", "node3")
    assert values(healthy.boto("node2"), table, keys, consistent=True) == ["old"] * 20
    put(healthy.boto("node2"), table, keys, "new")
    assert values(healthy.boto("node1"), table, keys, consistent=True) == ["new"] * 20
    wait_until(lambda: not healthy.sees_all("node1"), 30, "status tells of the dead node")

    healthy.compose("start", "node3")
    healthy.wait_healthy()
    wait_until(lambda: healthy.hints_pending() == 0, 60, "node3 was given what it missed")
    healthy.compose("kill", "node1", "node2")
    assert values(healthy.boto("node3"), table, keys, consistent=False) == ["new"] * 20


def test_addresses_may_change(healthy):
    """Names are looked up whenever a node is dialled."""
    before = {node: healthy.address(node) for node in NODES}
    low, high = sorted(("node2", "node3"), key=lambda node: ip_address(before[node]))
    healthy.compose("stop", low, high)
    # Addresses are given out from the lowest on.
    healthy.compose("start", high)
    healthy.compose("start", low)
    assert healthy.address(high) != before[high]
    healthy.wait_healthy()


def test_a_stop_is_orderly(healthy):
    started = time.monotonic()
    healthy.compose("stop", "node1")
    assert time.monotonic() - started < 10
    assert healthy.inspect("node1")["State"]["ExitCode"] == 0


def test_a_crash_restarts_the_node(healthy):
    state = healthy.inspect("node2")["State"]
    if healthy.engine.own:  # otherwise its processes need not be of this machine
        os.kill(state["Pid"], signal.SIGKILL)
        wait_until(lambda: healthy.inspect("node2")["RestartCount"] == 1, 30, "the node restarts")
        healthy.wait_healthy()
    assert healthy.inspect("node2")["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
