import assert from "node:assert/strict";
import { archived } from "../../../core/storage/prosody/archived.js";
import { DataError } from "../../../core/storage/prosody/data-error.js";
import { readData, readItem, type LuaTable, type LuaValue } from "../../../core/storage/prosody/lua-data.js";
import { toJson } from "../../../core/storage/prosody/lua-json.js";
import { writeData } from "../../../core/storage/prosody/lua-writer.js";
import { toRoom } from "../../../core/storage/prosody/room-shape.js";
import { toCard, toNamed, toPrivate, toRoster } from "../../../core/storage/prosody/shapes.js";
import { toElement } from "../../../core/storage/prosody/stanza.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { serialise } from "../../../core/xmpp/template.js";
import { readStatement } from "../../../modules/mod_migrate/ejabberd/sql-statement.js";
import { readTermOfFile } from "../../../modules/mod_migrate/ejabberd/term-reader.js";
import { TextError } from "../../../modules/mod_migrate/ejabberd/text-error.js";
import { WHOLE } from "../../modules/mod_migrate/prosody/prosody-data.js";

/** A reader of data that others have written. */
export interface DataReader {
  readonly name: string;
  /** Data that it can read, one character a byte. */
  readonly corpus: readonly string[];
  /** Reads what it can of it. @throws what `allowed` does not allow when there is something wrong with the reader */
  read(text: string): void;
}

const FILES = Object.entries(WHOLE);
const ITEMS = FILES.filter(([name]) => name.endsWith(".list")).flatMap(([, text]) => text.split(/(?=^item\()/m));

const TERMS = [
  `{muc_room,{<<"garden">>,<<"conference.localhost">>},[{title,<<"Garden">>},{public,true},{max_users,200},{affiliations,[{{<<"juliet">>,<<"localhost">>,<<>>},{owner,<<>>}}]},{subject,[{text,<<>>,<<"Ros",195,169>>}]}]}.`,
  `{passwd,{<<"juliet">>,<<"localhost">>},{scram,<<"c3Rv">>,<<"c2Vy">>,<<"c2FsdA==">>,sha,4096}}.`,
  `{archive_msg,{<<"juliet">>,<<"localhost">>},<<"1700000000000000">>,{1700,0,0},{<<"a">>,<<"b">>,<<>>},[],{xmlel,<<"message">>,[{<<"type">>,<<"groupchat">>}],[{xmlcdata,<<"hi">>}]},<<>>,groupchat}.`,
  `#{a => 1, "b" => [$x, 16#ff, -1.5e3 | tail], 'C d' => <<1:8, "x"/utf8>>}. % a comment`,
];
const STATEMENTS = [
  `DELETE FROM muc_room WHERE host='conference.localhost';\nINSERT INTO muc_room(name, host, server_host, opts, created_at) VALUES ('garden', 'conference.localhost', 'localhost', '[{title,<<\\"Garden\\">>},{public,true}]', '2026-01-01 00:00:00');`,
  `BEGIN; INSERT OR REPLACE INTO "users" (username, password) VALUES ('juliet', 'it''s'), ('romeo', NULL); COMMIT;`,
  "insert into `archive` values (1, x'00ff', -1.5, E'a\\nb', _utf8 'c'); -- done",
];

const readers: readonly DataReader[] = [
  {
    name: "a .dat file of Prosody",
    corpus: FILES.filter(([name]) => name.endsWith(".dat")).map(([, text]) => text),
    read: (text) => {
      const value = readData(Buffer.from(text, "latin1"));
      if (!(value instanceof Map)) return;
      uses(value);
      // What is written of it is that again.
      assert.deepEqual(readData(Buffer.from(writeData(value))), value);
    },
  },
  {
    name: "a record of a .list file of Prosody",
    corpus: ITEMS,
    read: (text) => {
      const message = archived(readItem(Buffer.from(text, "latin1")).value);
      if (message instanceof DataError) throw message;
      // One that cannot be read again would spoil every page of the archive that it is on.
      parseStanza(serialise(message.stanza));
    },
  },
  {
    name: "terms of ejabberd",
    corpus: TERMS,
    read: (text) => {
      for (let at: number | undefined = 0; at !== undefined; at = readTermOfFile(text, at)?.end);
    },
  },
  ...(["backslash", "standard"] as const).map((quoting) => ({
    name: `SQL of ejabberd, ${quoting}`,
    corpus: STATEMENTS,
    read: (text: string): void => {
      for (let at: number | undefined = 0; at !== undefined; at = readStatement(text, at, quoting)?.end);
    },
  })),
];

export const READERS = readers;

/** Every use that somebody makes of a table; each may say that it is not for that. */
function uses(table: LuaTable): void {
  const attempts: ((value: LuaTable) => unknown)[] = [
    (value: LuaValue) => JSON.stringify(toJson(value)),
    (value) => JSON.stringify(toRoom("garden@conference.localhost", value, () => undefined)),
    (value) => JSON.stringify(toRoster(value)),
    (value) => JSON.stringify(toPrivate(value)),
    (value) => JSON.stringify(toCard(value)),
    (value) => JSON.stringify(toNamed(value)),
    (value: LuaValue) => parseStanza(serialise(toElement(value))),
  ];
  for (const attempt of attempts) {
    try {
      attempt(table);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }
}

/** Whether that is what a reader may throw: what is wrong with the data, and where. */
export function isAllowed(error: unknown): boolean {
  return error instanceof DataError || error instanceof TextError;
}
