// DynamoDB-Toolbox: customers and orders in a single table, with its primary index alone.
// (Access by another key would usually have a global secondary index; that comes later.)
import assert from "node:assert/strict";
import { ConditionalCheckFailedException, DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import {
  $add, $append, $delete, $get, $remove, $set, $sum, BatchDeleteRequest, BatchGetCommand,
  BatchGetRequest, BatchPutRequest, BatchWriteCommand, DeleteItemCommand, DeletePartitionCommand,
  DynamoDBToolboxError, Entity, GetItemCommand, PutItemCommand, PutTransaction, QueryCommand,
  ScanCommand, Table, UpdateItemCommand, executeBatchGet, executeBatchWrite,
  executeTransactWrite, item, list, map, number, prefix, set, string,
} from "dynamodb-toolbox";
import { createTable, elsewhere, newClient, runSteps, tableName } from "./flow.mjs";

const client = newClient();
const Shop = new Table({
  documentClient: DynamoDBDocumentClient.from(client), name: tableName("toolbox"),
  partitionKey: { name: "pk", type: "string" }, sortKey: { name: "sk", type: "string" },
  indexes: { amount: { type: "local", sortKey: { name: "amount", type: "number" } } },
});

const Customer = new Entity({
  name: "customer", table: Shop,
  schema: item({
    id: string().key().transform(prefix("customer")).savedAs("pk"),
    kind: string().key().default("customer").savedAs("sk"),
    email: string(),
    visits: number().default(0),
    version: number().default(1),
    tags: set(string()).optional(),
    address: map({ city: string(), code: string().optional() }).optional(),
    wishes: list(string()).default([]),
    expires: number().optional(),
  }),
});

const Order = new Entity({
  name: "order", table: Shop,
  schema: item({
    customer: string().key().transform(prefix("customer")).savedAs("pk"),
    order: string().key().transform(prefix("order")).savedAs("sk"),
    status: string().enum("open", "paid").default("open"),
    amount: number(),
  }),
});

const ada = { id: "ada" };
const partition = "customer#ada";
const consistent = { consistent: true };

async function createShopTable() {
  await createTable(client, Shop.getName(), [["pk", "S"], ["sk", "S"]],
    { amount: ["amount", "N"] });
}

function readAda(attributes) {
  return Customer.build(GetItemCommand).key(ada).options({ ...consistent, attributes }).send();
}

async function putAndGet() {
  const put = (email) => Customer.build(PutItemCommand)
    .item({ ...ada, email, tags: new Set(["new"]), address: { city: "London" } })
    .options({ condition: { attr: "id", exists: false } }).send();
  await put("ada@example.org");
  const { Item } = await readAda();
  assert.ok(new Date(Item.created) <= new Date());
  assert.deepEqual({ ...Item, created: 0, modified: 0 }, {
    id: "ada", kind: "customer", email: "ada@example.org", visits: 0, version: 1, wishes: [],
    tags: new Set(["new"]), address: { city: "London" }, created: 0, modified: 0,
  });
  await assert.rejects(put("x@example.org"), ConditionalCheckFailedException);
  await assert.rejects(async () => Customer.build(PutItemCommand).item(ada).send(),
    DynamoDBToolboxError);
  const projected = await readAda(["email", "address.city"]);
  assert.deepEqual(projected.Item, { email: "ada@example.org", address: { city: "London" } });
}

async function updates() {
  const { Attributes } = await Customer.build(UpdateItemCommand).item({
    ...ada, visits: $add(2), tags: $add(new Set(["regular"])), wishes: $append(["tea", "cup"]),
    address: { code: "W1" }, expires: 4102444800,
  }).options({ returnValues: "ALL_NEW" }).send();
  assert.deepEqual([Attributes.visits, Attributes.tags, Attributes.wishes, Attributes.address],
    [2, new Set(["new", "regular"]), ["tea", "cup"], { city: "London", code: "W1" }]);
  const changed = await Customer.build(UpdateItemCommand).item({
    ...ada, visits: $sum($get("visits", 0), 40), tags: $delete(new Set(["new"])),
    wishes: { 0: "pot" }, address: $set({ city: "Paris" }), expires: $remove(),
  }).options({ returnValues: "ALL_NEW" }).send();
  const { visits, tags, wishes, address, expires } = changed.Attributes;
  assert.deepEqual([visits, tags, wishes, address, expires],
    [42, new Set(["regular"]), ["pot", "cup"], { city: "Paris" }, undefined]);
}

async function optimisticLocking() {
  const write = (email) => Customer.build(UpdateItemCommand)
    .item({ ...ada, email, version: $add(1) }).options({
      condition: { attr: "version", eq: 1 }, returnValuesOnConditionFalse: "ALL_OLD",
    }).send();
  const outcomes = await Promise.allSettled([write("one@example.org"), write("two@example.org")]);
  const lost = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.equal(lost.length, 1);
  assert.ok(lost[0].reason instanceof ConditionalCheckFailedException);
  assert.equal((await readAda()).Item.version, 2);
}

async function batches() {
  const orders = Array.from({ length: 25 }, (_, n) => ({
    customer: "ada", order: String(n).padStart(3, "0"), amount: 100 - n,
    status: n % 2 === 0 ? "paid" : "open",
  }));
  const { UnprocessedItems } = await executeBatchWrite({ maxAttempts: 5 },
    Shop.build(BatchWriteCommand).requests(
      ...orders.map((order) => Order.build(BatchPutRequest).item(order))));
  assert.deepEqual(UnprocessedItems, {});
  const { Responses } = await executeBatchGet({ maxAttempts: 5 },
    Shop.build(BatchGetCommand).options(consistent).requests(
      Customer.build(BatchGetRequest).key(ada),
      ...orders.map(({ customer, order }) => Order.build(BatchGetRequest).key({ customer, order }))));
  assert.equal(Responses[0][0].email.endsWith("@example.org"), true);
  assert.deepEqual(Responses[0].slice(1).map((order) => order.amount),
    orders.map((order) => order.amount));
  await executeBatchWrite({ maxAttempts: 5 }, Shop.build(BatchWriteCommand).requests(
    Order.build(BatchDeleteRequest).key({ customer: "ada", order: "024" })));
}

async function oneToMany() {
  const all = await Shop.build(QueryCommand).entities(Customer, Order).query({ partition })
    .options({ ...consistent, maxPages: Infinity, showEntityAttr: true }).send();
  assert.deepEqual(all.Items.map(({ entity }) => entity),
    ["customer", ...Array.from({ length: 24 }, () => "order")]);
  const paid = await Shop.build(QueryCommand).entities(Order)
    .query({ partition, range: { between: ["order#005", "order#015"] } }).options({
      ...consistent, reverse: true, filters: { order: { attr: "status", eq: "paid" } },
      attributes: ["order", "amount"],
    }).send();
  assert.deepEqual(paid.Items, ["014", "012", "010", "008", "006"].map((order) => (
    { order, amount: 100 - Number(order) })));
  assert.equal(paid.ScannedCount, 11);
}

async function pages() {
  const query = Shop.build(QueryCommand).entities(Order)
    .query({ partition, range: { beginsWith: "order#" } });
  const seen = [];
  let exclusiveStartKey;
  do {
    const page = await query.options({ ...consistent, limit: 7, exclusiveStartKey }).send();
    seen.push(...page.Items.map((order) => Number(order.order)));
    exclusiveStartKey = page.LastEvaluatedKey;
  } while (exclusiveStartKey !== undefined);
  assert.deepEqual(seen, Array.from({ length: 24 }, (_, n) => n));
  const segments = await Promise.all([0, 1].map((segment) => Shop.build(ScanCommand)
    .entities(Order).options({
      ...consistent, segment, totalSegments: 2, maxPages: Infinity,
      filters: { order: { attr: "amount", gt: 90 } },
    }).send()));
  assert.equal(segments.flatMap((segment) => segment.Items).length, 10);
}

async function localIndex() {
  const { Items } = await Shop.build(QueryCommand).entities(Order)
    .query({ index: "amount", partition, range: { lt: 80 } }).options(consistent).send();
  assert.deepEqual(Items.map((order) => order.order), ["023", "022", "021"]);
}

// Transactions come later; until then they are refused.
async function transactionsAreRefused() {
  await assert.rejects(executeTransactWrite(
    Order.build(PutTransaction).item({ customer: "ada", order: "999", amount: 1 }),
  ), { name: "UnknownOperationException" });
}

async function removeAll() {
  const { Attributes } = await Customer.build(DeleteItemCommand).key(ada)
    .options({ condition: { attr: "version", eq: 2 }, returnValues: "ALL_OLD" }).send();
  assert.equal(Attributes.visits, 42);
  await Shop.build(DeletePartitionCommand).entities(Order).query({ partition })
    .options(consistent).send();
  const left = await Shop.build(QueryCommand).entities(Order).query({ partition })
    .options(consistent).send();
  assert.deepEqual(left.Items, []);
  await client.send(new DeleteTableCommand({ TableName: Shop.getName() }));
}

await runSteps(createShopTable, putAndGet, updates, optimisticLocking, batches, oneToMany, pages,
  localIndex, ...(elsewhere ? [] : [transactionsAreRefused]), removeAll);
