// What the flows share: clients whose requests go to one endpoint after the other, and steps.
// The endpoints are the arguments of the program.
import {
  CreateTableCommand, DynamoDB, waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";

export const endpoints = process.argv.slice(2).map((endpoint) => new URL(endpoint));
export const credentials = { accessKeyId: "any", secretAccessKey: "any" };
export const region = "us-east-1";
// Not Cartwheel: what Cartwheel does not do yet may be done there.
export const elsewhere = process.env.CARTWHEEL_CLIENTS_ENDPOINT !== undefined;
let turn = 0;

export function nextEndpoint() {
  return endpoints[turn++ % endpoints.length];
}

// A client that sends each request, and each retry of one, to the next endpoint.
export function newClient(options = {}) {
  const client = new DynamoDB({
    endpoint: endpoints[0].href, region, credentials, maxAttempts: 5, ...options,
  });
  client.middlewareStack.addRelativeTo((next) => (call) => {
    const { hostname, port, host } = nextEndpoint();
    Object.assign(call.request, { hostname, port: Number(port) });
    call.request.headers.host = host;
    return next(call);
  }, { relation: "after", toMiddleware: "retryMiddleware", name: "nextEndpoint" });
  return client;
}

// A name that no other run uses.
export function tableName(prefix) {
  return `${prefix}-${process.pid}-${Date.now()}`;
}

// Creates an on-demand table and waits for it. Keys are [name, type], the partition key first; so
// is the sort key of each local secondary index, which may be followed by attributes to include.
export async function createTable(client, TableName, keys, indexes = {}) {
  const schema = (names) => names.map((AttributeName, at) => (
    { AttributeName, KeyType: at === 0 ? "HASH" : "RANGE" }));
  const sorts = Object.values(indexes).map(([name, type]) => [name, type]);
  const LocalSecondaryIndexes = Object.entries(indexes).map(([IndexName, [sort, , included]]) => ({
    IndexName, KeySchema: schema([keys[0][0], sort]),
    Projection: included === undefined ? { ProjectionType: "ALL" }
      : { ProjectionType: "INCLUDE", NonKeyAttributes: included },
  }));
  await client.send(new CreateTableCommand({
    TableName, BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [...keys, ...sorts].map(([AttributeName, AttributeType]) => (
      { AttributeName, AttributeType })),
    KeySchema: schema(keys.map(([name]) => name)),
    ...(LocalSecondaryIndexes.length > 0 && { LocalSecondaryIndexes }),
  }));
  await waitForTable(client, TableName);
}

export function waitForTable(client, TableName) {
  return waitUntilTableExists({ client, minDelay: 1, maxDelay: 2, maxWaitTime: 20 }, { TableName });
}

// Waits until `condition` gives something true, which it returns.
export async function until(condition, seconds, what) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

// Runs functions one after the other, by name; ends the program at the first that throws.
export async function runSteps(...steps) {
  for (const step of steps) {
    try {
      await step();
      console.log(`passed: ${step.name}`);
    } catch (error) {
      console.log(`FAILED: ${step.name}`);
      console.error(error);
      process.exit(1);
    }
  }
  console.log("done");
  process.exit(0);
}
