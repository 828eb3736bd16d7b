// A shop through @aws-sdk/client-dynamodb and lib-dynamodb: carts, orders, stock.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import {
  ConditionalCheckFailedException, DeleteTableCommand, DescribeTableCommand, GetItemCommand,
  PutItemCommand, ResourceNotFoundException, paginateListTables, waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand, BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand,
  NumberValue, PutCommand, QueryCommand, ScanCommand, TransactGetCommand, TransactWriteCommand,
  UpdateCommand, paginateQuery, paginateScan,
} from "@aws-sdk/lib-dynamodb";
import { createTable, elsewhere, newClient, runSteps, tableName } from "./flow.mjs";

const client = newClient();
const document = DynamoDBDocumentClient.from(client, {
  marshallOptions: { removeUndefinedValues: true },
});
const TableName = tableName("shop");
const cart = { pk: "customer#1", sk: "cart" };

async function createShopTable() {
  await createTable(client, TableName, [["pk", "S"], ["sk", "S"]],
    { paid: ["paid", "N", ["amount"]] });
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  assert.equal(Table.TableStatus, "ACTIVE");
  assert.ok(Table.CreationDateTime instanceof Date);
  const names = [];
  for await (const page of paginateListTables({ client, pageSize: 1 }, {})) {
    names.push(...page.TableNames);
  }
  assert.ok(names.includes(TableName));
}

async function everyType() {
  const Item = {
    pk: "types", sk: "1", text: "é✓", empty: "", bytes: Uint8Array.of(0, 255), yes: true,
    nothing: null, list: [1, "two", [3, {}]], map: { inner: { number: 0.25 } },
    words: new Set(["a", "b"]), numbers: new Set([1, 2.5]), gone: undefined,
    exact: NumberValue.from("12345678901234567890.123456789"),
  };
  await document.send(new PutCommand({ TableName, Item }));
  const exact = DynamoDBDocumentClient.from(client, {
    unmarshallOptions: { wrapNumbers: (text) => (text.length > 15 ? text : Number(text)) },
  });
  const Key = { pk: "types", sk: "1" };
  const reply = await exact.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
  const { gone, ...stored } = { ...Item, exact: "12345678901234567890.123456789" };
  assert.deepEqual(reply.Item, stored);
}

async function fillTheCart() {
  await document.send(new PutCommand({
    TableName, ConditionExpression: "attribute_not_exists(pk)",
    Item: { ...cart, version: 1, lines: {}, coupons: new Set(["spring"]), log: [] },
  }));
  const add = (sku, count) => document.send(new UpdateCommand({
    TableName, Key: cart, ReturnValues: "ALL_NEW",
    UpdateExpression: "SET #lines.#sku = if_not_exists(#lines.#sku, :none) + :count, " +
      "#log = list_append(#log, :entry), version = version + :one ADD coupons :coupons",
    ConditionExpression: "size(#lines) < :most",
    ExpressionAttributeNames: { "#lines": "lines", "#sku": sku, "#log": "log" },
    ExpressionAttributeValues: {
      ":none": 0, ":one": 1, ":count": count, ":most": 10, ":entry": [sku],
      ":coupons": new Set([`for-${sku}`]),
    },
  }));
  await add("tea", 2);
  await add("cup", 1);
  const { Attributes } = await add("tea", 3);
  assert.deepEqual(Attributes, {
    ...cart, version: 4, lines: { tea: 5, cup: 1 }, log: ["tea", "cup", "tea"],
    coupons: new Set(["spring", "for-tea", "for-cup"]),
  });
  const removed = await document.send(new UpdateCommand({
    TableName, Key: cart, ReturnValues: "UPDATED_OLD",
    UpdateExpression: "REMOVE #lines.cup, #log[0] DELETE coupons :used",
    ExpressionAttributeNames: { "#lines": "lines", "#log": "log" },
    ExpressionAttributeValues: { ":used": new Set(["spring"]) },
  }));
  assert.deepEqual(removed.Attributes.coupons, Attributes.coupons);
  const projected = await document.send(new GetCommand({
    TableName, Key: cart, ConsistentRead: true, ProjectionExpression: "#lines, coupons, #log[0]",
    ExpressionAttributeNames: { "#lines": "lines", "#log": "log" },
  }));
  assert.deepEqual(projected.Item, {
    lines: { tea: 5 }, log: ["cup"], coupons: new Set(["for-tea", "for-cup"]),
  });
}

// Two browsers of one customer: who read the older version is told, with the newer item.
async function optimisticLocking() {
  const read = () => document.send(new GetCommand({ TableName, Key: cart, ConsistentRead: true }));
  const [{ Item: one }, { Item: two }] = await Promise.all([read(), read()]);
  const write = (item, note) => document.send(new PutCommand({
    TableName, Item: { ...item, note, version: item.version + 1 },
    ConditionExpression: "version = :read", ExpressionAttributeValues: { ":read": item.version },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  }));
  const outcomes = await Promise.allSettled([write(one, "one"), write(two, "two")]);
  const lost = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.equal(lost.length, 1);
  const error = lost[0].reason;
  assert.ok(error instanceof ConditionalCheckFailedException);
  assert.equal(error.message, "The conditional request failed");
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert.deepEqual(error.Item.version, { N: String(one.version + 1) });
}

async function ordersInBatches() {
  const orders = Array.from({ length: 60 }, (_, n) => ({
    pk: `customer#${n % 2}`, sk: `order#${String(n).padStart(3, "0")}`, amount: n * 10,
    paid: 100 - n, filler: "x".repeat(500),
  }));
  for (let from = 0; from < orders.length; from += 25) {
    let left = {
      [TableName]: orders.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } })),
    };
    for (let attempt = 0; Object.keys(left).length > 0; attempt++) {
      assert.ok(attempt < 10);
      const reply = await document.send(new BatchWriteCommand({ RequestItems: left }));
      left = reply.UnprocessedItems;
    }
  }
  const Keys = orders.map(({ pk, sk }) => ({ pk, sk }));
  const reply = await document.send(new BatchGetCommand({
    RequestItems: { [TableName]: { Keys, ConsistentRead: true } },
  }));
  assert.deepEqual(reply.UnprocessedKeys, {});
  assert.equal(reply.Responses[TableName].length, 60);
  await assert.rejects(document.send(new BatchGetCommand({
    RequestItems: { [TableName]: { Keys: [Keys[0], Keys[0]] } },
  })), { name: "ValidationException", message: "Provided list of item keys contains duplicates" });
}

async function queries() {
  const query = {
    TableName, ConsistentRead: true,
    KeyConditionExpression: "pk = :customer AND begins_with(sk, :order)",
    ExpressionAttributeValues: { ":customer": "customer#1", ":order": "order#" },
  };
  const sums = [];
  for await (const page of paginateQuery({ client: document, pageSize: 7 }, { ...query })) {
    sums.push(page.Count);
  }
  assert.deepEqual(sums.slice(0, 4), [7, 7, 7, 7]);
  assert.equal(sums.reduce((sum, count) => sum + count), 30);
  const newest = await document.send(new QueryCommand({
    ...query, ScanIndexForward: false, Limit: 2,
  }));
  assert.deepEqual(newest.Items.map((order) => order.sk), ["order#059", "order#057"]);
  assert.deepEqual(newest.LastEvaluatedKey, { pk: "customer#1", sk: "order#057" });
  const large = await document.send(new QueryCommand({
    ...query, FilterExpression: "amount BETWEEN :low AND :high", Select: "COUNT",
    ExpressionAttributeValues: {
      ...query.ExpressionAttributeValues, ":low": 100, ":high": 200,
    },
  }));
  assert.deepEqual([large.Count, large.ScannedCount, large.Items], [5, 30, undefined]);
}

async function localIndex() {
  const { Items } = await document.send(new QueryCommand({
    TableName, IndexName: "paid", ConsistentRead: true, Limit: 2,
    KeyConditionExpression: "pk = :customer AND paid > :least",
    ExpressionAttributeValues: { ":customer": "customer#1", ":least": 50 },
  }));
  assert.deepEqual(Items, [
    { pk: "customer#1", sk: "order#049", paid: 51, amount: 490 },
    { pk: "customer#1", sk: "order#047", paid: 53, amount: 470 },
  ]);
}

async function parallelScan() {
  const segments = await Promise.all([0, 1, 2, 3].map(async (Segment) => {
    const found = [];
    const scan = {
      TableName, ConsistentRead: true, Segment, TotalSegments: 4,
      FilterExpression: "begins_with(sk, :order)", ProjectionExpression: "sk",
      ExpressionAttributeValues: { ":order": "order#" },
    };
    for await (const page of paginateScan({ client: document, pageSize: 9 }, scan)) {
      found.push(...page.Items.map((item) => item.sk));
    }
    return found;
  }));
  assert.equal(segments.flat().length, 60);
  assert.equal(new Set(segments.flat()).size, 60);
  const all = await document.send(new ScanCommand({ TableName, Select: "COUNT" }));
  assert.equal(all.Items, undefined);
}

async function errors() {
  await assert.rejects(document.send(new GetCommand({ TableName, Key: { pk: 1, sk: "cart" } })), {
    name: "ValidationException", message: "The provided key element does not match the schema",
  });
  await assert.rejects(document.send(new GetCommand({ TableName: "no-such", Key: cart })),
    ResourceNotFoundException);
  await assert.rejects(document.send(new UpdateCommand({
    TableName, Key: cart, UpdateExpression: "SET size = :one",
    ExpressionAttributeValues: { ":one": 1 },
  })), {
    name: "ValidationException",
    message: "Invalid UpdateExpression: Attribute name is a reserved keyword; " +
      "reserved keyword: size",
  });
}

// Transactions come later: until then they are refused, never half done.
async function transactionsAreRefused() {
  const refusal = { name: "UnknownOperationException" };
  await assert.rejects(document.send(new TransactWriteCommand({
    TransactItems: [{ Put: { TableName, Item: { pk: "transaction", sk: "1" } } }],
  })), refusal);
  await assert.rejects(document.send(new TransactGetCommand({
    TransactItems: [{ Get: { TableName, Key: cart } }],
  })), refusal);
}

async function compressedRequests() {
  const compressing = newClient();
  compressing.middlewareStack.add((next) => async (call) => {
    call.request.body = gzipSync(call.request.body);
    call.request.headers["content-encoding"] = "gzip";
    call.request.headers["content-length"] = String(call.request.body.length);
    return next(call);
  }, { step: "build", priority: "low" });
  const Item = { pk: { S: "large" }, sk: { S: "1" }, text: { S: "tea ".repeat(90000) } };
  await compressing.send(new PutItemCommand({ TableName, Item }));
  const Key = { pk: Item.pk, sk: Item.sk };
  const reply = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  assert.deepEqual(reply.Item, Item);
}

async function deleteAll() {
  const old = await document.send(new DeleteCommand({
    TableName, Key: cart, ReturnValues: "ALL_OLD",
  }));
  assert.equal(old.Attributes.sk, "cart");
  await client.send(new DeleteTableCommand({ TableName }));
  const waited = await waitUntilTableNotExists({ client, minDelay: 1, maxWaitTime: 20 },
    { TableName });
  assert.equal(waited.state, "SUCCESS");
}

await runSteps(createShopTable, everyType, fillTheCart, optimisticLocking, ordersInBatches, queries,
  localIndex, parallelScan,
  ...(elsewhere ? [] : [errors, transactionsAreRefused, compressedRequests]), deleteAll);
