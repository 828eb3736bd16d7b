// DynamoDB OneTable: accounts, users and invoices in a single table, with its primary index.
// (Access by another key would usually have a global secondary index; that comes later. So do
// transactions, which the library needs for attributes that are unique.)
import assert from "node:assert/strict";
import { DescribeTimeToLiveCommand } from "@aws-sdk/client-dynamodb";
import { Dynamo } from "dynamodb-onetable/Dynamo";
import { OneTableError, Table } from "dynamodb-onetable";
import { elsewhere, newClient, runSteps, tableName, waitForTable } from "./flow.mjs";

const client = newClient();
const table = new Table({
  name: tableName("onetable"), client: new Dynamo({ client }), partial: true, logger: false,
  schema: {
    format: "onetable:1.1.0", version: "0.0.1",
    indexes: {
      primary: { hash: "pk", sort: "sk" },
      byAmount: { sort: "amount", type: "local", project: "all" },
    },
    params: { isoDates: true, timestamps: true },
    models: {
      Account: {
        pk: { type: String, value: "account#${id}" },
        sk: { type: String, value: "account#" },
        id: { type: String, generate: "ulid" },
        name: { type: String, required: true },
        status: { type: String, default: "active", enum: ["active", "closed"] },
        version: { type: Number, default: 1 },
        balance: { type: Number, default: 0 },
        address: {
          type: Object, default: {}, schema: { city: { type: String }, code: { type: String } },
        },
        notes: { type: Array, default: [] },
        tags: { type: Set },
        expires: { type: Date, ttl: true },
      },
      User: {
        pk: { type: String, value: "account#${account}" },
        sk: { type: String, value: "user#${email}" },
        account: { type: String, required: true },
        email: { type: String, required: true, validate: /^\S+@\S+$/ },
        role: { type: String, default: "reader" },
      },
      Invoice: {
        pk: { type: String, value: "account#${account}" },
        sk: { type: String, value: "invoice#${number}" },
        account: { type: String, required: true },
        number: { type: String, required: true },
        amount: { type: Number, required: true },
        paid: { type: Boolean, default: false },
      },
    },
  },
});
const Account = table.getModel("Account");
const User = table.getModel("User");
const Invoice = table.getModel("Invoice");
const consistent = { consistent: true };
let id;

async function libraryMakesTheTable() {
  await table.createTable({ TimeToLiveSpecification: { AttributeName: "expires", Enabled: true } });
  await waitForTable(client, table.name);
  assert.ok(await table.exists());
  const reply = await client.send(new DescribeTimeToLiveCommand({ TableName: table.name }));
  assert.equal(reply.TimeToLiveDescription.AttributeName, "expires");
}

async function createAndRead() {
  const expires = new Date("2100-01-01T00:00:00Z");
  const account = await Account.create({
    name: "Tea & Co", address: { city: "London" }, tags: new Set(["new"]), expires,
  });
  ({ id } = account);
  assert.match(id, /^[0-9A-Z]{26}$/);
  const read = await Account.get({ id }, consistent);
  assert.deepEqual([read.name, read.status, read.address, read.balance, read.expires],
    ["Tea & Co", "active", { city: "London" }, 0, expires]);
  assert.ok(read.created instanceof Date);
  assert.deepEqual([...read.tags], ["new"]);
  await assert.rejects(Account.create({ id, name: "again" }), (error) =>
    error instanceof OneTableError && error.code === "ConditionalCheckFailedException");
  await assert.rejects(User.create({ account: id, email: "none" }),
    { name: "OneTableError", code: "ValidationError" });
  assert.equal(await Account.get({ id: "none" }, consistent), undefined);
}

async function updates() {
  await Account.update({ id, status: "closed" });
  await Account.update({ id }, { add: { balance: 12.5 }, push: { notes: ["first", "second"] } });
  await Account.update({ id }, { set: { "address.code": "W1", "notes[0]": "changed" } });
  await Account.update({ id }, { add: { tags: new Set(["regular"]) } });
  await Account.update({ id }, { delete: { tags: new Set(["new"]) }, remove: ["address.city"] });
  const account = await Account.update({ id, expires: null });
  assert.deepEqual([account.status, account.balance, account.notes, account.address],
    ["closed", 12.5, ["changed", "second"], { code: "W1" }]);
  assert.deepEqual([[...account.tags], account.expires], [["regular"], undefined]);
  await assert.rejects(Account.update({ id: "none", name: "nobody" }), (error) =>
    error instanceof OneTableError && error.code === "ConditionalCheckFailedException");
}

async function optimisticLocking() {
  const { version } = await Account.get({ id }, consistent);
  const write = (name) => Account.update({ id, name }, {
    set: { version: version + 1 }, where: "${version} = {" + version + "}",
  });
  const outcomes = await Promise.allSettled([write("one"), write("two")]);
  const lost = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.equal(lost.length, 1);
  assert.equal(lost[0].reason.code, "ConditionalCheckFailedException");
}

async function batches() {
  const batch = {};
  for (let n = 0; n < 20; n++) {
    await Invoice.create({
      account: id, number: String(n).padStart(3, "0"), amount: 100 - n, paid: n % 2 === 0,
    }, { batch, exists: null });
  }
  await User.create({ account: id, email: "ada@example.org", role: "owner" }, {
    batch, exists: null,
  });
  assert.equal(await table.batchWrite(batch), true);
  const wanted = {};
  await User.get({ account: id, email: "ada@example.org" }, { batch: wanted });
  await Invoice.get({ account: id, number: "007" }, { batch: wanted });
  const read = await table.batchGet(wanted, { parse: true, hidden: false, ...consistent });
  const kinds = read.map((item) => ("role" in item ? item.role : item.amount)).sort();
  assert.deepEqual(kinds, [93, "owner"]);
}

async function oneToMany() {
  const items = await table.fetch(["Account", "User", "Invoice"], { pk: `account#${id}` },
    consistent);
  assert.deepEqual([items.Account.length, items.User.length, items.Invoice.length], [1, 1, 20]);
  const paid = await Invoice.find({ account: id, paid: true, sk: { begins: "invoice#01" } }, {
    ...consistent, where: "${amount} > {83}", reverse: true,
  });
  assert.deepEqual(paid.map((invoice) => invoice.number), ["016", "014", "012", "010"]);
  const { count } = await Invoice.find({ account: id }, { ...consistent, count: true });
  assert.equal(count, 20);
}

async function pages() {
  const seen = [];
  let next;
  do {
    const page = await Invoice.find({ account: id }, { ...consistent, limit: 6, next });
    seen.push(...page.map((invoice) => invoice.number));
    ({ next } = page);
  } while (next !== undefined);
  assert.equal(seen.length, 20);
  assert.deepEqual(seen, [...seen].sort());
  const scanned = await Invoice.scan({ paid: false }, { ...consistent, fields: ["number"] });
  assert.equal(scanned.length, 10);
}

async function localIndex() {
  const cheap = await Invoice.find({ pk: `account#${id}`, amount: { "<": 84 } }, {
    ...consistent, index: "byAmount",
  });
  assert.deepEqual(cheap.map((invoice) => invoice.amount), [81, 82, 83]);
}

async function transactionsAreRefused() {
  const transaction = {};
  await Account.update({ id, name: "both" }, { transaction });
  await User.create({ account: id, email: "bob@example.org" }, { transaction });
  await assert.rejects(table.transact("write", transaction), (error) =>
    error instanceof OneTableError && error.code === "UnknownOperationException");
  const bob = { account: id, email: "bob@example.org" };
  assert.equal(await User.get(bob, consistent), undefined);
}

async function removeAll() {
  await User.remove({ account: id, email: "ada@example.org" });
  await Invoice.remove({ account: id }, { many: true, ...consistent });
  const left = await Invoice.find({ account: id }, consistent);
  assert.equal(left.length, 0);
  await table.deleteTable("DeleteTableForever");
}

await runSteps(libraryMakesTheTable, createAndRead, updates, optimisticLocking, batches,
  oneToMany, pages, localIndex, ...(elsewhere ? [] : [transactionsAreRefused]), removeAll);
