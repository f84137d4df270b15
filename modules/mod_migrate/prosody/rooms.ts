import {
  joinJid,
  parseFullJid,
  parseJid,
  resourceOf,
  serialise,
  toElement,
  toRoom,
  removeChildren,
  namespaceOf,
  NS_DELAY,
  type Json,
  type KeyvalPlusStore,
  type KeyvalStore,
  type LuaTable,
  type ModuleApi,
  type ProsodyValue,
} from "chorus-muc";
import type { Report, StoreReport } from "../report.js";
import { RoomStore } from "../room-store.js";
import type { Run } from "./run.js";
import { prepare, reasonOf, recordsOf } from "./records.js";

type Occupants = Record<string, string | boolean>;

/** Brings the rooms of one component over: settings, affiliations, who was inside, and the list of rooms. */
export class RoomImport {
  readonly #rooms: RoomStore;
  readonly #occupants: KeyvalPlusStore<Occupants>;
  readonly #histories: KeyvalStore;
  /** Nodes of the rooms that were brought over. */
  readonly nodes = new Set<string>();

  constructor(
    private readonly run: Run,
    private readonly host: string,
    module: ModuleApi,
    /** Whether the people in the rooms are on another server, where they still are. */
    private readonly isAttached: boolean,
  ) {
    this.#rooms = new RoomStore(run, module);
    this.#occupants = module.openStore<Occupants, "keyval+">("occupants", "keyval+");
    this.#histories = module.openStore("muc_history");
  }

  async bring(report: Report): Promise<void> {
    await this.#bringRooms(report.store(this.host, "config", "rooms"));
    await this.#checkList(report.store(this.host, "persistent", "rooms"));
    await this.#bringStates(report.store(this.host, "state", "rooms"));
  }

  /** See {@link RoomStore.list}. */
  list(): Promise<void> {
    return this.#rooms.list();
  }

  async #bringRooms(report: StoreReport): Promise<void> {
    const values = await this.#values("config", report);
    const rooms = prepare(values, report);
    for (const [at, { user, record }] of rooms.entries()) {
      const { place } = record;
      report.in++;
      this.run.progress(report, at, at / rooms.length);
      try {
        const reason = await this.#bringRoom(user, place, await record.read(), report);
        if (reason === undefined) {
          this.nodes.add(user);
          report.out++;
        } else report.remarks.push({ file: place, record: user, ...reason });
      } catch (error) {
        report.remarks.push({ kind: "lost", file: place, record: user, reason: reasonOf(error) });
      }
    }
    // Prosody keeps a room there that was made at the address of the service itself, which no client can leave.
    const own = ofHost(values);
    if (!own) return;
    const reason = "the service itself cannot be a room";
    report.in++;
    report.remarks.push({ kind: "left", file: own.place, record: this.host, reason });
  }

  #values(store: string, report: StoreReport): Promise<readonly ProsodyValue[]> {
    return recordsOf(() => this.run.source.data(this.host, store).values(this.host, store), report);
  }

  /** @returns why it stays behind */
  async #bringRoom(
    node: string,
    file: string,
    table: LuaTable,
    report: StoreReport,
  ): Promise<{ kind: "lost" | "left"; reason: string } | undefined> {
    const jid = joinJid(node, this.host);
    const written = table.get("_jid") ?? table.get("jid");
    if (typeof written === "string" && parseJid(written) !== jid) {
      report.remarks.push({ kind: "note", file, record: node, reason: `it calls itself ${written}` });
    }
    const room = toRoom(jid, table, (kind, reason) => report.remarks.push({ kind, file, record: node, reason }));
    const { destroyed, locked } = room._data;
    if (destroyed === true && typeof locked === "number" && locked < this.run.nowSeconds) {
      return { kind: "left", reason: "what stands there of a destroyed room is out of date" };
    }
    const lost = await this.#rooms.put(room);
    return lost === undefined ? undefined : { kind: "lost", reason: lost };
  }

  /** Prosody's list of rooms may name some of which nothing else is left. */
  async #checkList(report: StoreReport): Promise<void> {
    const list = ofHost(await this.#values("persistent", report));
    if (!list) return;
    const file = list.place;
    let table;
    try {
      table = await list.read();
    } catch (error) {
      report.in++;
      const reason = `${reasonOf(error)}; the rooms are listed anew from what is stored of them`;
      report.remarks.push({ kind: "note", file, record: undefined, reason });
      return;
    }
    for (const key of table.keys()) {
      report.in++;
      const jid = typeof key === "string" ? parseJid(key) : undefined;
      if (jid !== undefined && [...this.#nodeOf(jid)].length > 0) report.out++;
      else
        report.remarks.push({
          kind: "left",
          file,
          record: String(key),
          reason: "nothing is brought over of that room",
        });
    }
  }

  *#nodeOf(jid: string): Generator<string> {
    const suffix = `@${this.host}`;
    const node = jid.endsWith(suffix) ? jid.slice(0, -suffix.length) : "";
    if (this.nodes.has(node)) yield node;
  }

  async #bringStates(report: StoreReport): Promise<void> {
    for (const { user, record } of prepare(await this.#values("state", report), report)) {
      const path = record.place;
      report.in++;
      try {
        if (!this.nodes.has(user)) {
          report.remarks.push({ kind: "left", file: path, record: user, reason: "its room is not brought over" });
          continue;
        }
        await this.#bringState(user, path, await record.read(), report);
        report.out++;
      } catch (error) {
        report.remarks.push({ kind: "lost", file: path, record: user, reason: reasonOf(error) });
      }
    }
  }

  async #bringState(node: string, file: string, state: LuaTable, report: StoreReport): Promise<void> {
    const occupants = this.isAttached ? this.#occupantsIn(node, file, state, report) : {};
    const history = this.#lastMessage(node, file, state, report);
    await this.run.write(() => [
      this.#occupants.set(node, Object.keys(occupants).length > 0 ? occupants : undefined, { sync: false }),
      ...(history === undefined ? [] : [this.#histories.set(node, history, { sync: false })]),
    ]);
  }

  /** Who is inside: the record of a session names its occupant, whose own record has the role. */
  #occupantsIn(node: string, file: string, state: LuaTable, report: StoreReport): Record<string, Occupants> {
    const occupants: Record<string, Occupants> = {};
    const room = joinJid(node, this.host);
    for (const [key, value] of state) {
      if (typeof key !== "string" || key.startsWith("_") || key.startsWith(`${room}/`)) continue;
      try {
        const realJid = parseFullJid(key);
        const presence = toElement(value);
        const occupantJid = presence.attrs["from"] as string | undefined;
        const occupant = state.get(occupantJid ?? "");
        const nick = resourceOf(occupantJid ?? "");
        const role = occupant instanceof Map ? occupant.get("role") : undefined;
        if (realJid === undefined || nick === undefined || typeof role !== "string") {
          report.remarks.push({ kind: "lost", file, record: key, reason: "it is no occupant with nick and role" });
          continue;
        }
        delete presence.attrs["to"];
        const primary = occupant instanceof Map && occupant.get("jid") === key;
        occupants[realJid] = { nick, role, presence: serialise(presence), ...(primary && { primary }) };
      } catch (error) {
        report.remarks.push({ kind: "lost", file, record: key, reason: reasonOf(error) });
      }
    }
    return occupants;
  }

  /** All that a room without archive keeps of its history over a restart of Prosody. */
  #lastMessage(node: string, file: string, state: LuaTable, report: StoreReport): Json | undefined {
    const [message, at] = [state.get("_last_message"), state.get("_last_message_at")];
    if (message === undefined) return undefined;
    try {
      const stanza = toElement(message);
      delete stanza.attrs["to"]; // the last one it was sent to
      const delay = stanza.children.find((child) => typeof child !== "string" && namespaceOf(child) === NS_DELAY);
      if (typeof at !== "number" && delay === undefined) return undefined;
      const when =
        typeof at === "number" ? at : Date.parse(String(typeof delay === "object" && delay.attrs["stamp"])) / 1000;
      if (!Number.isFinite(when)) return undefined;
      removeChildren(
        stanza,
        (child) => namespaceOf(child) === NS_DELAY && child.attrs["from"] === joinJid(node, this.host),
      );
      return { messages: [[serialise(stanza), when]] };
    } catch (error) {
      report.remarks.push({ kind: "lost", file, record: "_last_message", reason: reasonOf(error) });
      return undefined;
    }
  }
}

/** What a host has itself in a store. */
function ofHost(values: readonly ProsodyValue[]): ProsodyValue | undefined {
  return values.find(({ user }) => user === null);
}
