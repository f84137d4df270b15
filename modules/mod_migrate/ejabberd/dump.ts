import { open } from "node:fs/promises";
import { elementText } from "./element-text.js";
import { phaseOf, type Found, type Phase, type Secret, type Source, type SourceRecord } from "./records.js";
import { atomOf, isBinary, itemsOf, listOf, textOf, type Term } from "./term.js";
import { readTermOfFile } from "./term-reader.js";
import { misshapen, TextError } from "./text-error.js";
import { readRecords, type RecordFormat } from "./text-records.js";

type Fields = ReadonlyMap<string, Term>;

/** Attributes of tables, in order, where a dump does not say them. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  muc_room: ["name_host", "opts"],
  muc_registered: ["us_host", "nick"],
  passwd: ["us", "password"],
  roster: ["usj", "us", "jid", "name", "subscription", "ask", "groups", "askmessage", "xs"],
  private_storage: ["usns", "xml"],
  vcard: ["us", "vcard"],
  archive_msg: ["us", "id", "timestamp", "peer", "bare_peer", "packet", "nick", "type"],
};

/** What `ejabberdctl dump` writes: the records of Mnesia's tables as Erlang terms. */
export class DumpSource implements Source {
  readonly #attributes = new Map(Object.entries(ATTRIBUTES));

  constructor(
    readonly name: string,
    private readonly path: string,
  ) {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *read(phase: Phase): AsyncGenerator<Found> {
    const format: RecordFormat<Term> = {
      border: /\n(?=\{)/g,
      encoding: await encodingOf(this.path),
      isWanted: (piece) => {
        const table = tableIn(piece);
        return table === undefined || table === "tables" || phaseOf(table) === phase;
      },
      read: (text, from) => {
        const next = readTermOfFile(text, from);
        return next && { value: next.term, end: next.end };
      },
    };
    for await (const { line, value, head, fraction } of readRecords(this.path, format)) {
      const table = value instanceof TextError ? tableIn(head) : atomOf(itemsOf(value)?.[0]);
      if (phaseOf(table) !== phase && table !== "tables") continue;
      const at = { place: `line ${line}`, fraction };
      if (value instanceof TextError) yield { ...at, table, value };
      else if (table === undefined) yield { ...at, table, value: misshapen("expected a record of a table") };
      else if (table === "tables") this.#learn(value);
      else yield { ...at, table, value: this.#record(table, value) };
    }
  }

  /** The first term of a dump says the attributes of its tables. */
  #learn(term: Term): void {
    const [, tables] = itemsOf(term, 2) ?? [];
    for (const entry of Array.isArray(tables) ? (tables as readonly Term[]) : []) {
      const [table, properties] = itemsOf(entry, 2) ?? [];
      for (const property of Array.isArray(properties) ? (properties as readonly Term[]) : []) {
        const [name, attributes] = itemsOf(property, 2) ?? [];
        if (atomOf(name) !== "attributes" || !Array.isArray(attributes)) continue;
        const names = (attributes as readonly Term[]).map((attribute) => atomOf(attribute) ?? "");
        this.#attributes.set(atomOf(table) ?? "", names);
      }
    }
  }

  #record(table: string, term: Term): SourceRecord | TextError {
    const read = READERS[table];
    if (!read || !Object.hasOwn(READERS, table)) return { kind: "other", table, count: 1 };
    const values = itemsOf(term) ?? [];
    const attributes = this.#attributes.get(table) ?? [];
    try {
      if (values.length !== attributes.length + 1) {
        throw misshapen(`expected ${attributes.length} attributes of ${table}, got ${values.length - 1}`);
      }
      return read(new Map(attributes.map((name, at) => [name, values[at + 1] as Term])));
    } catch (error) {
      if (error instanceof TextError) return error;
      throw error;
    }
  }
}

/** How to read a record of a table. */
const READERS: Readonly<Record<string, (fields: Fields) => SourceRecord>> = {
  muc_room(fields) {
    const [node, host] = texts(fields.get("name_host"), 2);
    return { kind: "room", node, host, options: listOf(fields.get("opts")) };
  },
  muc_registered(fields) {
    const [us, host] = itemsOf(fields.get("us_host"), 2) ?? [];
    return { kind: "nick", host: textOf(host), jid: addressOf(us), nick: textOf(fields.get("nick")) };
  },
  passwd(fields) {
    const items = itemsOf(fields.get("us")) ?? [];
    const [user, host] = texts(fields.get("us"), items.length, 2);
    const secret = secretOf(fields.get("password"));
    return { kind: "account", user, host, secret, isOneOfSeveral: items.length === 3 };
  },
  roster(fields) {
    const [user, host] = texts(fields.get("us"), 2);
    return {
      kind: "roster",
      user,
      host,
      jid: addressOf(fields.get("jid")),
      name: textOf(fields.get("name")),
      subscription: atomOf(fields.get("subscription")) ?? "",
      ask: atomOf(fields.get("ask")) ?? "",
      groups: listOf(fields.get("groups")).map(textOf),
      askMessage: textOf(fields.get("askmessage")),
    };
  },
  private_storage(fields) {
    const [user, host] = texts(fields.get("usns"), 3);
    return { kind: "private", user, host, xml: elementText(fields.get("xml")) };
  },
  vcard(fields) {
    const [user, host] = texts(fields.get("us"), 2);
    return { kind: "vcard", user, host, xml: elementText(fields.get("vcard")) };
  },
  archive_msg(fields) {
    const [node, host] = texts(fields.get("us"), 2);
    const peer = fields.get("peer");
    return {
      kind: "message",
      isOfRoom: atomOf(fields.get("type")) === "groupchat",
      node,
      host,
      id: textOf(fields.get("id")),
      peer: itemsOf(peer) ? addressOf(peer) : undefined,
      nick: textOf(fields.get("nick")),
      xml: elementText(fields.get("packet")),
    };
  },
};

/** The table that a record says it is of. */
function tableIn(text: string): string | undefined {
  return /^\s*\{\s*'?([a-z]\w*)/.exec(text)?.[1];
}

/** Texts of a tuple. @param size of the tuple @param count how many of them are text @throws TextError */
function texts(term: Term | undefined, size: number, count = size): [string, string, ...string[]] {
  const items = itemsOf(term, size);
  if (!items || count < 2) throw misshapen(`expected a tuple of ${size} texts`);
  return items.slice(0, count).map(textOf) as [string, string, ...string[]];
}

/** An address as a tuple: `{User, Server}` or `{User, Server, Resource}`. @throws TextError */
export function addressOf(term: Term | undefined): string {
  const items = itemsOf(term);
  if (items?.length !== 2 && items?.length !== 3) throw misshapen("expected an address");
  const [user = "", server = "", resource = ""] = items.map(textOf);
  return `${user === "" ? "" : `${user}@`}${server}${resource === "" ? "" : `/${resource}`}`;
}

function secretOf(term: Term | undefined): Secret {
  if (isBinary(term)) return { kind: "plain", password: textOf(term) };
  const items = itemsOf(term) ?? [];
  const [tag, storedKey, serverKey, salt, ...rest] = items;
  const [hash, iterations] = rest.length === 1 ? ["sha", rest[0]] : [atomOf(rest[0]), rest[1]];
  const isKnown = hash === "sha" || hash === "sha256" || hash === "sha512";
  if (atomOf(tag) !== "scram" || !isKnown || typeof iterations !== "number") {
    throw misshapen("expected a password, or keys of SCRAM");
  }
  return {
    kind: "scram",
    hash,
    storedKey: textOf(storedKey),
    serverKey: textOf(serverKey),
    salt: textOf(salt),
    iterations,
  };
}

/** Encoding of a file of terms: Latin-1, as dumps are, unless a comment at its beginning says otherwise. */
async function encodingOf(path: string): Promise<"latin1" | "utf8"> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(200), 0, 200, 0);
    const lines = buffer.toString("latin1", 0, bytesRead).split("\n").slice(0, 2);
    return lines.some((line) => /^\s*%.*coding\s*[:=]\s*utf-8/i.test(line)) ? "utf8" : "latin1";
  } finally {
    await handle.close();
  }
}
