import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeSql, readSqlOptions } from "../../../../core/storage/sql/index.js";
import type { ConfigValue } from "../../../../core/config/config.js";

describe("option sql", () => {
  const access = { username: "prosody", password: "secret", host: "db.example" };
  const readings: readonly [value: ConfigValue | undefined, place: string][] = [
    [undefined, "/data/prosody.sqlite"],
    [{ driver: "SQLite3" }, "/data/prosody.sqlite"],
    [{ driver: "SQLite3", database: "other.db" }, "/data/other.db"],
    [{ driver: "SQLite3", database: "/var/other.db" }, "/var/other.db"],
    [{ driver: "PostgreSQL", database: "prosody", ...access }, "PostgreSQL database prosody on db.example"],
    [{ driver: "MySQL", database: "p", ...access, port: "3307" }, "MySQL database p on db.example:3307"],
    [{ driver: "PostgreSQL", database: "prosody" }, "PostgreSQL database prosody"],
  ];
  for (const [value, place] of readings) {
    it(`${JSON.stringify(value)} is ${place}`, () => {
      const options = readSqlOptions(value, "/data");
      assert.ok(typeof options === "object", String(options));
      assert.equal(describeSql(options), place);
    });
  }

  const mistakes: readonly [value: ConfigValue, told: RegExp][] = [
    ["PostgreSQL", /expected a table/],
    [{ database: "x" }, /driver.*"nothing"/],
    [{ driver: "postgres", database: "x" }, /"PostgreSQL".*"postgres"/],
    [{ driver: "MySQL" }, /name of a database/],
    [{ driver: "MySQL", database: "x", port: 0 }, /port/],
    [{ driver: "MySQL", database: "x", password: { a: 1 } }, /password to be a string/],
  ];
  for (const [value, told] of mistakes) {
    it(`${JSON.stringify(value)} is refused`, () => {
      const options = readSqlOptions(value, "/data");
      assert.ok(typeof options === "string");
      assert.match(options, told);
    });
  }
});
