"""Starts DynamoDB Local, and one node of Cartwheel, on loopback."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from wire import Wire

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))
EMULATOR = pathlib.Path(os.environ.get(
    "DYNAMODB_LOCAL", HERE / "node_modules" / "amplify-dynamodb-simulator" / "emulator"))


def missing():
    """Why DynamoDB Local cannot be started here, or None."""
    if shutil.which("java") is None:
        return "no Java"
    if not (EMULATOR / "DynamoDBLocal.jar").exists():
        return "no DynamoDB Local (npm install in cluster-tests/oracle)"
    return None


@contextlib.contextmanager
def both(local=None, cartwheel=None):
    """The wires to DynamoDB Local and to Cartwheel; starts what is not given as HOST:PORT."""
    with contextlib.ExitStack() as stack:
        places = [
            local or stack.enter_context(started_local()),
            cartwheel or stack.enter_context(started_cartwheel()),
        ]
        wires = []
        for name, place in zip(("DynamoDB Local", "Cartwheel"), places):
            host, _, port = place.partition(":")
            wires.append(Wire(name, host, int(port)))
            stack.callback(wires[-1].close)
        yield wires


@contextlib.contextmanager
def started_local():
    from cluster import free_port  # needs boto3, which servers that run do not

    port = free_port("127.0.0.1")
    # It keeps state in its home, and in the directory that it runs in.
    with tempfile.TemporaryDirectory(prefix="oracle-") as home:
        arguments = [
            "java", f"-Duser.home={home}", f"-Djava.library.path={EMULATOR / 'DynamoDBLocal_lib'}",
            "-jar", EMULATOR / "DynamoDBLocal.jar", "-inMemory", "-port", port]
        process = subprocess.Popen(
            [str(argument) for argument in arguments], cwd=home, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_answer(process, port)
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def wait_answer(process, port, seconds=60):
    wire = Wire("DynamoDB Local", "127.0.0.1", port)
    deadline = time.monotonic() + seconds
    while True:
        try:
            wire.must("ListTables", {})
            wire.close()
            return
        except OSError:
            wire.close()
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError("DynamoDB Local does not answer")
        time.sleep(0.1)


@contextlib.contextmanager
def started_cartwheel():
    from cluster import Cluster

    # What it promises of disks is not what is asked here.
    with Cluster(nodes=1, durability="interval") as cluster:
        node = cluster.nodes[0]
        yield f"{node.host}:{node.port}"
        assert node.errors() == [], node.errors()
