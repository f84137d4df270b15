import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { RoomLoad } from "../load/room.js";
import { prosodyIsMissing, startProsodyRooms } from "../servers/prosody.js";
import { ROOMS } from "../servers/server.js";
import { withServer, type Bench } from "../workloads/workload.js";
import { ARCHIVE_BEGINS, ARCHIVE_ROOM, messageBody } from "./archive-content.js";

/** Lua modules of DBI for SQLite, where Debian puts them. */
const DBI = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((arch) => `/usr/lib/${arch}/lua/5.4/dbd/sqlite3.so`);

/** Why Prosody cannot have archives in SQLite here, or `undefined`. */
export function prosodySqliteIsMissing(): string | undefined {
  if (prosodyIsMissing() !== undefined) return prosodyIsMissing();
  if (!DBI.some((file) => existsSync(file))) return "lua-dbi-sqlite3 is not installed";
  return spawnSync("sqlite3", ["--version"]).status === 0 ? undefined : "sqlite3 is not installed";
}

/** Lines of the rooms' section: archives in a file of SQLite. As nothing expires, Prosody counts no entries for a page. */
export function sqliteArchives(file: string): string {
  return `  modules_enabled = { "muc_mam" }
  storage = { muc_log = "sql" }
  sql = { driver = "SQLite3", database = "${file}" }
  muc_log_expires_after = "never"
`;
}

/** A copy of the file with the large archive: Prosody removes it with the room, once that is empty. The caller removes it. */
export async function prosodySqlite(bench: Bench): Promise<string> {
  const copy = join(bench.kept, "prosody.sqlite");
  await copyFile(await seedFile(bench), copy);
  return copy;
}

/** The file with the large archive, made when it is not there. */
async function seedFile(bench: Bench): Promise<string> {
  const { messages } = bench.sizes.stored;
  const file = join(bench.kept, `prosody-${messages}.sqlite`);
  if (existsSync(file)) return file;
  await mkdir(bench.kept, { recursive: true });
  const unfinished = `${file}.unfinished`;
  await rm(unfinished, { force: true });
  // Prosody makes the tables, and their indices, itself, when there is something to put in.
  await withServer(startProsodyRooms(bench.launch, sqliteArchives(unfinished)), async (_, login) => {
    const room = new RoomLoad(`first@${ROOMS}`, await login(1));
    await room.join(1);
    await room.talk({ senders: 1, messages: 1, inFlight: 1 });
  });
  const message = `<message from="${ARCHIVE_ROOM}@${ROOMS}/Juliet" to="${ARCHIVE_ROOM}@${ROOMS}" type="groupchat"><body>%09d${messageBody(0).slice(9)}</body></message>`;
  await sqlite(
    unfinished,
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${messages - 1})
INSERT INTO prosodyarchive ("host", "user", "store", "key", "when", "with", "type", "value")
SELECT '${ROOMS}', '${ARCHIVE_ROOM}', 'muc_log', printf('id-%09d', i), ${ARCHIVE_BEGINS} + i, 'message<groupchat', 'xml',
  printf('${message}', i) FROM n;
ANALYZE;`,
  );
  await rename(unfinished, file);
  return file;
}

async function sqlite(file: string, statements: string): Promise<void> {
  const child = spawn("sqlite3", ["-bail", file], { stdio: ["pipe", "inherit", "inherit"] });
  child.stdin.end(statements);
  const status = await new Promise((resolve) => child.once("close", resolve));
  if (status !== 0) throw new Error(`sqlite3 ended with ${String(status)}`);
}
