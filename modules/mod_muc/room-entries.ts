import { nodeOf, type BareJid } from "chorus-muc";
import { compareCodePoints } from "./code-points.js";
import { thaw } from "./freeze.js";
import type { RoomEntry } from "./muc-api.js";
import type { RoomData } from "./room-api.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";
import { isTombstone } from "./tombstone.js";

/** Stored rooms that are read at a time. */
const PAGE = 250;

/** Which rooms are listed. */
interface Range {
  readonly only?: "public" | "occupied";
  /** Exclusive. */
  readonly after?: string;
}

/** See `Muc.roomEntries`. Holds neither rooms nor a view of the store while nobody asks for more. */
export async function* roomEntries(service: Service, range: Range = {}): AsyncGenerator<RoomEntry> {
  if (range.only === "public") yield* publicEntries(service, range.after);
  else if (range.only === "occupied") yield* occupiedEntries(service, range.after);
  else yield* allEntries(service, range.after);
}

async function* publicEntries(service: Service, after: string | undefined): AsyncGenerator<RoomEntry> {
  const list = await service.publicRooms.list();
  for (const jid of list.slice(after === undefined ? 0 : list.countUpTo(after))) {
    const entry = await entryOf(service, jid);
    if (entry?.isPublic === true) yield entry;
  }
}

function* occupiedEntries(service: Service, after: string | undefined): Generator<RoomEntry> {
  for (const room of liveRooms(service, after)) if (room.hasOccupant()) yield liveEntry(room);
}

/** Stored rooms a page at a time, and between them those that are in memory only. */
async function* allEntries(service: Service, after: string | undefined): AsyncGenerator<RoomEntry> {
  const live = liveRooms(service, after);
  for await (const jid of storedJids(service, after)) {
    while (live[0] && compareCodePoints(live[0].jid, jid) < 0) yield* tracked(live.shift());
    if (live[0]?.jid === jid) live.shift();
    const entry = await entryOf(service, jid);
    if (entry) yield entry;
  }
  for (const room of live) yield* tracked(room);
}

/** It may have ended since the list was begun. */
function* tracked(room: LiveRoom | undefined): Generator<RoomEntry> {
  if (room?.isTracked === true) yield liveEntry(room);
}

async function* storedJids(service: Service, after: string | undefined): AsyncGenerator<BareJid> {
  let last = after;
  for (;;) {
    const page: BareJid[] = [];
    const range = { limit: PAGE, ...(last !== undefined && { after: last }) };
    for await (const [jid] of service.stores.persistent.entries(null, range)) page.push(jid as BareJid);
    yield* page;
    last = page.at(-1);
    if (page.length < PAGE) return;
  }
}

/** `undefined`: there is no such room, or only its tombstone. */
async function entryOf(service: Service, jid: BareJid): Promise<RoomEntry | undefined> {
  const room = service.directory.get(jid);
  if (room) return isTombstone(room) ? undefined : liveEntry(room);
  const data = thaw(jid, await service.stores.config.get(nodeOf(jid) ?? ""))?._data;
  return data && data["destroyed"] !== true ? storedEntry(jid, data) : undefined;
}

function liveEntry(room: LiveRoom): RoomEntry {
  return {
    jid: room.jid,
    name: room.getName(),
    isPublic: !room.getHidden(),
    isPersistent: room.getPersistent(),
    occupantCount: room.occupantCount,
  };
}

function storedEntry(jid: BareJid, { name, hidden, persistent }: RoomData): RoomEntry {
  return {
    jid,
    name: typeof name === "string" ? name : undefined,
    isPublic: hidden !== true,
    isPersistent: persistent === true,
    occupantCount: 0,
  };
}

function liveRooms(service: Service, after: string | undefined): LiveRoom[] {
  return service.directory
    .live()
    .filter(({ jid }) => after === undefined || compareCodePoints(jid, after) > 0)
    .sort((a, b) => compareCodePoints(a.jid, b.jid));
}
