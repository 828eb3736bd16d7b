"""dynamodb-admin, a GUI: each page and button of it in Chromium without a screen."""
import json
import os
import pathlib
import subprocess
import uuid

import pytest

from browser import Browser, missing
from cluster import boto, clean_environment, free_port, wait_until
from conftest import ELSEWHERE, not_tested

pytestmark = pytest.mark.timeout(150)
NO_ERROR = "return document.querySelector('#error-wrapper .alert')?.innerText ?? ''"


@pytest.fixture
def admin(endpoints, node_modules, tmp_path):
    """The GUI's address, once it answers."""
    address = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    program = node_modules / "dynamodb-admin" / "dist" / "dynamodb-admin.js"
    with open(tmp_path / "admin.log", "wb") as log:
        process = subprocess.Popen(
            ["node", program, "--host", "127.0.0.1", "--port", address.rpartition(":")[2],
             "--dynamo-endpoint", endpoints[-1]], stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, env=clean_environment(AWS_REGION="us-east-1"))
    try:
        wait_until(lambda: b"listening" in (tmp_path / "admin.log").read_bytes(), 20,
                   "dynamodb-admin listens")
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def browser(tmp_path):
    if missing():
        not_tested("dynamodb-admin", f"no {' and no '.join(missing())} here")
    with Browser(tmp_path) as window:
        yield window


def create_table(browser, address, table, node):
    """Fills in the form for a new table. It sends the capacity units as strings, which DynamoDB
    Local takes, and dynalite and Cartwheel do not; the table is then made otherwise."""
    browser.open(f"{address}/create-table")
    browser.type("#TableName", table)
    browser.type("#HashAttributeName", "customer")
    browser.type("#RangeAttributeName", "order")
    browser.run("document.querySelector('[name=RangeAttributeType]').value = 'N'")
    browser.click("#saveButton")
    wait_until(lambda: browser.address() == f"{address}/" or browser.run(NO_ERROR), 20, "created")
    refusal = browser.run(NO_ERROR)
    if ELSEWHERE not in os.environ:
        assert refusal == "STRING_VALUE cannot be converted to Long"
        boto(node).create_table(
            TableName=table, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "customer", "AttributeType": "S"},
                                  {"AttributeName": "order", "AttributeType": "N"}],
            KeySchema=[{"AttributeName": "customer", "KeyType": "HASH"},
                       {"AttributeName": "order", "KeyType": "RANGE"}],
            Tags=[{"Key": "cartwheel:r", "Value": "2"}])  # it reads at once what it wrote
        browser.open(address)
    browser.wait_for(f"[data-table-name='{table}']")


def add_item(browser, address, table, item):
    browser.open(f"{address}/tables/{table}/add-item")
    browser.wait_for("#saveButton")
    browser.run("editor.setValue(arguments[0])", json.dumps(item))
    browser.click("#saveButton")
    key = f"{item['customer']}%2C{item['order']}"
    wait_until(lambda: browser.address().endswith(f"/items/{key}") or browser.run(NO_ERROR), 20,
               "the page of the new item")
    assert browser.run(NO_ERROR) == ""
    assert json.loads(browser.run("return editor.getValue()")) == item


def rows(browser):
    """The items that the page shows, as lists of words; the placeholder is gone first."""
    wait_until(lambda: browser.find("#table-placeholder.d-none"), 20, "items or none")
    assert browser.run(NO_ERROR) == ""
    return browser.run("return [...document.querySelectorAll('#items-container tr')].map("
                       "row => [...row.cells].map(cell => cell.innerText))")


def wait_for_rows(browser, address, table, count):
    """Opens the table's page until all replicas show as many items: its Scan asks any of them."""
    def shown():
        browser.open(f"{address}/tables/{table}")
        return len(rows(browser)) == count
    wait_until(shown, 20, f"{count} items")


def search(browser, address, table, operation, **filters):
    """Filters are (operator, value, type) by attribute."""
    words = {name: dict(zip(("operator", "value", "type"), given))
             for name, given in filters.items()}
    browser.open(f"{address}/tables/{table}")
    browser.run("""
        const form = document.querySelector('#form');
        const query = new URLSearchParams({
            operationType: arguments[0], queryableSelection: 'table', filters: arguments[1]});
        window.location = `${location.pathname}?${query}`;""", operation, json.dumps(words))
    wait_until(lambda: "filters" in browser.address(), 20, "the page of the search")
    return rows(browser)


def edit_item(browser, address, table, item):
    browser.open(f"{address}/tables/{table}/items/{item['customer']},{item['order']}")
    browser.wait_for("#saveButton")
    browser.run("editor.setValue(arguments[0])", json.dumps(item))
    browser.click("#saveButton")
    browser.wait_for("#saveButton.btn-success")
    assert json.loads(browser.run("return editor.getValue()")) == item


def test_tables_and_items(admin, browser, endpoints):
    table = f"gui-{uuid.uuid4().hex[:8]}"
    create_table(browser, admin, table, endpoints[0])
    orders = [{"customer": "ada" if number < 9 else "bob", "order": number,
               "wares": ["tea", {"cup": number}], "paid": number % 2 == 0}
              for number in range(1, 13)]
    for order in orders:
        add_item(browser, admin, table, order)
    wait_for_rows(browser, admin, table, 12)
    take_picture(browser, "items")
    found = search(browser, admin, table, "scan", order=(">", "10", "N"))
    assert sorted(row[1:3] for row in found) == [['"bob"', "11"], ['"bob"', "12"]]
    found = search(browser, admin, table, "query", customer=("=", "ada", "S"),
                   order=("<=", "3", "N"))
    assert [row[1:3] for row in found] == [['"ada"', "1"], ['"ada"', "2"], ['"ada"', "3"]]
    edit_item(browser, admin, table, {**orders[0], "paid": "twice"})
    browser.click(".btn-danger")
    wait_until(lambda: browser.address().endswith(f"/tables/{table}"), 20, "the item's deletion")
    wait_for_rows(browser, admin, table, 11)
    browser.open(f"{admin}/tables/{table}/meta")
    browser.wait_for_text('"TableStatus": "ACTIVE"')
    take_picture(browser, "meta")
    browser.open(admin)
    for question in ("purgeTable", "deleteTable"):
        ask(browser, table, question)
    assert browser.find(f"[data-table-name='{table}']") == []


def ask(browser, table, question):
    """Presses a table's button, says yes, and waits for the page that follows."""
    browser.run("window.before = true")
    browser.click(f"[data-table-name='{table}'] [onclick^={question}]")
    browser.accept()
    wait_until(lambda: not browser.run("return window.before ?? false"), 20, question)
    browser.wait_for("#table-list")


def take_picture(browser, name):
    """For people to look at, where the environment says."""
    if "CARTWHEEL_SCREENSHOTS" in os.environ:
        browser.screenshot(pathlib.Path(os.environ["CARTWHEEL_SCREENSHOTS"]) / f"{name}.png")
