import { isDeepStrictEqual } from "node:util";
import {
  DataError,
  fromElement,
  formatDateTime,
  fromRoom,
  joinJid,
  namespaceOf,
  nodeOf,
  domainOf,
  bare,
  childElements,
  parseStanza,
  toRoom,
  xml,
  NS_DELAY,
  type ArchiveStore,
  type KeyvalPlusStore,
  type KeyvalStore,
  type LuaTable,
  type LuaValue,
  type ModuleApi,
  type ProsodyMessage,
  type FullJid,
} from "chorus-muc";
import { instanceOf, NS_MUC_USER, type FrozenRoom } from "chorus-muc/muc";
import type { StoreReport } from "../../report.js";
import { targetName } from "../user-data.js";
import type { NamedArchive } from "./archives.js";
import type { ExportRun, NamedTable } from "./run.js";
import { tablesOf } from "./user-data.js";

/** What is stored of a session in a room, and of the last that was said in it. */
type Occupant = Readonly<Record<string, string | boolean>>;
interface History {
  readonly instance?: string;
  readonly messages: readonly (readonly [stanza: string, timestamp: number])[];
}

/** Writes the rooms of one component: settings, affiliations, who is inside, archives, pictures, and the list of rooms. */
export class RoomExport {
  readonly #configs: KeyvalStore<FrozenRoom>;
  readonly #occupants: KeyvalPlusStore<Occupant>;
  readonly #histories: KeyvalStore<History>;
  readonly #archives: ArchiveStore;
  /** Rooms that are exported, by node, with what tells each from earlier ones of its name. */
  readonly #rooms = new Map<string, string | undefined>();

  constructor(
    private readonly run: ExportRun,
    private readonly host: string,
    private readonly module: ModuleApi,
    /** Whether who is in the rooms is on another server. */
    private readonly isAttached: boolean,
  ) {
    this.#configs = module.openStore<FrozenRoom>("config");
    this.#occupants = module.openStore<Occupant, "keyval+">("occupants", "keyval+");
    this.#histories = module.openStore<History>("muc_history");
    this.#archives = module.openStore<never, "archive">("muc_log", "archive");
  }

  async all(): Promise<void> {
    const { run, module, host } = this;
    const configs = this.#report("config", "rooms");
    await run.put(configs, this.#configTables(configs));
    const list = this.#report("persistent", "lists");
    await run.put(list, this.#rooms.size === 0 ? [] : [{ user: null, table: () => this.#list() }]);
    const states = this.#report("state", "rooms");
    await run.put(states, this.#states(states));
    const archives = this.#report("muc_log", "messages");
    await run.putArchives(archives, this.#roomArchives(archives));
    const cards = run.report.store(host, run.destination.storeName(host, "vcard_muc"), "vCards");
    await run.put(cards, tablesOf(module.openStore(targetName(module, "vcard_muc")), "vcard_muc"));
  }

  #report(store: string, unit: string): StoreReport {
    return this.run.report.store(this.host, store, unit);
  }

  async *#configTables(report: StoreReport): AsyncGenerator<NamedTable> {
    for await (const node of this.#configs.users()) {
      const room = await this.#configs.get(node);
      if (room === undefined) continue;
      const { destroyed, locked } = room._data;
      if (destroyed === true && typeof locked === "number" && locked < this.run.nowSeconds) {
        this.#leave(report, node, "what is left of a destroyed room is out of date");
        report.in++;
        continue;
      }
      this.#rooms.set(node, instanceOf(room._data));
      yield { user: node, table: () => tableOf(joinJid(node, this.host), room) };
    }
  }

  #list(): LuaTable {
    return new Map([...this.#rooms.keys()].map((node) => [joinJid(node, this.host), true]));
  }

  async *#states(report: StoreReport): AsyncGenerator<NamedTable> {
    for (const [node, instance] of this.#rooms) {
      const history = await this.#histories.get(node);
      const last = history && history.instance === instance ? history.messages.at(-1) : undefined;
      const occupants = this.isAttached && this.run.isStopped ? await this.#occupants.get(node) : undefined;
      if (last === undefined && occupants === undefined) continue;
      yield { user: node, table: () => this.#state(node, last, occupants ?? {}, report) };
    }
  }

  #state(
    node: string,
    last: History["messages"][number] | undefined,
    occupants: Readonly<Record<string, Occupant>>,
    report: StoreReport,
  ): LuaTable {
    const room = joinJid(node, this.host);
    const state: LuaTable = new Map();
    let ended = 0;
    for (const [realJid, { nick, role, presence, primary }] of Object.entries(occupants)) {
      const jid = realJid as FullJid;
      // Prosody ends its own clients' sessions when it stops, and takes back those of others only.
      if (this.run.destination.isServed(domainOf(jid)) ?? this.#isOfParent(jid)) {
        ended++;
        continue;
      }
      const occupantJid = `${room}/${String(nick)}`;
      const stanza = parseStanza(String(presence));
      Object.assign(stanza.attrs, { from: occupantJid, to: jid });
      const known = state.get(occupantJid);
      if (primary === true || known === undefined) {
        const record: [string, LuaValue][] = [
          ["bare_jid", bare(jid)],
          ["role", String(role)],
          ["jid", jid],
        ];
        state.set(occupantJid, new Map(record));
      }
      state.set(jid, fromElement(stanza));
    }
    if (ended > 0) this.#leave(report, node, `${ended} sessions that Prosody ends when it is stopped`);
    if (last !== undefined) {
      const stanza = parseStanza(last[0]);
      stanza.append(xml("delay", { xmlns: NS_DELAY, from: room, stamp: formatDateTime(last[1]) }));
      stanza.attrs["to"] = ""; // as Prosody keeps it
      state.set("_last_message", fromElement(stanza)).set("_last_message_at", last[1]);
    }
    return state;
  }

  #isOfParent(jid: FullJid): boolean {
    return domainOf(jid) === (this.module.getOptionString("parent_host") ?? this.host.replace(/^[^.]*\./, ""));
  }

  async *#roomArchives(report: StoreReport): AsyncGenerator<NamedArchive> {
    const store = this.#archives;
    const names = new Map([...this.#rooms].map(([node, instance]) => [instance ? `${node}/${instance}` : node, node]));
    const change = (message: ProsodyMessage): void => address(message, this.host);
    for await (const from of store.users()) {
      // Without an instance it was brought over, with its room or without.
      const user = names.get(from) ?? (from.includes("/") || this.#rooms.has(from) ? undefined : from);
      if (user === undefined) this.#leave(report, from, "the room that it was of is gone");
      else yield { user, from, store, change };
    }
  }

  #leave(report: StoreReport, record: string, reason: string): void {
    const place = this.run.destination.target(this.host, report.store)?.place;
    report.remarks.push({ kind: "left", file: place ?? this.host, record, reason });
  }
}

/** @throws DataError when it is none that Prosody would understand */
function tableOf(jid: string, room: FrozenRoom): LuaTable {
  const { instance: _, ...data } = room._data;
  const written = { ...room, _jid: jid, _data: data } as Parameters<typeof fromRoom>[0];
  const table = fromRoom(written);
  if (
    isDeepStrictEqual(
      toRoom(jid, table, () => undefined),
      written,
    )
  )
    return table;
  throw new DataError("PROSODY_SHAPE", "Prosody would read another room", 0);
}

/** Prosody stores a message with the address of the room, unless it has who sent it with it. */
function address({ stanza }: ProsodyMessage, host: string): void {
  if (childElements(stanza).some((child) => namespaceOf(child) === NS_MUC_USER)) return;
  const room = bare(String(stanza.attrs["from"]) as FullJid);
  if (domainOf(room) === host && nodeOf(room) !== undefined) stanza.attrs["to"] = room;
}
