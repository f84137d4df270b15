/** People in rooms, for tests of rooms: a service with fake clients, and what they usually do. */
import assert from "node:assert/strict";
import type { FakeClient } from "../../core/testing/fake-client.js";
import { startService, type TestService, type TestServiceOptions } from "../../core/testing/service.js";
import type { Handler, HostEvents } from "../../core/events/events.js";
import { serialise } from "../../core/xmpp/template.js";
import type { Muc, Room } from "../../modules/mod_muc/index.js";
import type { LiveRoom } from "../../modules/mod_muc/room.js";

/** Where the rooms are: a part of the users' domain, so that these count as registered there. */
export const SERVICE = "rooms.users.example";

/** A host for the users, and one for the rooms. @param options lines for the section of the rooms */
export function roomsConfig(options = ""): string {
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

/** In whose name tests hook events. */
export const TEST_MODULE = {
  name: "test",
  loadOrder: 1000,
  onHandlerError: () => undefined,
  onSlowHandler: () => undefined,
};

/** Hooks an event of the rooms' host, as a module would. */
export function hook<K extends keyof HostEvents & string>(
  service: TestService,
  event: K,
  handler: Handler<HostEvents, K>,
  priority = 0,
): void {
  service.host(SERVICE).events.hook(event, handler, TEST_MODULE, priority);
}

/** Somebody of `users.example`, who has sent nothing yet. */
export function person(service: TestService, name: string, resource = "test"): FakeClient {
  return service.client(`${name}@users.example/${resource}`);
}

/** The presence that enters a room. */
export function joining(room: string, nick: string, content = ""): string {
  return `<presence to="${room}@${SERVICE}/${nick}"><x xmlns="http://jabber.org/protocol/muc">${content}</x></presence>`;
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

/** The form of an owner with some of its fields. */
export function configuring(room: string, fields: Readonly<Record<string, string>>, id = "configure"): string {
  const type = `<field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>`;
  const rest = Object.entries(fields).map(
    ([name, value]) => `<field var="muc#roomconfig_${name}"><value>${value}</value></field>`,
  );
  const form = `<x xmlns="jabber:x:data" type="submit">${type}${rest.join("")}</x>`;
  return `<iq type="set" id="${id}" to="${room}@${SERVICE}"><query xmlns="http://jabber.org/protocol/muc#owner">${form}</query></iq>`;
}

/** A change asked of a room's admins or moderators. @param item attributes and content of the item */
export function administering(room: string, item: string, id = "administer"): string {
  return `<iq type="set" id="${id}" to="${room}@${SERVICE}"><query xmlns="http://jabber.org/protocol/muc#admin">${item}</query></iq>`;
}

/** A message for everybody. */
export function saying(room: string, body: string, content = ""): string {
  return `<message type="groupchat" id="${body}" to="${room}@${SERVICE}"><body>${body}</body>${content}</message>`;
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
