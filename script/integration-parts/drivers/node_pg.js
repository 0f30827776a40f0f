// Node's pg: its own protocol code, parameters, named statements; COPY is in packages of its own.

"use strict";
const fs = require("fs");
const net = require("net");
const { Client } = require("pg");

const environment = process.env;
const db = new Client({
  host: environment.PGHOST,
  port: environment.PGPORT,
  database: environment.PGDATABASE,
  user: environment.PGUSER,
  password: environment.PGPASSWORD,
  ssl: { ca: fs.readFileSync(environment.PGSSLROOTCERT), servername: "" },
});

async function step(name, action) {
  try {
    console.log(`${name}\tok\t${await action()}`);
  } catch (problem) {
    console.log(`${name}\tfailed\t${String(problem).replace(/\n/g, " ")}`);
  }
}

function later(emitter, event) {
  return new Promise((resolve, reject) => {
    emitter.once(event, resolve);
    setTimeout(reject, 10000, new Error(`no ${event} came`)).unref();
  });
}

async function one(sql, values) {
  const result = await db.query({ text: sql, values, rowMode: "array" });
  return result.rows[0][0];
}

async function state(sql, values) {
  try {
    await db.query(sql, values);
    return "none";
  } catch (problem) {
    return problem.code;
  }
}

const steps = {
  login: async () => {
    await db.connect();
    return (await db.query({ text: "SELECT current_user, current_database()", rowMode: "array" })).rows[0].join(" ");
  },
  simple: () => one("SELECT 6 * 7"),
  parameters: async () => {
    const text = "SELECT $1::int + $2::int, $3::text, $4::text";
    const result = await db.query({ text, values: [40, 2, "Grüße, 世界", null], rowMode: "array" });
    return result.rows[0].join(" ") + (result.rows[0][2] === null ? "null" : "");
  },
  prepared: async () => {
    let total = 0;
    for (let i = 1; i <= 20; i++) {
      total += (await db.query({ name: "twice", text: "SELECT $1::int * 2 AS n", values: [i] })).rows[0].n;
    }
    return total;
  },
  error: async () => {
    await db.query("CREATE TEMPORARY TABLE items (id int, label text)");
    await db.query("INSERT INTO items SELECT i, 'item' FROM generate_series(1, 100) i");
    await db.query("BEGIN");
    await db.query("INSERT INTO items VALUES ($1, $2)", [-1, "gone"]);
    const states = `${await state("SELECT 1 / $1::int", [0])} ${await state("SELECT 1")}`;
    await db.query("ROLLBACK");
    return `${states} ${await one("SELECT count(*) FROM items")}`;
  },
  cancel: async () => {
    // pg's own cancel() goes without TLS and by a query object; a cancel request is sixteen bytes.
    setTimeout(() => {
      const packet = Buffer.alloc(16);
      [16, 80877102, db.processID, db.secretKey].forEach((word, at) => packet.writeInt32BE(word, at * 4));
      net.connect(environment.PGPORT, environment.PGHOST).on("error", () => {}).end(packet);
    }, 500);
    return `${await state("SELECT pg_sleep(30)")} ${await one("SELECT 1")}`;
  },
  large: async () =>
    `${await one("SELECT length($1::text)", ["y".repeat(1500000)])} ${(await one("SELECT repeat('x', 3000000)")).length}`,
  many: async () => {
    const text = "SELECT i, 'row ' || i FROM generate_series(1, 100000) i";
    const { rows } = await db.query({ text, rowMode: "array" });
    let total = 0;
    for (const [number, label] of rows) {
      if (label !== `row ${number}`) throw new Error(`row ${number} says ${label}`);
      total += number;
    }
    return `${rows.length} ${total}`;
  },
  notice: async () => {
    const heard = later(db, "notice");
    await db.query("DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$");
    return (await heard).message;
  },
  notify: async () => {
    const heard = later(db, "notification");
    await db.query("LISTEN news");
    await db.query("SELECT pg_notify('news', 'something new')");
    const { channel, payload } = await heard;
    return `${channel} ${payload}`;
  },
  close: async () => {
    await db.end();
    return "closed";
  },
};

(async () => {
  for (const [name, action] of Object.entries(steps)) {
    await step(name, action);
  }
  for (const [name, why] of [["batch", "pg has none"], ["copy in", "in pg-copy-streams"], ["copy out", "in pg-copy-streams"]]) {
    console.log(`${name}\tnot offered\t${why}`);
  }
  const { version } = JSON.parse(fs.readFileSync(require.resolve("pg/package.json")));
  console.log(`version\tok\t${version}, Node ${process.version}`);
})();
