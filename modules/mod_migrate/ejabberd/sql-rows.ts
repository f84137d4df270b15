import { readTerm } from "./term-reader.js";
import { listOf } from "./term.js";
import { decodeUtf8, misshapen, TextError } from "./text-error.js";
import type { Secret, SourceRecord } from "./records.js";
import type { SqlRow } from "./sql-statement.js";

/** What a column of one letter stands for. */
const SUBSCRIPTIONS: Readonly<Record<string, string>> = { B: "both", T: "to", F: "from", N: "none" };
const ASKS: Readonly<Record<string, string>> = { S: "subscribe", U: "unsubscribe", B: "both", O: "out", I: "in", N: "none" }; // prettier-ignore
/** What the column `type` of `users` stands for; 0 or without it, the stored key has its hash in front. */
const HASHES = [undefined, "plain", "sha", "sha256", "sha512"] as const;

/** How to read a row of a table. */
const READERS: Readonly<Record<string, (row: Row) => SourceRecord>> = {
  muc_room: (row) => ({
    kind: "room",
    node: row.text("name"),
    host: row.text("host"),
    options: listOf(readTerm(row.bytes("opts"))),
  }),
  muc_registered: (row) => ({ kind: "nick", host: row.text("host"), jid: row.text("jid"), nick: row.text("nick") }),
  users: (row) => ({
    kind: "account",
    ...row.owner(),
    secret: secretOf(row),
    isOneOfSeveral: row.has("type"),
  }),
  rosterusers: (row) => ({
    kind: "roster",
    ...row.owner(),
    jid: row.text("jid"),
    name: row.text("nick"),
    subscription: SUBSCRIPTIONS[row.text("subscription")] ?? row.text("subscription"),
    ask: ASKS[row.text("ask")] ?? row.text("ask"),
    groups: [],
    askMessage: row.text("askmessage"),
  }),
  rostergroups: (row) => ({ kind: "roster-group", ...row.owner(), jid: row.text("jid"), group: row.text("grp") }),
  private_storage: (row) => ({ kind: "private", ...row.owner(), xml: row.text("data") }),
  vcard: (row) => ({ kind: "vcard", ...row.owner(), xml: row.text("vcard") }),
  archive(row) {
    const isOfRoom = row.text("kind") === "groupchat";
    const name = row.text("username");
    const at = isOfRoom ? name.lastIndexOf("@") : -1;
    const peer = row.text("peer");
    return {
      kind: "message",
      isOfRoom,
      node: at === -1 ? name : name.slice(0, at),
      host: at === -1 ? row.owner().host : name.slice(at + 1),
      id: row.text("timestamp"),
      peer: peer === "" ? undefined : peer,
      nick: row.text("nick"),
      xml: row.text("xml"),
    };
  },
};

/** Names of the tables that are brought over; contacts come before their groups. */
export const TABLES: readonly string[] = Object.keys(READERS);

/** What a row of ejabberd's tables is, in its older schema and the one that has `server_host`. */
export function recordOf(table: string, row: SqlRow): SourceRecord | TextError {
  const read = READERS[table];
  if (!read || !Object.hasOwn(READERS, table)) return { kind: "other", table, count: 1 };
  try {
    return read(new Row(row));
  } catch (error) {
    if (error instanceof TextError) return error;
    throw error;
  }
}

/** A row; what it lacks reads as nothing, as most columns came with some version. */
class Row {
  constructor(private readonly values: SqlRow) {}

  has(column: string): boolean {
    return this.values[column] !== undefined;
  }

  /** Bytes, as characters of Latin-1. */
  bytes(column: string): string {
    const value = this.values[column];
    return value === undefined ? "" : String(value);
  }

  /** @throws TextError where it is not UTF-8 */
  text(column: string): string {
    return decodeUtf8(Buffer.from(this.bytes(column), "latin1"));
  }

  owner(): { readonly user: string; readonly host: string | undefined } {
    const host = this.text("server_host");
    return { user: this.text("username"), host: host === "" ? undefined : host };
  }
}

function secretOf(row: Row): Secret {
  const password = row.text("password");
  const salt = row.text("salt");
  const iterations = Number(row.text("iterationcount"));
  const type = HASHES[Number(row.text("type"))];
  if (type === "plain" || (salt === "" && iterations === 0)) return { kind: "plain", password };
  const [, prefix = "sha", storedKey = ""] = /^(?:(sha256|sha512):)?([^]*)$/.exec(password) ?? [];
  const hash = type ?? prefix;
  if (hash !== "sha" && hash !== "sha256" && hash !== "sha512") throw misshapen("expected keys of SCRAM");
  return { kind: "scram", hash, storedKey, serverKey: row.text("serverkey"), salt, iterations };
}
