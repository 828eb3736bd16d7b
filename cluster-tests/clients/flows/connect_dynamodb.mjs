// connect-dynamodb: two web servers behind one name, whose sessions are in one table.
import assert from "node:assert/strict";
import { once } from "node:events";
import connect from "connect-dynamodb";
import express from "express";
import session from "express-session";
import {
  DeleteTableCommand, DescribeTableCommand, DescribeTimeToLiveCommand, GetItemCommand,
  ScanCommand, UpdateTimeToLiveCommand, waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { newClient, runSteps, tableName, until, waitForTable } from "./flow.mjs";

const client = newClient();
const table = tableName("sessions");
const DynamoDBStore = connect(session);
const minute = 60000;

function newStore() {
  return new DynamoDBStore({
    client: newClient(), table, specialKeys: [{ name: "customer", type: "S" }],
    skipThrowMissingSpecialKeys: true,
  });
}

// A server with a session of so many milliseconds; its address.
async function startShop(maxAge) {
  const shop = express();
  shop.use(session({
    store: newStore(), secret: "of the shop", resave: false, saveUninitialized: false,
    cookie: { maxAge },
  }));
  shop.post("/login/:customer", (request, response) => {
    Object.assign(request.session, { customer: request.params.customer, lines: {} });
    response.sendStatus(204);
  });
  shop.post("/add/:sku", ({ params, session: { lines } }, response) => {
    lines[params.sku] = (lines[params.sku] ?? 0) + 1;
    response.json(lines);
  });
  shop.get("/", ({ session: { customer, lines } }, response) => {
    response.json({ customer, lines });
  });
  shop.post("/logout", (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.sendStatus(204)));
  });
  const server = shop.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

class Browser {
  async fetch(url, method = "GET") {
    const headers = this.cookie === undefined ? {} : { cookie: this.cookie };
    const reply = await fetch(url, { method, headers });
    assert.ok(reply.ok, `${method} ${url}: ${reply.status} ${await reply.clone().text()}`);
    this.cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? this.cookie;
    return reply.status === 204 ? undefined : reply.json();
  }

  // The key under which the store keeps this session.
  get key() {
    return { id: { S: `sess:${decodeURIComponent(this.cookie).match(/=s:([^.]*)/)[1]}` } };
  }

  async item() {
    const reply = await client.send(new GetItemCommand({
      TableName: table, Key: this.key, ConsistentRead: true,
    }));
    return reply.Item;
  }
}

let shops;

// The store makes the table when it is first needed, a provisioned one.
async function storeMakesTheTable() {
  await newStore().initialize();
  await waitForTable(client, table);
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
  assert.equal(Table.ProvisionedThroughput.ReadCapacityUnits, 5);
  await newStore().initialize();
}

async function oneSessionTwoServers() {
  shops = await Promise.all([startShop(minute), startShop(minute)]);
  const browser = new Browser();
  await browser.fetch(`${shops[0]}/login/ada`, "POST");
  await browser.fetch(`${shops[1]}/add/tea`, "POST");
  await browser.fetch(`${shops[0]}/add/tea`, "POST");
  await browser.fetch(`${shops[1]}/add/cup`, "POST");
  assert.deepEqual(await browser.fetch(shops[0]), { customer: "ada", lines: { tea: 2, cup: 1 } });
  const item = await browser.item();
  assert.equal(item.customer.S, "ada");
  assert.equal(item.type.S, "connect-session");
  assert.deepEqual(await new Browser().fetch(shops[1]), {});
}

async function readingProlongs() {
  const browser = new Browser();
  await browser.fetch(`${shops[0]}/login/bob`, "POST");
  const before = Number((await browser.item()).expires.N);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await browser.fetch(shops[1]);
  assert.ok(Number((await browser.item()).expires.N) > before);
}

async function logout() {
  const browser = new Browser();
  await browser.fetch(`${shops[0]}/login/eve`, "POST");
  await browser.fetch(`${shops[1]}/logout`, "POST");
  assert.equal(await browser.item(), undefined);
  assert.deepEqual(await browser.fetch(shops[0]), {});
}

// A session that is over is nobody's, even while its item is there; the store sweeps it away.
async function expiredIsSwept() {
  const hasty = await startShop(1000);
  const browser = new Browser();
  await browser.fetch(`${hasty}/login/ida`, "POST");
  await until(async () => Number((await browser.item()).expires.N) + 1 < Date.now() / 1000, 10,
    "the end of a session");
  assert.deepEqual(await browser.fetch(shops[0]), {});
  assert.notEqual(await browser.item(), undefined);
  const before = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  await new Promise((resolve, reject) => {
    newStore().reap((error) => (error ? reject(error) : resolve()));
  });
  assert.equal(await browser.item(), undefined);
  const after = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  assert.equal(after.Count, before.Count - 1);
}

// What the store's documentation advises instead of sweeping.
async function expiryByTheTable() {
  await client.send(new UpdateTimeToLiveCommand({
    TableName: table, TimeToLiveSpecification: { AttributeName: "expires", Enabled: true },
  }));
  const { TimeToLiveDescription } = await client.send(
    new DescribeTimeToLiveCommand({ TableName: table }));
  assert.equal(TimeToLiveDescription.AttributeName, "expires");
  assert.match(TimeToLiveDescription.TimeToLiveStatus, /^ENABL(ED|ING)$/);
}

async function deleteTable() {
  await client.send(new DeleteTableCommand({ TableName: table }));
  await waitUntilTableNotExists({ client, minDelay: 1, maxWaitTime: 20 }, { TableName: table });
}

await runSteps(storeMakesTheTable, oneSessionTwoServers, readingProlongs, logout, expiredIsSwept,
  expiryByTheTable, deleteTable);
