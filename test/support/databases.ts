/** The databases that Prosody can use, each as the tests reach it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import type { SqlDriverName, SqlOptions } from "../../core/storage/sql/index.js";
import type { DatabaseServer } from "./database-server.js";
import { mariadbIsMissing, startMariadb } from "./mariadb.js";
import { postgresIsMissing, startPostgres } from "./postgres.js";
import { needs } from "./required.js";

/** One of them, while its tests run. */
export interface TestDatabase {
  readonly driver: SqlDriverName;
  /** A new and empty database. */
  create(): Promise<SqlOptions>;
  /** Ends the server at once and starts it again; where there is one. */
  readonly restart?: () => Promise<void>;
}

/** The option `sql` that names a database. */
export function sqlOption(options: SqlOptions): string {
  const members = Object.entries(options).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return `sql = { ${members.join(", ")} }`;
}

const SERVERS = [
  { driver: "PostgreSQL", start: startPostgres, missing: postgresIsMissing() },
  { driver: "MySQL", start: startMariadb, missing: mariadbIsMissing() },
] as const;

/** Declares tests for each of them, with a server of its own; those that are not installed are skipped, with the reason. */
export function describeDatabases(name: string, declare: (database: TestDatabase) => void): void {
  describe(`${name}: SQLite3`, () => {
    let folder = "";
    let files = 0;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "chorus-sqlite-test-"));
    });
    after(() => rm(folder, { recursive: true, force: true }));
    declare({
      driver: "SQLite3",
      create: () => Promise.resolve({ driver: "SQLite3", database: join(folder, `${++files}.sqlite`) }),
    });
  });
  for (const { driver, start, missing } of SERVERS) {
    describe(`${name}: ${driver}`, needs(missing), () => {
      let server: DatabaseServer | undefined;
      before(async () => {
        server = await start();
      });
      after(() => server?.stop());
      const running = (): DatabaseServer => {
        if (server === undefined) throw new Error(`${driver} is not running`);
        return server;
      };
      declare({
        driver,
        create: () => running().createDatabase(),
        restart: () => running().restart(),
      });
    });
  }
}
