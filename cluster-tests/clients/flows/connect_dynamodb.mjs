// connect-dynamodb: two web servers behind one name, whose sessions are in one table.
import assert from "node:assert/strict";
import connect from "connect-dynamodb";
import session from "express-session";
import {
  DeleteTableCommand, DescribeTableCommand, DescribeTimeToLiveCommand, GetItemCommand,
  ScanCommand, UpdateTimeToLiveCommand, waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { elsewhere, newClient, runSteps, tableName, until, waitForTable } from "./flow.mjs";
import { Browser, startShop } from "./web_shop.mjs";

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

// What the table has of a browser's session.
async function stored(browser) {
  const reply = await client.send(new GetItemCommand({
    TableName: table, Key: { id: { S: `sess:${browser.session}` } }, ConsistentRead: true,
  }));
  return reply.Item;
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
  shops = await Promise.all([startShop(newStore(), minute), startShop(newStore(), minute)]);
  const browser = new Browser();
  await browser.fetch(`${shops[0]}/login/ada`, "POST");
  await browser.fetch(`${shops[1]}/add/tea`, "POST");
  await browser.fetch(`${shops[0]}/add/tea`, "POST");
  await browser.fetch(`${shops[1]}/add/cup`, "POST");
  assert.deepEqual(await browser.fetch(shops[0]), { customer: "ada", lines: { tea: 2, cup: 1 } });
  const item = await stored(browser);
  assert.equal(item.customer.S, "ada");
  assert.equal(item.type.S, "connect-session");
  assert.deepEqual(await new Browser().fetch(shops[1]), {});
}

async function readingProlongs() {
  const browser = new Browser();
  await browser.fetch(`${shops[0]}/login/bob`, "POST");
  const before = Number((await stored(browser)).expires.N);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await browser.fetch(shops[1]);
  assert.ok(Number((await stored(browser)).expires.N) > before);
}

async function logout() {
  const browser = new Browser();
  await browser.fetch(`${shops[0]}/login/eve`, "POST");
  await browser.fetch(`${shops[1]}/logout`, "POST");
  assert.equal(await stored(browser), undefined);
  assert.deepEqual(await browser.fetch(shops[0]), {});
}

// A session that is over is nobody's, even while its item is there; the store sweeps it away.
async function expiredIsSwept() {
  const hasty = await startShop(newStore(), 1000);
  const browser = new Browser();
  await browser.fetch(`${hasty}/login/ida`, "POST");
  await until(async () => Number((await stored(browser)).expires.N) + 1 < Date.now() / 1000, 10,
    "the end of a session");
  assert.deepEqual(await browser.fetch(shops[0]), {});
  assert.notEqual(await stored(browser), undefined);
  const before = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  await new Promise((resolve, reject) => {
    newStore().reap((error) => (error ? reject(error) : resolve()));
  });
  assert.equal(await stored(browser), undefined);
  const after = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  assert.equal(after.Count, before.Count - 1);
}

// What the store's documentation advises instead of sweeping. Who has not logged out stays.
async function expiryByTheTable() {
  const [staying, leaving] = [new Browser(), new Browser()];
  await staying.fetch(`${shops[0]}/login/ada`, "POST");
  await leaving.fetch(`${await startShop(newStore(), 1000)}/login/ida`, "POST");
  await client.send(new UpdateTimeToLiveCommand({
    TableName: table, TimeToLiveSpecification: { AttributeName: "expires", Enabled: true },
  }));
  const { TimeToLiveDescription } = await client.send(
    new DescribeTimeToLiveCommand({ TableName: table }));
  assert.equal(TimeToLiveDescription.AttributeName, "expires");
  assert.match(TimeToLiveDescription.TimeToLiveStatus, /^ENABL(ED|ING)$/);
  if (elsewhere) return; // it may take days
  await until(async () => await stored(leaving) === undefined, 100, "the deletion of a session");
  assert.deepEqual(await staying.fetch(shops[1]), { customer: "ada", lines: {} });
}

async function deleteTable() {
  await client.send(new DeleteTableCommand({ TableName: table }));
  await waitUntilTableNotExists({ client, minDelay: 1, maxWaitTime: 20 }, { TableName: table });
}

await runSteps(storeMakesTheTable, oneSessionTwoServers, readingProlongs, logout, expiredIsSwept,
  expiryByTheTable, deleteTable);
