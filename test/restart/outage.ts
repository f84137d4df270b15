/** The server that holds the accounts dies and comes back while a room is full, and some of its users do. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectClient, type Client } from "../../core/testing/client.js";
import { childElements, getChild, type Element } from "../../core/xmpp/element.js";
import { attach, SECRET } from "../peers/attached.js";
import type { Peer, PeerOptions } from "../peers/peer.js";
import { Gate } from "../support/gate.js";
import { hook } from "../support/hook.js";
import { needs } from "../support/required.js";
import { configure, enter, gone, present, result, said, say } from "../support/room-stanzas.js";

const ROOM = "workshop@conference.localhost";
const SUBJECT = '<message type="groupchat"><subject/></message>';
/** Ada and Ben come back as they were, Dora from another device, Cleo and Eve do not. */
const USERS = ["ada", "ben", "cleo", "dora", "eve"];
/** For what the servers have to do first, on a slow machine. */
const BACK_MS = 60_000;
const TALK = 40;

/** Declares the test with one peer. @param missing why it cannot be started here */
export function testOutage(
  name: string,
  missing: string | undefined,
  start: (options: PeerOptions) => Promise<Peer>,
): void {
  describe(`attached to ${name}, which dies`, needs(missing), () => {
    let peer: Peer;
    before(async () => {
      peer = await start({ secret: SECRET });
      await peer.addAccounts(USERS.map((user) => ({ user, password: "password" })));
    });
    after(async () => {
      await peer.stop();
    });

    test("nobody is a ghost, nobody is out without knowing, and no message is lost that anybody has seen", async () => {
      await using gate = await Gate.before(peer.componentPort);
      await using chorus = await attach(peer, 'modules_enabled = { "muc_mam" }', gate.port);
      const isBack = new Promise<void>((resolve) => {
        hook(chorus, "link-up", () => {
          resolve();
          return undefined;
        });
      });
      const crowd = await gather(peer);
      // In the middle of a talk.
      for (let n = 0; n < TALK; n++) crowd.ada?.send(say(ROOM, `before ${n}`));
      await crowd.ben?.see(said(ROOM, "Ada", "before 5"));
      // Who is not back when the rooms are is out, so that they must not be the first.
      gate.shut();
      await peer.kill();
      await Promise.all(Object.values(crowd).map((client) => client.closed));
      const heard = new Set(Object.values(crowd).flatMap((client) => client.inbox.takeAll().flatMap(bodyOf)));

      await peer.restart();
      const ada = await logIn(peer, "ada", "test");
      const ben = await logIn(peer, "ben", "test");
      const dora = await logIn(peer, "dora", "phone");
      gate.open();
      await isBack;

      // Whoever was bounced is out, and the others are told; Ben has not even asked.
      for (const nick of ["Cleo", "Eve"]) {
        await ben.see(gone(ROOM, nick, '<status code="333"/>'), BACK_MS);
      }
      ada.send(enter(ROOM, "Ada"));
      dora.send(enter(ROOM, "Dora"));
      const [history, doras] = [await untilSubject(ada), await untilSubject(dora)];
      await ben.see(
        `<presence from="${ROOM}/Dora"><x xmlns="http://jabber.org/protocol/muc#user" scansion:strict="false"/></presence>`,
      );
      assert.deepEqual(occupantsIn(doras), ["Ada", "Ben", "Dora"], "as who enters sees it");

      // Each of them is told the truth by self-ping (XEP-0410), one session each.
      for (const [client, nick] of [
        [ada, "Ada"],
        [ben, "Ben"],
        [dora, "Dora"],
      ] as const) {
        client.send(`<iq type="get" id="ping-${nick}" to="${ROOM}/${nick}"><ping xmlns="urn:xmpp:ping"/></iq>`);
        await client.see(result(`${ROOM}/${nick}`, `ping-${nick}`));
      }
      const cleo = await logIn(peer, "cleo", "test");
      cleo.send(`<iq type="get" id="out" to="${ROOM}/Cleo"><ping xmlns="urn:xmpp:ping"/></iq>`);
      await cleo.see(
        `<iq type="error" id="out"><error type="cancel"><not-acceptable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>`,
      );

      // And goes on as before, each message once.
      ben.send(say(ROOM, "Where were we?"));
      for (const client of [ada, ben, dora]) await client.see(said(ROOM, "Ben", "Where were we?"));
      for (const client of [ada, ben, dora]) {
        assert.ok(await client.ping(ROOM, 5000));
        assert.deepEqual(client.inbox.takeAll().flatMap(bodyOf), [], "nothing comes twice");
      }

      // What anybody has seen is in the archive, in order and whole; so is what the history gives to who comes back.
      const archived = await archiveOf(ada);
      const talk = archived.filter((body) => body.startsWith("before"));
      assert.deepEqual(
        talk,
        [...talk.keys()].map((n) => `before ${n}`),
        "in order, without a hole",
      );
      for (const body of heard) assert.ok(archived.includes(body), `${body} was seen, and is not in the archive`);
      assert.equal(archived.at(-1), "Where were we?");
      const replayed = history.flatMap(bodyOf);
      assert.deepEqual(replayed, talk.slice(-replayed.length));
      assert.ok(replayed.length > 0);
      await Promise.all([ada, ben, dora, cleo].map((client) => client.disconnect()));
    });
  });
}

function logIn(peer: Peer, user: string, resource: string): Promise<Client> {
  return connectClient({ jid: `${user}@localhost/${resource}`, password: "password", port: peer.clientPort });
}

/** All of them in a persistent room. */
async function gather(peer: Peer): Promise<Readonly<Record<string, Client>>> {
  const crowd: Record<string, Client> = {};
  for (const user of USERS) {
    const client = await logIn(peer, user, "test");
    client.send(enter(ROOM, user.charAt(0).toUpperCase() + user.slice(1)));
    if (user === "ada") {
      await client.see(present(ROOM, "Ada", '<status code="201"/>'));
      client.send(configure(ROOM, "conf", { "muc#roomconfig_persistentroom": "1" }));
      await client.see(result(ROOM, "conf"));
    } else await client.see(SUBJECT);
    crowd[user] = client;
  }
  return crowd;
}

/** Everything up to the subject, which is the last that somebody who enters receives. */
async function untilSubject(client: Client): Promise<Element[]> {
  const received: Element[] = [];
  for (;;) {
    const stanza = await client.receive(10_000);
    if (getChild(stanza, "subject") && !getChild(stanza, "body")) return received;
    received.push(stanza);
  }
}

function occupantsIn(stanzas: readonly Element[]): string[] {
  const nicks = stanzas.flatMap(({ name, attrs }) => {
    const { from = "", type } = attrs as Record<string, string | undefined>;
    return name === "presence" && type === undefined && from.startsWith(`${ROOM}/`)
      ? [from.slice(ROOM.length + 1)]
      : [];
  });
  return [...new Set(nicks)].sort();
}

function bodyOf(stanza: Element): string[] {
  const body = stanza.attrs["type"] === "groupchat" ? getChild(stanza, "body")?.text() : undefined;
  return body === undefined ? [] : [body];
}

/** What the room's archive has, oldest first. */
async function archiveOf(client: Client): Promise<string[]> {
  const rsm = '<set xmlns="http://jabber.org/protocol/rsm"><max>200</max></set>';
  client.send(`<iq type="set" id="archive" to="${ROOM}"><query xmlns="urn:xmpp:mam:2">${rsm}</query></iq>`);
  const bodies: string[] = [];
  for (;;) {
    const stanza = await client.receive();
    if (stanza.name === "iq") return bodies;
    const kept = getChild(stanza, "result", "urn:xmpp:mam:2");
    const message =
      kept && childElements(kept)[0] && getChild(childElements(kept)[0] as Element, "message", "jabber:client");
    if (message) bodies.push(...bodyOf(message));
  }
}
