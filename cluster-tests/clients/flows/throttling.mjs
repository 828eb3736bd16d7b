// A provisioned table that is asked for more than it has: what the AWS SDK for JavaScript tells,
// and how its retries, and an application's of what a batch left undone, get there in the end.
import assert from "node:assert/strict";
import {
  CreateTableCommand, DeleteTableCommand, ProvisionedThroughputExceededException,
} from "@aws-sdk/client-dynamodb";
import {
  BatchWriteCommand, DynamoDBDocumentClient, PutCommand, ScanCommand,
} from "@aws-sdk/lib-dynamodb";
import { newClient, runSteps, tableName, until, waitForTable } from "./flow.mjs";

const TableName = tableName("throttled");
const impatient = DynamoDBDocumentClient.from(newClient({ maxAttempts: 1 }));
const patient = DynamoDBDocumentClient.from(newClient({ maxAttempts: 12 }));
const unitsPerSecond = 20;
const burst = 300 * unitsPerSecond;
const filler = "x".repeat(20300); // with its key: 20 units

async function createTable() {
  await patient.send(new CreateTableCommand({
    TableName,
    ProvisionedThroughput: { ReadCapacityUnits: 100, WriteCapacityUnits: unitsPerSecond },
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  }));
  await waitForTable(patient, TableName);
}

async function saysWhatIsExceeded() {
  let refusal;
  let written = 0;
  const started = Date.now();
  while (refusal === undefined && written < 2 * burst) {
    const put = new PutCommand({ TableName, Item: { pk: `large-${written}`, filler } });
    await impatient.send(put).then(() => { written += 20; }, (error) => { refusal = error; });
  }
  assert.ok(refusal instanceof ProvisionedThroughputExceededException);
  assert.match(refusal.message, /^The level of configured provisioned throughput for the table /);
  assert.equal(refusal.ThrottlingReasons[0].reason, "TableWriteProvisionedThroughputExceeded");
  const filled = unitsPerSecond * (Date.now() - started) / 1000;
  assert.ok(written >= 0.8 * burst && written <= 1.2 * (burst + filled), `${written} units`);
}

async function retriesGetThere() {
  const reply = await patient.send(new PutCommand({ TableName, Item: { pk: "patient" } }));
  assert.ok(reply.$metadata.attempts > 1);
}

async function batchesGetThere() {
  let left = {
    [TableName]: Array.from({ length: 25 }, (_, n) => ({
      PutRequest: { Item: { pk: `batch-${n}`, filler: filler.slice(0, 5000) } },
    })),
  };
  const remainders = [];
  await until(async () => {
    const reply = await patient.send(new BatchWriteCommand({ RequestItems: left }));
    left = reply.UnprocessedItems;
    remainders.push(left[TableName]?.length ?? 0);
    return Object.keys(left).length === 0;
  }, 40, "the whole batch");
  assert.ok(remainders.length > 1, "nothing was left undone");
  const scan = { TableName, ConsistentRead: true, Select: "COUNT" };
  const names = { ":batch": "batch-" };
  let count = 0;
  let ExclusiveStartKey;
  do {
    const page = await patient.send(new ScanCommand({
      ...scan, ExclusiveStartKey, FilterExpression: "begins_with(pk, :batch)",
      ExpressionAttributeValues: names,
    }));
    count += page.Count;
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  assert.equal(count, 25);
}

async function deleteTable() {
  await patient.send(new DeleteTableCommand({ TableName }));
}

await runSteps(createTable, saysWhatIsExceeded, retriesGetThere, batchesGetThere, deleteTable);
