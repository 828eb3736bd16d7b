// ElectroDB: customers, orders and lines in a single table, with its primary index alone.
// (Access by another key would usually have a global secondary index; that comes later.)
import assert from "node:assert/strict";
import { DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { ElectroError, Entity, Service } from "electrodb";
import { createTable, elsewhere, newClient, runSteps, tableName } from "./flow.mjs";

const client = newClient();
const table = tableName("electro");
const consistent = { consistent: true };

const Customer = new Entity({
  model: { entity: "customer", version: "1", service: "shop" },
  attributes: {
    customerId: { type: "string", required: true },
    email: { type: "string", required: true },
    tags: { type: "set", items: "string" },
    address: { type: "map", properties: { city: { type: "string" }, code: { type: "string" } } },
    visits: { type: "number", default: 0 },
    version: { type: "number", default: 1 },
    expires: { type: "number" },
  },
  indexes: {
    primary: {
      collection: "account",
      pk: { field: "pk", composite: ["customerId"] },
      sk: { field: "sk", composite: [] },
    },
  },
}, { client, table });

const Order = new Entity({
  model: { entity: "order", version: "1", service: "shop" },
  attributes: {
    customerId: { type: "string", required: true },
    orderId: { type: "string", required: true },
    status: { type: ["open", "paid", "sent"], default: "open" },
    amount: { type: "number", required: true },
    lines: {
      type: "list",
      items: {
        type: "map",
        properties: { sku: { type: "string" }, count: { type: "number" } },
      },
    },
    placed: { type: "string", default: () => new Date().toISOString(), readOnly: true },
  },
  indexes: {
    primary: {
      collection: "account",
      pk: { field: "pk", composite: ["customerId"] },
      sk: { field: "sk", composite: ["orderId"] },
    },
    byStatus: {
      index: "by-status", type: "clustered",
      pk: { field: "pk", composite: ["customerId"] },
      sk: { field: "status_sk", composite: ["status", "orderId"] },
    },
  },
}, { client, table });

const shop = new Service({ customer: Customer, order: Order }, { client, table });

async function createShopTable() {
  await createTable(client, table, [["pk", "S"], ["sk", "S"]], { "by-status": ["status_sk", "S"] });
}

async function customers() {
  const { data } = await Customer.create({
    customerId: "ada", email: "ada@example.org", tags: ["new"], address: { city: "London" },
  }).go();
  assert.equal(data.visits, 0);
  await assert.rejects(Customer.create({ customerId: "ada", email: "x" }).go(), (error) =>
    error instanceof ElectroError && error.cause.name === "ConditionalCheckFailedException");
  const patched = await Customer.patch({ customerId: "ada" })
    .set({ "address.code": "W1" }).add({ visits: 2, tags: ["regular"] }).remove(["expires"])
    .go({ response: "all_new" });
  assert.deepEqual(patched.data, {
    customerId: "ada", email: "ada@example.org", tags: ["new", "regular"], visits: 2, version: 1,
    address: { city: "London", code: "W1" },
  });
  await Customer.update({ customerId: "ada" }).delete({ tags: ["new"] }).subtract({ visits: 1 })
    .data(({ expires }, { set }) => set(expires, 4102444800)).go();
  const read = await Customer.get({ customerId: "ada" }).go(consistent);
  assert.deepEqual([read.data.tags, read.data.visits, read.data.expires],
    [["regular"], 1, 4102444800]);
  await assert.rejects(Customer.patch({ customerId: "nobody" }).set({ email: "x" }).go(),
    ElectroError);
  const made = await Customer.upsert({ customerId: "bob", email: "b@example.org" })
    .add({ visits: 1 }).go({ response: "all_new" });
  assert.equal(made.data.visits, 1);
}

// Of two writers that read the same version one wins; the other is told by the library's error.
async function optimisticLocking() {
  const write = (email) => Customer.patch({ customerId: "ada" })
    .set({ email, version: 2 }).where(({ version }, { eq }) => eq(version, 1)).go();
  const outcomes = await Promise.allSettled([write("one@example.org"), write("two@example.org")]);
  const lost = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.equal(lost.length, 1);
  assert.match(lost[0].reason.message, /The conditional request failed/);
}

async function ordersInBatches() {
  const orders = Array.from({ length: 60 }, (_, n) => ({
    customerId: n % 3 === 0 ? "bob" : "ada", orderId: `o${String(n).padStart(2, "0")}`,
    amount: n, status: n % 2 === 0 ? "open" : "paid", lines: [{ sku: "tea", count: n }],
  }));
  const written = await Order.put(orders).go({ concurrency: 2 });
  assert.deepEqual(written.unprocessed, []);
  const keys = orders.map(({ customerId, orderId }) => ({ customerId, orderId }));
  const read = await Order.get(keys).go({ ...consistent, preserveBatchOrder: true });
  assert.deepEqual(read.data.map((order) => order.amount), orders.map((order) => order.amount));
  const removed = await Order.delete(keys.slice(50)).go();
  assert.deepEqual(removed.unprocessed, []);
}

async function oneToMany() {
  const { data } = await shop.collections.account({ customerId: "ada" })
    .go({ ...consistent, pages: "all" });
  assert.deepEqual([data.customer.length, data.order.length], [1, 33]);
  const newest = await Order.query.primary({ customerId: "bob" })
    .gte({ orderId: "o30" }).where(({ amount }, { between }) => between(amount, 31, 44))
    .go({ ...consistent, order: "desc", attributes: ["orderId", "amount"] });
  assert.deepEqual(newest.data.map((order) => order.amount), [42, 39, 36, 33]);
}

async function pages() {
  const seen = [];
  let cursor = null;
  do {
    const page = await Order.query.primary({ customerId: "ada" })
      .go({ ...consistent, limit: 10, cursor });
    seen.push(...page.data.map((order) => order.orderId));
    cursor = page.cursor;
  } while (cursor !== null);
  assert.equal(seen.length, 33);
  assert.deepEqual(seen, [...seen].sort());
  const scanned = await Order.scan.where(({ amount }, { lt }) => lt(amount, 5))
    .go({ ...consistent, pages: "all" });
  assert.deepEqual(scanned.data.map((order) => order.amount).sort(), [0, 1, 2, 3, 4]);
}

async function localIndex() {
  const paid = await Order.query.byStatus({ customerId: "bob", status: "paid" }).go(consistent);
  assert.deepEqual(paid.data.map((order) => order.amount), [3, 9, 15, 21, 27, 33, 39, 45]);
  await Order.patch({ customerId: "bob", orderId: "o45" }).set({ status: "sent" }).go();
  const sent = await Order.query.byStatus({ customerId: "bob", status: "sent" }).go(consistent);
  assert.deepEqual(sent.data.map((order) => order.orderId), ["o45"]);
}

// Transactions come later; until then the refusal arrives as the library's own error.
async function transactionsAreRefused() {
  await assert.rejects(shop.transaction.write(({ customer, order }) => [
    customer.patch({ customerId: "ada" }).add({ visits: 1 }).commit(),
    order.create({ customerId: "ada", orderId: "o99", amount: 1 }).commit(),
  ]).go(), (error) => error instanceof ElectroError &&
    error.cause.name === "UnknownOperationException");
  assert.equal((await Order.get({ customerId: "ada", orderId: "o99" }).go(consistent)).data, null);
}

async function removeAll() {
  const { data } = await Customer.remove({ customerId: "ada" }).go({ response: "all_old" });
  assert.equal(data.version, 2);
  await assert.rejects(Customer.remove({ customerId: "ada" }).go(), ElectroError);
  await Customer.delete({ customerId: "ada" }).go();
  await client.send(new DeleteTableCommand({ TableName: table }));
}

await runSteps(createShopTable, customers, optimisticLocking, ordersInBatches, oneToMany, pages,
  localIndex, ...(elsewhere ? [] : [transactionsAreRefused]), removeAll);
