import { xml, type Element } from "chorus-muc";
import { NS_MUC, NS_MUC_USER } from "./namespaces.js";

/** A client of the test kit, with or without a connection. */
export interface RoomGuest {
  /** Sends a stanza, as text. */
  send(stanza: Element): void;
  /** The first stanza that is as expected by the rules of scenario scripts; what comes before it is gone. */
  see(expected: string): Promise<Element>;
}

/**
 * Enters a room, in tests of modules (XEP-0045 §7.2): everything up to the guest's own presence is taken.
 * @param room its bare JID
 * @returns the guest's own presence
 * @throws Error when it does not come, with what came instead
 */
export async function joinRoom(
  guest: RoomGuest,
  room: string,
  nick: string,
  options: { readonly password?: string } = {},
): Promise<Element> {
  const entry = xml("x", NS_MUC);
  if (options.password !== undefined) entry.append(xml("password", {}, options.password));
  guest.send(xml("presence", { to: `${room}/${nick}` }, entry));
  return guest.see(`<presence><x xmlns="${NS_MUC_USER}" scansion:strict="false"><status code="110"/></x></presence>`);
}

/** What {@link guest} gives to a client. */
export interface GuestMethods {
  /** Enters a room, as {@link joinRoom}; the subject, which comes last, is taken too. @returns the own presence */
  join(room: string, nick: string, options?: { readonly password?: string }): Promise<Element>;
  /** Says something to a room. @returns id of the message */
  say(room: string, body: string): string;
  /** Leaves a room; everything up to the own unavailable presence is taken. @returns that presence */
  leave(room: string): Promise<Element>;
}

let messages = 0;

/**
 * Teaches a client of the test kit what people do in rooms.
 *
 * ```ts
 * const romeo = guest(service.client("romeo@localhost"));
 * await romeo.join("orchard@conference.localhost", "Romeo");
 * romeo.say("orchard@conference.localhost", "Good morrow");
 * await romeo.expect(`<message type="groupchat"><body>Good morrow</body></message>`);
 * ```
 *
 * @returns the client itself
 */
export function guest<C extends RoomGuest>(client: C): C & GuestMethods {
  const nicks = new Map<string, string>();
  const methods: GuestMethods = {
    async join(room, nick, options) {
      const own = await joinRoom(client, room, nick, options);
      nicks.set(room, String(own.attrs["from"]));
      await client.see('<message type="groupchat"><subject scansion:strict="false"/></message>');
      return own;
    },
    say(room, body) {
      const id = `said-${++messages}`;
      client.send(xml("message", { to: room, type: "groupchat", id }, xml("body", {}, body)));
      return id;
    },
    async leave(room) {
      client.send(xml("presence", { to: nicks.get(room) ?? room, type: "unavailable" }));
      return client.see(
        `<presence type="unavailable"><x xmlns="${NS_MUC_USER}" scansion:strict="false"><status code="110"/></x></presence>`,
      );
    },
  };
  return Object.assign(client, methods);
}
