import { domainOf, isElement, nodeOf, parseStrictJid, reply, resourceOf, type BareJid, type IqEvent } from "chorus-muc";
import { admit } from "./entry.js";
import { answerIq, type IqAnswer } from "./iq-answer.js";
import type { CreateRoomError, Muc, RoomCreation, RoomEntry } from "./muc-api.js";
import { roomEntries } from "./room-entries.js";
import type { Room, RoomData } from "./room-api.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";
import { isTombstone, isWeathered } from "./tombstone.js";

/** {@link Muc}: what other modules may do with the rooms of a host. */
export class Rooms implements Muc {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  async createRoom(
    jid: string,
    data?: RoomData,
    { prepare, replacesTombstone = false }: RoomCreation = {},
  ): Promise<readonly [Room] | readonly [undefined, CreateRoomError]> {
    const { directory, module, roomClass, clock } = this.#service;
    const roomJid = parseStrictJid(jid) as BareJid | undefined;
    const isRoomJid = roomJid !== undefined && nodeOf(roomJid) !== undefined && resourceOf(roomJid) === undefined;
    if (!isRoomJid || domainOf(roomJid) !== module.host) return [undefined, "invalid-jid"];
    const stored = await directory.find(roomJid);
    const found = directory.get(roomJid) ?? stored;
    const isReplaced = found && isTombstone(found) && (replacesTombstone || isWeathered(found, clock.now() / 1000));
    if (found && !isReplaced) return [undefined, "room-exists"];
    if (!directory.hasSpace()) return [undefined, "resource-constraint"];
    const room = new roomClass(this.#service, roomJid, undefined, data);
    await room.run(() => {
      if (found) takePlaceOf(found, room);
      directory.track(room);
      room.onRollback(() => {
        directory.drop(room);
      });
      room.found();
      if (!data) module.fireEvent("muc-room-defaults", { room, stanza: undefined });
      prepare?.(room);
      module.fireEvent("muc-room-created", { room });
      room.save(found !== undefined);
    });
    return [room];
  }

  async getRoomFromJid(jid: string): Promise<Room | undefined> {
    return living(await this.#service.directory.find(jid as BareJid));
  }

  getLiveRoomFromJid(jid: string): Room | undefined {
    return living(this.#service.directory.get(jid));
  }

  answerIq(event: IqEvent, fn: (room: Room) => IqAnswer | Promise<IqAnswer>): true {
    return admit(this.#service, event, (room) => {
      if (event.stanza.attrs["type"] === "set") room.touchData();
      room.steps.decide(fn(room), (answer) => {
        if (isElement(answer)) Object.assign(answer.attrs, reply(event.stanza).attrs);
        answerIq(event, answer);
      });
    });
  }

  liveRooms(): readonly Room[] {
    return this.#service.directory.live();
  }

  allRooms(): AsyncIterable<Room> {
    return this.#service.directory.all();
  }

  async *publicRooms({
    after,
    limit = Infinity,
  }: { readonly after?: string; readonly limit?: number } = {}): ReturnType<Muc["publicRooms"]> {
    const { publicRooms } = this.#service;
    const list = await publicRooms.list();
    const start = after === undefined ? 0 : list.countUpTo(after);
    yield* publicRooms.entries(list.slice(start, start + limit));
  }

  roomEntries(range?: Parameters<Muc["roomEntries"]>[0]): AsyncIterable<RoomEntry> {
    return roomEntries(this.#service, range);
  }

  async countPublicRooms(): Promise<number> {
    return (await this.#service.publicRooms.list()).size;
  }

  async deleteRoom(room: Room): Promise<void> {
    const live = room as LiveRoom;
    this.#service.directory.drop(live);
    this.#service.publicRooms.set(live.jid, false);
    await this.#service.stores.remove(live);
  }
}

/** What is stored of a tombstone goes in the step that creates the room in its place. */
function takePlaceOf(tombstone: LiveRoom, room: LiveRoom): void {
  const { directory } = room.service;
  directory.drop(tombstone);
  room.stored = tombstone.stored;
  room.onRollback(() => {
    directory.track(tombstone);
  });
}

/** A tombstone is no room. */
function living(room: LiveRoom | undefined): LiveRoom | undefined {
  return room && isTombstone(room) ? undefined : room;
}
