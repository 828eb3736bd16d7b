// Reads and writes a large item as a browser would: through fetch, which asks for compressed replies
// by itself, and with requests that are compressed before they are signed.
// Usage: node compression.mjs ENDPOINT. Ends with the word "done", or with the failed assertion.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import {
  CreateTableCommand, DeleteTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";

const client = new DynamoDBClient({
  endpoint: process.argv[2], region: "us-east-1",
  credentials: { accessKeyId: "any", secretAccessKey: "any" },
  requestHandler: new FetchHttpHandler(),
});
const TableName = `compression-${process.pid}`;
const codings = [];

client.middlewareStack.add((next) => async (call) => {
  call.request.body = gzipSync(call.request.body);
  call.request.headers["content-encoding"] = "gzip";
  call.request.headers["content-length"] = String(call.request.body.length);
  return next(call);
}, { step: "build", priority: "low" });
client.middlewareStack.add((next) => async (call) => {
  const reply = await next(call);
  codings.push(reply.response.headers["content-encoding"]);
  return reply;
}, { step: "deserialize", priority: "low" });

await client.send(new CreateTableCommand({
  TableName, BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
}));
await waitUntilTableExists({ client, minDelay: 1, maxWaitTime: 20 }, { TableName });
const Item = { pk: { S: "1" }, value: { S: "tea ".repeat(20000) } };
await client.send(new PutItemCommand({ TableName, Item }));
assert.equal(codings.at(-1), undefined);
const Key = { pk: Item.pk };
const reply = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
assert.deepEqual(reply.Item, Item);
assert.equal(codings.at(-1), "gzip");
await client.send(new DeleteTableCommand({ TableName }));
console.log("done");
