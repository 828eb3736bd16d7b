// connect-dynamodb while a node dies: says "kill now" when all is under way, and goes on shopping.
import assert from "node:assert/strict";
import connect from "connect-dynamodb";
import session from "express-session";
import { newClient, runSteps, tableName, waitForTable } from "./flow.mjs";
import { Browser, startShop } from "./web_shop.mjs";

const table = tableName("sessions");
const DynamoDBStore = connect(session);
const browsers = [new Browser(), new Browser(), new Browser()];
let shops;

function newStore() {
  const client = newClient({ maxAttempts: 10 });
  return new DynamoDBStore({ client, table, writeCapacityUnits: 10000, readCapacityUnits: 10000 });
}

async function openShops() {
  await newStore().initialize();
  await waitForTable(newClient(), table);
  shops = await Promise.all([startShop(newStore(), 600000), startShop(newStore(), 600000)]);
  await Promise.all(browsers.map((browser, n) =>
    browser.fetch(`${shops[0]}/login/customer-${n}`, "POST")));
}

// Each click is answered, from what the click before has written.
async function shopWhileANodeDies() {
  const end = Date.now() + 4000;
  let clicks = 0;
  await Promise.all(browsers.map(async (browser, n) => {
    for (let count = 1; Date.now() < end; count++) {
      const lines = await browser.fetch(`${shops[count % 2]}/add/tea`, "POST");
      assert.deepEqual(lines, { tea: count }, `customer ${n}`);
      clicks += 1;
      if (clicks === 20) console.log("kill now");
    }
  }));
  assert.ok(clicks > 40, `${clicks} clicks`);
}

await runSteps(openShops, shopWhileANodeDies);
