// Uses a cluster through the AWS SDK for JavaScript. Usage: node exercise.mjs ENDPOINT...
// Ends with exit code 0 and the word "done", or with the failed assertion.
import assert from "node:assert/strict";
import {
  CreateTableCommand, DeleteTableCommand, DescribeTableCommand, DynamoDBClient,
  ResourceNotFoundException, UpdateTableCommand, paginateListTables,
  waitUntilTableExists, waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand, BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand,
  PutCommand, QueryCommand, paginateScan,
} from "@aws-sdk/lib-dynamodb";

const clients = process.argv.slice(2).map((endpoint) => new DynamoDBClient({
  endpoint, region: "us-east-1", credentials: { accessKeyId: "any", secretAccessKey: "any" },
}));
const documents = clients.map((client) => DynamoDBDocumentClient.from(client));
const [client] = clients;
const [document] = documents;
const last = documents[documents.length - 1];
const patient = { client, minDelay: 1, maxWaitTime: 20 };
const TableName = `javascript-${process.pid}`;

async function createTable() {
  await client.send(new CreateTableCommand({
    TableName, BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" }, { AttributeName: "sk", AttributeType: "N" },
    ],
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" }, { AttributeName: "sk", KeyType: "RANGE" },
    ],
  }));
  await waitUntilTableExists(patient, { TableName });
  const names = [];
  for await (const page of paginateListTables({ client, pageSize: 1 }, {})) {
    names.push(...page.TableNames);
  }
  assert.ok(names.includes(TableName));
}

async function putAndGet() {
  const Item = {
    pk: "cart", sk: 1, text: "é✓", bytes: Uint8Array.of(0, 255), flag: false, nothing: null,
    list: [1, "two", [3]], map: { inner: { number: 0.25 } }, set: new Set(["a", "b"]),
  };
  await document.send(new PutCommand({ TableName, Item }));
  const Key = { pk: "cart", sk: 1 };
  for (const reader of documents) {
    const reply = await reader.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
    assert.deepEqual(reply.Item, Item);
  }
  await last.send(new DeleteCommand({ TableName, Key }));
  const gone = await document.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
  assert.equal(gone.Item, undefined);
}

async function batchesAndPages() {
  const items = Array.from({ length: 25 }, (_, sk) => ({ pk: "batch", sk }));
  const written = await document.send(new BatchWriteCommand({
    RequestItems: { [TableName]: items.map((Item) => ({ PutRequest: { Item } })) },
  }));
  assert.deepEqual(written.UnprocessedItems, {});
  const read = await last.send(new BatchGetCommand({
    RequestItems: { [TableName]: { Keys: items, ConsistentRead: true } },
  }));
  assert.equal(read.Responses[TableName].length, 25);
  const query = await last.send(new QueryCommand({
    TableName, ConsistentRead: true, ScanIndexForward: false, Limit: 3,
    KeyConditionExpression: "pk = :p AND sk < :s",
    ExpressionAttributeValues: { ":p": "batch", ":s": 10 },
  }));
  assert.deepEqual(query.Items.map((item) => item.sk), [9, 8, 7]);
  let count = 0;
  const scan = { TableName, ConsistentRead: true };
  for await (const page of paginateScan({ client: last, pageSize: 4 }, scan)) {
    count += page.Items.length;
  }
  assert.equal(count, 25);
}

async function protection() {
  const protect = (DeletionProtectionEnabled) =>
    client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled }));
  await protect(true);
  await assert.rejects(client.send(new DeleteTableCommand({ TableName })),
    { name: "ValidationException" });
  await protect(false);
}

async function deleteTable() {
  await client.send(new DeleteTableCommand({ TableName }));
  await waitUntilTableNotExists(patient, { TableName });
  await assert.rejects(client.send(new DescribeTableCommand({ TableName })),
    ResourceNotFoundException);
}

await createTable();
await putAndGet();
await batchesAndPages();
await protection();
await deleteTable();
console.log("done");
