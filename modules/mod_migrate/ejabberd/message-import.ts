import {
  bare,
  namespaceOf,
  parseFullJid,
  parseJid,
  removeChildren,
  resourceprep,
  xml,
  type ArchiveStore,
  type Element,
  type ModuleApi,
} from "chorus-muc";
import { makeOccupantId, NS_MUC_USER, NS_OCCUPANT_ID, stripStanzaIds } from "chorus-muc/muc";
import type { ImportRun } from "../import-run.js";
import { SeenIds } from "../seen-ids.js";
import type { MessageRecord } from "./records.js";
import { parseElement } from "./stanza-text.js";
import { misshapen } from "./text-error.js";
import type { Counted } from "./tally.js";

/** Messages that are written at a time. */
const BATCH = 500;

/** What is known of a room that was brought over. */
export interface KnownRoom {
  /** Everybody may see real JIDs. */
  readonly isOpen: boolean;
  readonly salt: string;
}

interface Entry {
  readonly node: string;
  readonly id: string;
  readonly stanza: Element;
  /** Unix seconds. */
  readonly when: number;
}

/** Brings the archives of the rooms of one service over, message by message, with the ids and times that clients know. */
export class MessageImport {
  readonly #store: ArchiveStore;
  readonly #ids = new SeenIds();
  readonly #contents = new SeenIds();
  /** Messages by room. */
  readonly #expected = new Map<string, number>();
  #batch: Entry[] = [];

  /** @param module that of the component */
  constructor(
    private readonly run: ImportRun,
    private readonly host: string,
    module: ModuleApi,
    private readonly rooms: ReadonlyMap<string, KnownRoom>,
    private readonly counted: Counted,
  ) {
    this.#store = module.openStore<never, "archive">("muc_log", "archive");
  }

  /** @throws TextError where it cannot be understood */
  async bring(node: string, record: MessageRecord, place: string): Promise<void> {
    const { counted, host } = this;
    const when = Number(record.id) / 1e6;
    if (!/^\d{1,17}$/.test(record.id) || when === 0) throw misshapen("the message has no time");
    const stanza = this.#stanzaOf(node, record);
    // export2sql writes the archives of rooms once for their service, and again for the host.
    if (!this.#contents.add(`${node}\n${record.id}\n${record.nick}\n${record.xml}`)) {
      counted.tell("left", undefined, "the same message is there more than once");
      return;
    }
    let id = record.id;
    for (let copy = 2; !this.#ids.add(`${node}\n${id}`); copy++) id = `${record.id}-${copy}`;
    if (id !== record.id) {
      counted.tell("note", place, `there is another message with its id; here it is ${id}`);
    }
    if (!this.rooms.has(node)) {
      counted.tell("note", `${node}@${host}`, "there is no room for it; it is kept, and nobody can read it");
    }
    this.#expected.set(node, (this.#expected.get(node) ?? 0) + 1);
    this.#batch.push({ node, id, stanza, when });
    if (this.#batch.length >= BATCH) await this.#write();
  }

  async end(): Promise<void> {
    await this.#write();
    if (this.run.isDryRun) return;
    const { store } = this.counted;
    for (const [node, expected] of this.#expected) {
      const total = (await this.#store.find(node, { total: true, limit: 0 }))?.total ?? 0;
      if (total >= expected) continue;
      store.out -= expected - total;
      const reason = `${expected} messages were written, and the archive has ${total}`;
      this.counted.tell("lost", `${node}@${this.host}`, reason);
    }
  }

  async #write(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    await this.run.write(() =>
      // What is there already under its id is replaced: after an interruption all is simply done again.
      batch.map(
        ({ node, id, stanza, when }) =>
          this.#store.append(node, id, stanza, when, "message<groupchat", { sync: false }).written,
      ),
    );
    this.counted.store.out += batch.length;
  }

  /** The stanza as the room passed it on: ejabberd keeps what the sender sent, with the real JID. */
  #stanzaOf(node: string, { xml: text, nick: written, peer }: MessageRecord): Element {
    const stanza = parseElement(text);
    if (stanza.name !== "message") throw misshapen(`expected a message, got <${stanza.name}/>`);
    const nick = written === "" ? "" : resourceprep(written);
    if (nick === undefined) throw misshapen(`${JSON.stringify(written)} is no nick`);
    const room = `${node}@${this.host}`;
    const known = this.rooms.get(node);
    delete stanza.attrs["to"];
    if (stanza.attrs["xmlns"] === "jabber:client") delete stanza.attrs["xmlns"];
    stanza.attrs["from"] = nick === "" ? room : `${room}/${nick}`;
    stanza.attrs["type"] = "groupchat";
    stripStanzaIds(stanza, room);
    removeChildren(
      stanza,
      (child) => namespaceOf(child) === NS_MUC_USER || (child.name === "occupant-id" && namespaceOf(child) === NS_OCCUPANT_ID), // prettier-ignore
    );
    const jid = peer === undefined ? undefined : (parseFullJid(peer) ?? parseJid(peer));
    if (jid === undefined || known === undefined || nick === "") return stanza;
    const id = makeOccupantId(bare(jid), known.salt);
    stanza.append(xml("occupant-id", { xmlns: NS_OCCUPANT_ID, id }));
    if (known.isOpen) stanza.append(xml("x", { xmlns: NS_MUC_USER }, xml("item", { jid })));
    return stanza;
  }
}
