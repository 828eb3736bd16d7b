// dynamodb-lock-client: contenders for a lock, each through a node of its own.
import assert from "node:assert/strict";
import { once } from "node:events";
import AWS from "aws-sdk";
import locks from "dynamodb-lock-client";
import { DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import {
  createTable, credentials, newClient, nextEndpoint, region, runSteps, tableName, until,
} from "./flow.mjs";

const client = newClient();
const lockTable = tableName("locks");
const leaseDurationMs = 1000;

// The library speaks through version 2 of the SDK.
function newDocumentClient() {
  return new AWS.DynamoDB.DocumentClient({ endpoint: nextEndpoint().href, region, credentials });
}

function contender(kind, owner, options) {
  const locker = new kind({
    dynamodb: newDocumentClient(), lockTable, partitionKey: "id", owner, ...options,
  });
  return (id) => new Promise((resolve, reject) => {
    locker.acquireLock(id, (error, lock) => (error ? reject(error) : resolve(lock)));
  });
}

function release(lock) {
  return new Promise((resolve, reject) => {
    lock.release((error) => (error ? reject(error) : resolve()));
  });
}

async function stored(id) {
  const reply = await newDocumentClient().get({
    TableName: lockTable, Key: { id }, ConsistentRead: true,
  }).promise();
  return reply.Item;
}

async function createLockTable() {
  await createTable(client, lockTable, [["id", "S"]]);
}

async function oneOfTwoHolds() {
  const options = { acquirePeriodMs: 50, retryCount: 1 };
  const outcomes = await Promise.allSettled(["ada", "bob"].map((owner) =>
    contender(locks.FailClosed, owner, options)("closed")));
  const held = outcomes.filter((outcome) => outcome.status === "fulfilled");
  assert.equal(held.length, 1);
  const { reason } = outcomes.find((outcome) => outcome.status === "rejected");
  assert.equal(reason.code, "FailedToAcquireLock");
  assert.equal(reason.originalError.code, "ConditionalCheckFailedException");
  await release(held[0].value);
  assert.equal(await stored("closed"), undefined);
}

// Who waits gets the lock when it is released, and not before.
async function waitsForRelease() {
  const options = { acquirePeriodMs: 50, retryCount: 100 };
  const first = await contender(locks.FailClosed, "ada", options)("handed on");
  let second;
  const waiting = contender(locks.FailClosed, "bob", options)("handed on").then((lock) => {
    second = lock;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(second, undefined);
  await release(first);
  await waiting;
  assert.equal((await stored("handed on")).owner, "bob");
  await assert.rejects(release(first), { code: "FailedToReleaseLock" });
  await release(second);
}

async function leaseExpires() {
  const acquire = (owner) => contender(locks.FailOpen, owner, { leaseDurationMs })("open");
  const first = await acquire("ada");
  assert.equal(first.fencingToken, 1);
  const started = Date.now();
  const second = await acquire("bob");
  assert.ok(Date.now() - started >= leaseDurationMs);
  assert.equal(second.fencingToken, 2);
  await release(first); // too late: bob keeps it
  const { owner, leaseDurationMs: lease, guid } = await stored("open");
  assert.deepEqual([owner, lease, guid.length], ["bob", leaseDurationMs, 64]);
  await release(second);
  const third = await acquire("eve");
  assert.equal(third.fencingToken, 3);
  await release(third);
}

// A holder that lives keeps its lock for longer than a lease; who takes it away is noticed.
async function heartbeatKeeps() {
  const heartbeatPeriodMs = 200;
  const first = await contender(locks.FailOpen, "ada", { leaseDurationMs, heartbeatPeriodMs })(
    "beating");
  const { guid } = await stored("beating");
  await assert.rejects(
    contender(locks.FailOpen, "bob", { leaseDurationMs, retryCount: 0 })("beating"),
    { code: "FailedToAcquireLock" });
  await until(async () => !(await stored("beating")).guid.equals(guid), 5, "a heartbeat");
  assert.equal((await stored("beating")).owner, "ada");
  const noticed = once(first, "error");
  await newDocumentClient().put({
    TableName: lockTable, Item: { id: "beating", fencingToken: 9, leaseDurationMs, owner: "eve" },
  }).promise();
  const [error] = await noticed;
  assert.equal(error.code, "ConditionalCheckFailedException");
}

async function deleteTable() {
  await client.send(new DeleteTableCommand({ TableName: lockTable }));
}

await runSteps(createLockTable, oneOfTwoHolds, waitsForRelease, leaseExpires, heartbeatKeeps,
  deleteTable);
