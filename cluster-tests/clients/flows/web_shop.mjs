// A shop on the web, which keeps carts in sessions, and browsers that go there.
import assert from "node:assert/strict";
import { once } from "node:events";
import express from "express";
import session from "express-session";

// A server whose sessions last so many milliseconds; its address.
export async function startShop(store, maxAge) {
  const shop = express();
  shop.use(session({
    store, secret: "of the shop", resave: false, saveUninitialized: false,
    cookie: { maxAge },
  }));
  shop.post("/login/:customer", (request, response) => {
    Object.assign(request.session, { customer: request.params.customer, lines: {} });
    response.sendStatus(204);
  });
  shop.post("/add/:sku", ({ params, session: { lines } }, response) => {
    lines[params.sku] = (lines[params.sku] ?? 0) + 1;
    response.json(lines);
  });
  shop.get("/", ({ session: { customer, lines } }, response) => {
    response.json({ customer, lines });
  });
  shop.post("/logout", (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.sendStatus(204)));
  });
  const server = shop.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

export class Browser {
  async fetch(url, method = "GET") {
    const headers = this.cookie === undefined ? {} : { cookie: this.cookie };
    const reply = await fetch(url, { method, headers });
    assert.ok(reply.ok, `${method} ${url}: ${reply.status} ${await reply.clone().text()}`);
    this.cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? this.cookie;
    return reply.status === 204 ? undefined : reply.json();
  }

  // The name under which the store keeps this session.
  get session() {
    return decodeURIComponent(this.cookie).match(/=s:([^.]*)/)[1];
  }
}
