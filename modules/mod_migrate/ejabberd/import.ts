import { joinJid, nodeprep, parseBareJid, serialise, type KeyvalStore, type ModuleApi } from "chorus-muc";
import type { ImportRun } from "../import-run.js";
import type { StoreReport } from "../report.js";
import { RoomStore } from "../room-store.js";
import type { ImportHosts } from "./hosts.js";
import { MessageImport, type KnownRoom } from "./message-import.js";
import type { Found, MessageRecord, NickRecord, Phase, RoomRecord, Source, SourceRecord } from "./records.js";
import { toRoom } from "./room.js";
import type { Tell } from "./room-options.js";
import { parseElement } from "./stanza-text.js";
import { Tally, type Counted } from "./tally.js";
import { reasonOf, TextError } from "./text-error.js";
import { UserImport, USER_STORES, type UserRecord } from "./user-import.js";

const PHASES: readonly Phase[] = ["users", "rooms", "messages"];
/** How remarks name what is of no host. */
const NOWHERE = "(no host)";
/** Tables whose records follow from others, or last no longer than a session. */
const TRANSIENT = "it is made anew where it is needed";
const OTHER_TABLES: Readonly<Record<string, string>> = {
  vcard_search: TRANSIENT,
  roster_version: TRANSIENT,
  last: "when users were last there is not kept",
  archive_prefs: "archives of users are not kept, nor what they wanted kept",
  muc_occupant_id: "ejabberd makes occupant ids in another way: they are new ones here",
  muc_room_subscribers: "there are no subscriptions (MUC/Sub)",
};

/** One service of rooms, and what is known of it so far. */
interface Service {
  readonly name: string;
  readonly store: RoomStore;
  readonly cards: KeyvalStore;
  readonly rooms: Map<string, KnownRoom>;
  readonly messages: MessageImport;
}

/** Brings over what ejabberd wrote out, or stores. */
export class EjabberdImport {
  readonly #tally: Tally;
  readonly #users = new Map<string, UserImport>();
  readonly #services = new Map<string, Service>();
  /** Nicks of whole services, by service and JID. */
  readonly #nicks = new Map<string, NickRecord & { readonly place: string }>();
  /** Those that were reserved in a room. */
  readonly #reserved = new Set<string>();

  constructor(
    private readonly run: ImportRun,
    private readonly source: Source,
    private readonly hosts: ImportHosts,
  ) {
    this.#tally = new Tally(run.report, source.name);
  }

  /** @throws StorageError when it cannot be written */
  async all(): Promise<void> {
    for (const phase of PHASES) {
      for await (const found of this.source.read(phase)) {
        const store = await this.#bring(found);
        this.run.progress(store, store.in, found.fraction);
      }
      if (phase === "rooms") this.#tellNicks();
    }
    for (const { messages, store } of this.#services.values()) {
      await messages.end();
      await store.list();
    }
  }

  /** @returns what it was counted among */
  async #bring({ value, table, place }: Found): Promise<StoreReport> {
    if (value instanceof TextError) {
      const counted = this.#tally.of(NOWHERE, table ?? "records", "records");
      counted.store.in++;
      counted.tell("lost", place, reasonOf(value));
      return counted.store;
    }
    const counted = this.#countedWith(value);
    const { store } = counted;
    if (value.kind === "other") {
      store.in += value.count;
      counted.tell("left", undefined, OTHER_TABLES[value.table] ?? "nothing here reads such a table; it is not brought over"); // prettier-ignore
      return store;
    }
    if (value.kind !== "roster-group") store.in++;
    if (value.kind === "room") await this.#bringRoom(value, place, counted);
    else if (value.kind === "nick") this.#keepNick(value, place, counted);
    else if (value.kind === "message") await this.#bringMessage(value, place, counted);
    else await this.#bringOfUser(value, place, counted);
    return store;
  }

  #countedWith(record: SourceRecord): Counted {
    const host = record.kind === "other" ? NOWHERE : (record.host ?? NOWHERE);
    switch (record.kind) {
      case "room":
        return this.#tally.of(host, "config", "rooms");
      case "nick":
        return this.#tally.of(host, "muc_registered", "nicks");
      case "message":
        return this.#tally.of(host, record.isOfRoom ? "muc_log" : "archive", "messages");
      case "other":
        return this.#tally.of(host, record.table, "records");
      default: {
        const target = this.hosts.accounts(record.host);
        return this.#tally.of(target.kind === "here" ? target.name : host, ...USER_STORES[record.kind]);
      }
    }
  }

  async #bringOfUser(record: UserRecord, place: string, counted: Counted): Promise<void> {
    const target = this.hosts.accounts(record.host);
    const isPart = record.kind === "roster-group";
    const { user } = record;
    if (target.kind !== "here") {
      if (!isPart) counted.tell(target.kind, target.kind === "lost" ? `${place}: ${user}` : undefined, target.reason);
      return;
    }
    const users = this.#users.get(target.name) ?? new UserImport(this.run, target.module);
    this.#users.set(target.name, users);
    await this.#attempt(counted, `${place}: ${user}`, async () => {
      const outcome = await users.bring(record);
      if (outcome) counted.tell(outcome.kind, outcome.kind === "lost" ? `${place}: ${user}` : user, outcome.reason);
      if (!isPart && (outcome === undefined || outcome.kind === "note")) counted.store.out++;
    });
  }

  async #attempt(counted: Counted, record: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      counted.tell("lost", record, reasonOf(error));
    }
  }

  /** @returns the service, unless it is none here */
  #service(host: string, counted: Counted, record: string): Service | undefined {
    const target = this.hosts.rooms(host);
    if (target.kind !== "here") {
      counted.tell(target.kind, record, target.reason);
      return undefined;
    }
    const known = this.#services.get(target.name);
    if (known) return known;
    const service = this.#open(target.name, target.module);
    this.#services.set(target.name, service);
    return service;
  }

  #open(name: string, module: ModuleApi): Service {
    const rooms = new Map<string, KnownRoom>();
    const counted = this.#tally.of(name, "muc_log", "messages");
    return {
      name,
      store: new RoomStore(this.run, module),
      cards: module.openStore("vcard_muc"),
      rooms,
      messages: new MessageImport(this.run, name, module, rooms, counted),
    };
  }

  async #bringRoom(record: RoomRecord, place: string, counted: Counted): Promise<void> {
    const label = `${place}: ${record.node}`;
    const service = this.#service(record.host, counted, label);
    if (!service) return;
    const node = nodeprep(record.node);
    if (node === undefined || node === "") {
      counted.tell("lost", label, "the name can no longer be prepared");
      return;
    }
    if (service.rooms.has(node)) {
      counted.tell("lost", label, `it has the same name as ${node} before it, once it is prepared`);
      return;
    }
    if (node !== record.node) {
      counted.tell("note", record.node, `brought over as ${node}, the name it has once it is prepared`);
    }
    await this.#attempt(counted, label, () => this.#storeRoom(service, node, record, place, counted));
  }

  async #storeRoom(service: Service, node: string, record: RoomRecord, place: string, counted: Counted): Promise<void> {
    const label = `${place}: ${node}`;
    const jid = joinJid(node, service.name);
    const nicks = new Set<string>();
    const remarks: Parameters<Tell>[] = [];
    const before = (await service.store.get(node))?._data["occupant_id_salt"];
    const { room, isPersistent, vcard, hadOccupantIds } = toRoom(jid, record.options, {
      nickOf: (whose) => {
        const key = `${service.name}\n${whose}`;
        const nick = this.#nicks.get(key)?.nick;
        if (nick !== undefined) nicks.add(key);
        return nick;
      },
      salt: typeof before === "string" ? before : undefined,
      tell: (...remark) => remarks.push(remark),
    });
    if (!isPersistent) {
      counted.tell("left", node, "it is temporary, and nobody is in it");
      return;
    }
    for (const [kind, reason] of remarks) counted.tell(kind, kind === "lost" ? label : node, reason);
    const lost = await service.store.put(room);
    if (lost !== undefined) {
      counted.tell("lost", label, lost);
      return;
    }
    counted.store.out++;
    for (const key of nicks) this.#reserved.add(key);
    service.rooms.set(node, {
      isOpen: room._data["whois"] === "anyone",
      salt: String(room._data["occupant_id_salt"]),
    });
    if (hadOccupantIds)
      counted.tell("note", node, "ejabberd makes occupant ids in another way: they are new ones here");
    if (vcard !== "") await this.#bringCard(service, node, vcard, label);
  }

  async #bringCard(service: Service, node: string, vcard: string, label: string): Promise<void> {
    const counted = this.#tally.of(service.name, "vcard_muc", "vCards");
    counted.store.in++;
    await this.#attempt(counted, label, async () => {
      const card = serialise(parseElement(vcard));
      await this.run.write(() => [service.cards.set(node, card, { sync: false })]);
      counted.store.out++;
    });
  }

  #keepNick(record: NickRecord, place: string, counted: Counted): void {
    const service = this.#service(record.host, counted, `${place}: ${record.jid}`);
    const jid = parseBareJid(record.jid);
    if (!service) return;
    if (jid === undefined) counted.tell("lost", `${place}: ${record.jid}`, "it is no address");
    else this.#nicks.set(`${service.name}\n${jid}`, { ...record, place });
  }

  /** A nick is reserved room by room here, for those who have an affiliation there. */
  #tellNicks(): void {
    for (const [key, { host, jid }] of this.#nicks) {
      const counted = this.#tally.of(host, "muc_registered", "nicks");
      if (this.#reserved.has(key)) counted.store.out++;
      const reason = this.#reserved.has(key)
        ? "the nick was theirs in all rooms; here it is in those where they have an affiliation"
        : "nicks are reserved in rooms here, for those who have an affiliation, and they have none in any";
      counted.tell(this.#reserved.has(key) ? "note" : "left", jid, reason);
    }
  }

  async #bringMessage(record: MessageRecord, place: string, counted: Counted): Promise<void> {
    if (!record.isOfRoom) {
      counted.tell("left", undefined, "archives of what users said to one another are not kept");
      return;
    }
    const host = record.host ?? NOWHERE;
    const service = this.#service(host, counted, `${place}: ${record.node}@${host}`);
    const node = nodeprep(record.node);
    if (!service) return;
    if (node === undefined || node === "") {
      counted.tell("lost", `${place}: ${record.node}`, "the name can no longer be prepared");
      return;
    }
    await this.#attempt(counted, `${place}: ${node}`, () => service.messages.bring(node, record, place));
  }
}
