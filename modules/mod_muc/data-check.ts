import { isDeepStrictEqual } from "node:util";
import { joinJid, nodeOf, type BareJid } from "chorus-muc";
import { thaw } from "./freeze.js";
import { publicEntry } from "./public-rooms.js";
import type { Service } from "./service.js";

/** Looks at the stored rooms for `chorusctl doctor`: room, list of rooms and list of public rooms say the same. */
export async function* checkRooms(service: Service): AsyncGenerator<string> {
  const { stores, module } = service;
  for await (const node of stores.config.users()) {
    const jid = joinJid(node, module.host) as BareJid;
    let stored: unknown;
    try {
      stored = await stores.config.get(node);
    } catch {
      continue; // what cannot be read is told by whoever looks at each record
    }
    const frozen = thaw(jid, stored);
    if (!frozen) {
      yield `${jid}: is stored, and is no room`;
      continue;
    }
    if ((await stores.persistent.get(null, jid)) !== true) yield `${jid}: is stored, and not on the list of rooms`;
    if (frozen._data["destroyed"] === true && typeof frozen._data["locked"] !== "number") {
      yield `${jid}: is a tombstone without an end`;
    }
    const shown = publicEntry(new service.roomClass(service, jid, frozen));
    const listed = (await stores.public.get(null, jid)) || undefined; // `false`: known not to be public
    if ((shown === undefined) !== (listed === undefined)) {
      yield `${jid}: ${shown ? "is public, and not on the list" : "is not public, and on the list of public rooms"}`;
    } else if (!isDeepStrictEqual(JSON.parse(JSON.stringify(shown ?? null)), listed ?? null)) {
      yield `${jid}: the list of public rooms says something else of it than the room`;
    }
  }
  for (const store of [stores.persistent, stores.public]) {
    for await (const [jid] of store.entries(null)) {
      const isThere = await stores.config.get(nodeOf(jid as BareJid) ?? null).then(
        (room) => room !== undefined,
        () => true, // and cannot be read
      );
      if (!isThere) yield `${jid}: is on the list ${store.name}, and not stored`;
    }
  }
}
