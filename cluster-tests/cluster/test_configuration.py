"""A wrong configuration is refused at start, with a message that names the setting."""
import subprocess

import pytest

from cluster import DAEMON, ROOT, Cluster, clean_environment, free_port

CASES = [
    ("unknown-setting", ["--colour", "red"], "colour"),
    ("number", ["--cache_mb", "many"], "cache_mb"),
    ("range", ["--probe_interval_ms", "1"], "probe_interval_ms"),
    ("partitions", ["--partitions", "100"], "partitions"),
    ("switch", ["--auth", "perhaps"], "auth"),
    ("choice", ["--durability", "never"], "durability"),
    ("listen", ["--listen", "nowhere"], "listen"),
    ("port", ["--listen", "127.0.0.1:70000"], "listen"),
    ("quorum-r", ["--table_n", "2", "--table_r", "3"], "table_r"),
    ("quorum-w", ["--table_n", "2", "--table_w", "3"], "table_w"),
    ("account", ["--account", "12"], "account"),
    ("half-a-key", ["--access_key_id", "AKIA"], "secret_access_key"),
    ("stranger", ["--name", "x", "--initial_members", "a=127.0.0.1:9001"], "initial_members"),
    ("members", ["--initial_members", "node1"], "initial_members"),
    ("twice", ["--initial_members", "node1=127.0.0.1:9001,node1=127.0.0.1:9002"],
     "initial_members"),
    ("zone-of-nobody", ["--zones", "nobody=a"], "zones"),
    ("weight", ["--weights", "node1=heavy"], "weights"),
    ("short-secret", ["--secret", "short"], "secret"),
    ("no-secret-file", ["--secret_file", "/nonexistent/secret"], "secret_file"),
    ("beyond-loopback", ["--listen", "0.0.0.0:0"], "listen"),
    ("value-missing", ["--name"], "name"),
]


def run(arguments, **environment):
    return subprocess.run(
        [str(DAEMON), *arguments], capture_output=True, text=True, timeout=20,
        env=clean_environment(**environment),
    )


@pytest.mark.parametrize("arguments, key", [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_refused(tmp_path, arguments, key):
    given = " ".join(arguments)
    own = ["--data", str(tmp_path / "data")]
    if "--listen" not in given:
        own += ["--listen", f"127.0.0.1:{free_port('127.0.0.1')}"]
    result = run(own + arguments)
    assert result.returncode == 2, result.stderr
    assert key in result.stderr
    assert not (tmp_path / "data").exists()


def test_environment_and_file_are_read_too(tmp_path):
    assert "cache_mb" in run([], CARTWHEEL_CACHE_MB="many").stderr
    settings = tmp_path / "cartwheel.conf"
    settings.write_text("durability = never\n")
    result = run(["--config", str(settings)])
    assert result.returncode == 2
    assert "durability" in result.stderr


def test_secret_that_others_can_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef")
    secret.chmod(0o644)
    result = run(["--data", str(tmp_path / "data"), "--secret_file", str(secret)])
    assert result.returncode == 2
    assert "secret_file" in result.stderr


def test_answers():
    assert run(["--version"]).stdout.strip()
    for question in ("--help", "--help-config"):
        result = run([question])
        assert result.returncode == 0
        assert "initial_members" in result.stdout


def test_port_in_use():
    with Cluster(nodes=1) as cluster:
        node = cluster.nodes[0]
        result = run(["--data", str(cluster.home / "other"), "--listen",
                      f"{node.host}:{node.port}"])
        assert result.returncode not in (0, 2)
        assert str(node.port) in result.stderr


def test_data_in_use():
    with Cluster(nodes=1) as cluster:
        result = run(["--data", str(cluster.nodes[0].home / "data"), "--listen",
                      f"127.0.0.1:{free_port('127.0.0.1')}"])
        assert result.returncode not in (0, 2)
        assert "data" in result.stderr


def test_the_manual_is_true():
    table = subprocess.run([str(DAEMON), "--help-config"], capture_output=True, text=True,
                           check=True, timeout=10).stdout
    manual = (ROOT / "docs" / "configuration.md").read_text()
    assert table.strip() in manual
