"""The servers that compare.py measures: how each is started, filled, and asked."""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))
from cluster import DAEMON, TOOL, Cluster, clean_environment, free_port  # noqa: E402

MODULES = HERE / "node_modules"
LOCAL = MODULES / "amplify-dynamodb-simulator" / "emulator"
TABLE, TABLE_R2, TABLE_SORTED = "Bench", "BenchR2", "BenchSorted"
# etcd keeps one value where DynamoDB keeps an item: 1,336 characters of base64 are 1,002 bytes.
ETCD_VALUE_SIZE = 1336
ETCD_PUT = ("--path", "/v3/kv/put", "--body", '{"key":"{key}","value":"{value}"}',
            "--field-size", str(ETCD_VALUE_SIZE))
ETCD_RANGE = ("--path", "/v3/kv/range", "--body", '{"key":"{key}"}')
STATIC_SIZE = 200


class Failed(Exception):
    """A contender could not be started, filled or measured."""


def run_bench(endpoint, words):
    """The result of `cartwheel bench` with these words."""
    command = [str(TOOL), "--json", "--endpoint", endpoint, "bench", *map(str, words), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(),
                          timeout=1800)
    if done.returncode not in (0, 1) or not done.stdout:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def load(endpoint, options, table, *words):
    result = run_bench(endpoint, ["load", "--table", table, "--keys", options.keys, *words])
    if result["failed"]:
        raise Failed(f"loading {table}: {result['failures']}")


def post(url, body, timeout=5, headers=None):
    request = urllib.request.Request(url, json.dumps(body).encode(), headers or {})
    with urllib.request.urlopen(request, timeout=timeout) as reply:
        return json.loads(reply.read())


def list_tables(url):
    """Any DynamoDB's answer to the smallest request; the signature is for those who want one."""
    scope = time.strftime("%Y%m%d", time.gmtime()) + "/us-east-1/dynamodb/aws4_request"
    return post(url, {}, headers={
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
        "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        "Authorization": f"AWS4-HMAC-SHA256 Credential=any/{scope}, "
                         "SignedHeaders=host;x-amz-date;x-amz-target, Signature=00",
    })


def answers(ask):
    try:
        ask()
        return True
    except (OSError, ValueError, urllib.error.URLError):
        return False


class Contender:
    """Processes with data in a directory of their own. Use it in a `with`."""

    def __init__(self, options):
        self.options = options
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="cartwheel-compare-"))
        self.processes = []
        self.endpoint = None

    def __enter__(self):
        try:
            self.start()
            self.fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def spawn(self, *command, **options):
        with open(self.home / "log", "ab") as log:
            self.processes.append(subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=clean_environment(), **options))
        return self.processes[-1]

    def wait(self, ask, seconds=60, pause=0.05):
        deadline = time.monotonic() + seconds
        while not answers(ask):
            if self.processes[-1].poll() is not None or time.monotonic() > deadline:
                log = (self.home / "log").read_text(errors="replace")
                raise Failed(f"{type(self).__name__} does not answer:\n{log[-2000:]}")
            time.sleep(pause)

    def start(self):
        raise NotImplementedError

    def fill(self):
        """Loads the table that reads and writes go to."""
        load(self.endpoint, self.options, TABLE)


class Cartwheel(Contender):
    """Real daemons, durability = sync, as the cluster tests start them."""

    nodes = 1

    def start(self):
        self.cluster = Cluster(nodes=self.nodes)
        self.cluster.__enter__()
        self.endpoint = self.cluster.nodes[0].url

    def __exit__(self, *_):
        if hasattr(self, "cluster"):
            self.cluster.__exit__(None)
        super().__exit__()

    def fill(self):
        super().fill()
        load(self.endpoint, self.options, TABLE_SORTED, "--collection", 100)


class CartwheelThree(Cartwheel):
    nodes = 3

    def fill(self):
        load(self.endpoint, self.options, TABLE)
        load(self.endpoint, self.options, TABLE_R2, "--tag", "cartwheel:r=2")


class CartwheelDev(Contender):
    """`cartwheeld --dev`, as a developer starts it."""

    def start(self):
        port = free_port("127.0.0.1")
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spawn(DAEMON, "--dev", "--port", port)
        self.wait(lambda: list_tables(self.endpoint), pause=0.001)

    def fill(self):
        pass


class LocalMemory(Contender):
    """DynamoDB Local without a disk."""

    def start(self):
        port = free_port("127.0.0.1")
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spawn("java", f"-Djava.library.path={LOCAL / 'DynamoDBLocal_lib'}", "-jar",
                   LOCAL / "DynamoDBLocal.jar", "-disableTelemetry", "-port", port,
                   *self.storage(), cwd=self.home)
        self.wait(lambda: list_tables(self.endpoint), pause=0.001)

    def storage(self):
        return ["-inMemory"]

    def fill(self):
        super().fill()
        load(self.endpoint, self.options, TABLE_SORTED, "--collection", 100)


class LocalMemoryIdle(LocalMemory):
    def fill(self):
        pass


class LocalDisk(LocalMemory):
    def storage(self):
        return ["-dbPath", str(self.home)]

    def fill(self):
        load(self.endpoint, self.options, TABLE)


class Dynalite(Contender):
    """On disk (LevelDB), without fsync."""

    def start(self):
        port = free_port("127.0.0.1")
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spawn("node", MODULES / "dynalite" / "cli.js", "--host", "127.0.0.1", "--port", port,
                   "--path", self.home / "data", "--createTableMs", 0)
        self.wait(lambda: list_tables(self.endpoint))


class Nginx(Contender):
    """One worker, as Cartwheel has one shard; a static file."""

    def start(self):
        port = free_port("127.0.0.1")
        self.endpoint = f"http://127.0.0.1:{port}"
        (self.home / "static").write_text("x" * STATIC_SIZE)
        (self.home / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {self.home}/pid;\nerror_log {self.home}/log;\n"
            "events { worker_connections 1024; }\n"
            "http {\n  access_log off;\n  keepalive_requests 1000000000;\n"
            "  sendfile on;\n  tcp_nopush on;\n  open_file_cache max=10;\n"
            + "".join(f"  {name}_temp_path {self.home}/{name};\n" for name in
                      ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + f"  server {{ listen 127.0.0.1:{port}; root {self.home}; }}\n}}\n")
        self.home.chmod(0o755)
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.spawn(nginx, "-e", self.home / "log", "-c", self.home / "nginx.conf")
        self.wait(lambda: urllib.request.urlopen(f"{self.endpoint}/static", timeout=5).read())

    def fill(self):
        pass


class Etcd(Contender):
    """Three members on this machine; the endpoint is the leader's."""

    def start(self):
        hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
        peers = [f"http://{host}:{free_port(host)}" for host in hosts]
        clients = [f"http://{host}:{free_port(host)}" for host in hosts]
        members = ",".join(f"e{number}={url}" for number, url in enumerate(peers))
        for number, (peer, client) in enumerate(zip(peers, clients)):
            self.spawn(
                "etcd", "--name", f"e{number}", "--data-dir", self.home / f"e{number}",
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--initial-cluster", members, "--initial-cluster-state", "new",
                "--quota-backend-bytes", 8 << 30, "--log-level", "error")
        self.wait(lambda: self.find_leader(clients))

    def find_leader(self, clients):
        for client in clients:
            status = post(f"{client}/v3/maintenance/status", {})
            if status.get("leader") == status["header"]["member_id"]:
                self.endpoint = client
                return
        raise ValueError("no leader yet")

    def fill(self):
        """At random: of the keys all but e^-6 are there in the end."""
        result = run_bench(self.endpoint, ["http", *ETCD_PUT, "--keys", self.options.keys,
                                           "--requests", 6 * self.options.keys, "--warmup", 0])
        if result["failed"]:
            raise Failed(f"etcd: {result['failures']}")
