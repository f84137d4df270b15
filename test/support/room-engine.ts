/**
 * The engine of rooms from within, for its own tests: people of `users.example`, rooms as the engine has them, and what
 * a stanza causes is there at once.
 */
import assert from "node:assert/strict";
import type { FakeClient } from "../../core/testing/fake-client.js";
import { startService, type TestService, type TestServiceOptions } from "../../core/testing/service.js";
import { serialise } from "../../core/xmpp/template.js";
import type { Muc, Room } from "../../modules/mod_muc/index.js";
import type { LiveRoom } from "../../modules/mod_muc/room.js";
import { administer, configure, entering, say } from "./room-stanzas.js";

export { hook, TEST_MODULE } from "./hook.js";

/** Where the rooms are: a part of the users' domain, so that these count as registered there. */
export const SERVICE = "rooms.users.example";

/** A host for the users, and one for the rooms. @param options lines for the section of the rooms */
function roomsConfig(options = ""): string {
  return `
modules_enabled = {}
VirtualHost "users.example"
Component "${SERVICE}" "muc"
  ${options}
`;
}

/** Starts a service without listeners. */
export function startRooms(options: TestServiceOptions & { readonly options?: string } = {}): Promise<TestService> {
  const { options: lines, ...rest } = options;
  return startService({ listen: false, config: roomsConfig(lines), ...rest });
}

/** The rooms of a service. */
export function mucOf(service: TestService): Muc {
  return service.service.modules.exportsOf(SERVICE, "muc") as Muc;
}

/** A room that is there. */
export function roomOf(service: TestService, node: string): Room {
  const room = mucOf(service).getLiveRoomFromJid(`${node}@${SERVICE}`);
  assert.ok(room, `${node} is in memory`);
  return room;
}

/** The same, as the engine has it. */
export function liveRoomOf(service: TestService, node: string): LiveRoom {
  return roomOf(service, node) as LiveRoom;
}

/** Somebody of `users.example`, who has sent nothing yet. */
export function person(service: TestService, name: string, resource = "test"): FakeClient {
  return service.client(`${name}@users.example/${resource}`);
}

/** The presence that enters a room. @param content of its `muc` element */
export function joining(room: string, nick: string, content = ""): string {
  return entering(`${room}@${SERVICE}`, nick, content);
}

/** Enters, and forgets what came of it. */
export function join(client: FakeClient, room: string, nick: string): void {
  client.send(joining(room, nick));
  client.inbox.takeAll();
}

/** Creates a room and configures it, and forgets what came of it. */
export function create(client: FakeClient, room: string, nick: string, fields: Record<string, string> = {}): void {
  client.send(joining(room, nick));
  client.send(configuring(room, fields));
  client.inbox.takeAll();
}

/** The form of an owner with some of its fields; names without `muc#roomconfig_`. */
export function configuring(room: string, fields: Readonly<Record<string, string>>, id = "configure"): string {
  const whole = Object.entries(fields).map(([name, value]) => [`muc#roomconfig_${name}`, value] as const);
  return configure(`${room}@${SERVICE}`, id, Object.fromEntries(whole));
}

/** A change asked of a room's admins or moderators. @param items `<item/>` elements */
export function administering(room: string, items: string, id = "administer"): string {
  return administer(`${room}@${SERVICE}`, id, items);
}

/** A message for everybody, with its text as its id. @param more content beside the body */
export function saying(room: string, text: string, more = ""): string {
  return say(`${room}@${SERVICE}`, text, { id: text, more });
}

/** Everything that a client has got, as text; it is gone then. */
export function received(client: FakeClient): string[] {
  return client.inbox.takeAll().map(serialise);
}

/** What a client has got, in a few words: name, type or condition, sender's nick, status codes, body. */
export function briefly(client: FakeClient): string[] {
  return client.inbox.takeAll().map((stanza) => {
    const text = serialise(stanza);
    const type = String(stanza.attrs["type"] ?? "");
    const condition = /<error[^>]*><([a-z-]+)/.exec(text)?.[1];
    const codes = [...text.matchAll(/<status code="(\d+)"/g)].map((match) => match[1]);
    const body = /<body>([^<]*)<\/body>/.exec(text)?.[1];
    const nick = String(stanza.attrs["from"] ?? "").split("/")[1];
    return [stanza.name, condition ?? type, nick, codes.join(" "), body].filter(Boolean).join(" ");
  });
}

/** Until everything that is under way without a timer has happened. */
export async function settled(service: TestService): Promise<void> {
  await service.storage.idle();
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
}

/** The list of public rooms: JIDs and names. */
export async function publicRoomsOf(
  service: TestService,
  range?: { readonly after?: string; readonly limit?: number },
): Promise<(readonly [jid: string, name: string | undefined])[]> {
  const listed: (readonly [string, string | undefined])[] = [];
  for await (const [jid, { name }] of mucOf(service).publicRooms(range)) listed.push([jid, name]);
  return listed;
}
