import {
  domainOf,
  joinJid,
  parseFullJid,
  parseStanza,
  resourceOf,
  serialise,
  type BareJid,
  type Element,
  type FullJid,
  type OccupantJid,
} from "chorus-muc";
import { bare } from "chorus-muc";
import { LiveOccupant } from "./occupant.js";
import { parseRole } from "./roles.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";
import { isTombstone } from "./tombstone.js";

/** What is stored about a session that is in a room. */
export interface OccupantRecord {
  readonly [key: string]: string | boolean | undefined;
  /** Resource of the occupant JID. */
  readonly nick: string;
  readonly role: string;
  /** Its latest presence, as XML. */
  readonly presence: string;
  readonly primary?: boolean;
}

/**
 * Who is in which room, for a component whose users live on another server: they are still there when this process is
 * not, and the next one takes them back. One record per real full JID, beside the rooms and written without waiting.
 *
 * Sessions of users served here end with the process, so nothing is stored about them.
 */
export class OccupantRecords {
  readonly #service: Service;
  /** Whether the host is attached to another server. */
  readonly isOn: boolean;

  constructor(service: Service, isOn: boolean) {
    this.#service = service;
    this.isOn = isOn;
  }

  /** Whether a session is one of another server's. */
  isRemote(realJid: string): boolean {
    return this.isOn && this.#service.hosts.get(domainOf(realJid)) === undefined;
  }

  /** Issues the writes for sessions that came, changed or went. */
  write(room: LiveRoom, sessions: ReadonlySet<FullJid>): Promise<unknown>[] {
    if (!this.isOn || sessions.size === 0) return [];
    const records: Record<string, OccupantRecord | undefined> = {};
    for (const jid of sessions) if (this.isRemote(jid)) records[jid] = this.#recordOf(room, jid);
    if (Object.keys(records).length === 0) return [];
    return [this.#service.stores.occupants.setKeys(room.node, records, { sync: false })];
  }

  #recordOf(room: LiveRoom, realJid: FullJid): OccupantRecord | undefined {
    const occupant = room.occupancy.byRealJid(realJid);
    const session = occupant?.getSession(realJid);
    if (!occupant || !session) return undefined;
    return {
      nick: resourceOf(occupant.nick) as string,
      role: occupant.role,
      presence: serialise(session.presence),
      ...(occupant.jid === realJid && { primary: true }),
    };
  }

  /** Puts everybody back into the rooms they were in, in silence. */
  async restore(): Promise<void> {
    const { occupants } = this.#service.stores;
    for await (const node of occupants.users()) {
      const jid = joinJid(node, this.#service.module.host) as BareJid;
      const records = await occupants.get(node);
      const room = await this.#service.directory.find(jid);
      if (records && this.isOn && room && !isTombstone(room)) this.#restoreRoom(room, records);
      else await occupants.set(node, undefined, { sync: false });
    }
  }

  #restoreRoom(room: LiveRoom, records: Readonly<Record<string, OccupantRecord>>): void {
    for (const [jid, record] of Object.entries(records)) {
      const realJid = parseFullJid(jid);
      const role = parseRole(record.role);
      const presence = parsePresence(record.presence);
      if (realJid === undefined || role === undefined || role === "none" || !presence) {
        this.#service.module.log("warn", "%s: the record of occupant %s is unreadable", room.jid, jid);
        continue;
      }
      const nick = `${room.jid}/${record.nick}` as OccupantJid;
      const present = room.occupancy.byNick(nick);
      if (present && present.bareJid !== bare(realJid)) continue;
      const occupant = present ?? new LiveOccupant(bare(realJid), nick, role);
      room.occupancy.setSession(occupant, realJid, presence, record.primary === true);
    }
    this.#service.directory.touch(room);
  }
}

function parsePresence(text: string): Element | undefined {
  try {
    return parseStanza(text);
  } catch {
    return undefined;
  }
}
