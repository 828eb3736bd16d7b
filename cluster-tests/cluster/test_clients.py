"""The AWS CLI and the AWS SDK for JavaScript against a cluster."""
import json
import pathlib
import shutil
import subprocess

import pytest

from cluster import REGION, clean_environment

JAVASCRIPT = pathlib.Path(__file__).with_name("javascript")
AWS = "/usr/bin/aws"


class Aws:
    """`aws dynamodb` against one node."""

    def __init__(self, node):
        self.node = node

    def __call__(self, operation, *arguments, succeeds=True):
        result = subprocess.run(
            [AWS, "dynamodb", operation, *arguments, "--endpoint-url", self.node.url,
             "--output", "json"], capture_output=True, text=True, timeout=60,
            env=clean_environment(
                AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_PAGER="",
                AWS_DEFAULT_REGION=REGION, AWS_CONFIG_FILE="/dev/null",
                AWS_SHARED_CREDENTIALS_FILE="/dev/null",
            ),
        )
        assert (result.returncode == 0) == succeeds, result.stderr
        if not succeeds:
            return result.stderr
        return json.loads(result.stdout) if result.stdout.strip() else {}


@pytest.mark.skipif(not pathlib.Path(AWS).exists(), reason="no AWS CLI here")
def test_aws_cli(cluster):
    first, second = Aws(cluster.nodes[0]), Aws(cluster.nodes[1])
    table = ["--table-name", "CliCarts"]
    first("create-table", *table, "--billing-mode", "PAY_PER_REQUEST",
          "--attribute-definitions", "AttributeName=pk,AttributeType=S",
          "AttributeName=sk,AttributeType=N",
          "--key-schema", "AttributeName=pk,KeyType=HASH", "AttributeName=sk,KeyType=RANGE",
          "--tags", "Key=cartwheel:w,Value=3")
    second("wait", "table-exists", *table)
    for number in range(5):
        item = {"pk": {"S": "cart"}, "sk": {"N": str(number)}, "ware": {"S": "tea"}}
        first("put-item", *table, "--item", json.dumps(item))
    key = json.dumps({"pk": {"S": "cart"}, "sk": {"N": "3"}})
    reply = second("get-item", *table, "--key", key, "--consistent-read")
    assert reply["Item"]["ware"] == {"S": "tea"}
    second("delete-item", *table, "--key", key)
    pages = first("query", *table, "--consistent-read", "--page-size", "2",
                  "--key-condition-expression", "pk = :p",
                  "--expression-attribute-values", '{":p": {"S": "cart"}}')
    assert [item["sk"]["N"] for item in pages["Items"]] == ["0", "1", "2", "4"]
    page = second("scan", *table, "--consistent-read", "--max-items", "3", "--page-size", "1")
    assert len(page["Items"]) == 3
    rest = second("scan", *table, "--consistent-read", "--starting-token", page["NextToken"])
    assert len(rest["Items"]) == 1
    assert "CliCarts" in first("list-tables", "--page-size", "1")["TableNames"]
    first("delete-table", *table)
    second("wait", "table-not-exists", *table)
    assert "ResourceNotFoundException" in second("describe-table", *table, succeeds=False)


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")
def test_javascript_sdk(cluster):
    assert (JAVASCRIPT / "node_modules").is_dir(), "run.sh installs the modules"
    result = subprocess.run(
        ["node", "exercise.mjs", *(node.url for node in cluster.nodes)], cwd=JAVASCRIPT,
        capture_output=True, text=True, timeout=120, env=clean_environment(),
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "done"
