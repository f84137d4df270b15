import { existsSync } from "node:fs";
import type { Client, ClientConfig, CustomTypesConfig } from "pg";
import type { SqlOptions } from "./options.js";
import type { SqlBackend, SqlResult, SqlRow, SqlSession, SqlValue } from "./session.js";

type Library = typeof import("pg").default;

/** Where Debian's packages have the socket, which libpq asks when no host is named. */
const SOCKET_FOLDER = "/var/run/postgresql";
const CONNECT_MS = 10_000;
/** Rows of a stream that are in memory at a time. */
const FETCH = 500;
const INT8 = 20;

/** A PostgreSQL database. */
export function openPostgres({ Client, types }: Library, options: SqlOptions, isReadOnly: boolean): SqlBackend {
  const { database, username, password, port } = options;
  const host = options.host ?? (existsSync(SOCKET_FOLDER) ? SOCKET_FOLDER : "localhost");
  const parsers: CustomTypesConfig = {
    // Counts and places in an archive, which are far below 2^53.
    getTypeParser: ((type: number, format?: "text") =>
      type === INT8 ? Number : types.getTypeParser(type, format)) as CustomTypesConfig["getTypeParser"],
  };
  const config: ClientConfig = {
    host,
    database,
    types: parsers,
    application_name: "chorus",
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    ...(username !== undefined && { user: username }),
    ...(password !== undefined && { password }),
    ...(port !== undefined && { port }),
  };
  return {
    isShared: true,
    begin: "BEGIN",
    async connect() {
      const client = new Client(config);
      const session = new PostgresSession(client);
      await client.connect();
      if (isReadOnly) await client.query("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY");
      return session;
    },
    end: () => Promise.resolve(),
  };
}

class PostgresSession implements SqlSession {
  isBroken = false;

  constructor(private readonly client: Client) {
    client.on("error", () => (this.isBroken = true));
    client.on("end", () => (this.isBroken = true));
  }

  async execute(text: string, values: readonly SqlValue[]): Promise<SqlResult> {
    const { rows, rowCount } = await this.client.query<SqlRow>(numbered(text), [...values]);
    return { rows, affected: rowCount ?? 0 };
  }

  async *stream(text: string, values: readonly SqlValue[]): AsyncGenerator<SqlRow> {
    await this.client.query("BEGIN");
    try {
      await this.client.query(`DECLARE rows NO SCROLL CURSOR FOR ${numbered(text)}`, [...values]);
      for (;;) {
        const { rows } = await this.client.query<SqlRow>(`FETCH ${FETCH} FROM rows`);
        yield* rows;
        if (rows.length < FETCH) return;
      }
    } finally {
      if (!this.isBroken) await this.client.query("ROLLBACK");
    }
  }

  async close(): Promise<void> {
    // Told of its end otherwise, a server that has gone would be waited for.
    if (this.isBroken) void this.client.end().catch(() => undefined);
    else await this.client.end();
  }
}

/** `?` as PostgreSQL has it: `$1`, `$2` and so on. */
function numbered(text: string): string {
  let count = 0;
  return text.replace(/\?/g, () => `$${++count}`);
}
