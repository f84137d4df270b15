/** Chorus is ended and started again while a real server keeps its users' sessions. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectClient, type Client } from "../../core/testing/client.js";
import type { Peer, PeerOptions } from "../peers/peer.js";
import { ChorusProcess } from "../support/chorus-process.js";
import { needs } from "../support/required.js";
import { configure, enter, gone, present, result, said, say } from "../support/room-stanzas.js";

const SECRET = "a secret between servers";
const ROOM = "workshop@conference.localhost";
const SUBJECT = '<message type="groupchat"><subject/></message>';
const USERS = ["ada", "ben", "cleo"];

/** Declares the tests with one peer. @param missing why it cannot be started here */
export function testRestartAttached(
  name: string,
  missing: string | undefined,
  start: (options: PeerOptions) => Promise<Peer>,
): void {
  describe(`attached to ${name}, over a restart`, needs(missing), () => {
    let peer: Peer;
    before(async () => {
      peer = await start({ secret: SECRET });
      await peer.addAccounts(USERS.map((user) => ({ user, password: "password" })));
    });
    after(async () => {
      await peer.stop();
    });

    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      test(`${signal}: occupants stay in the room, and one who has vanished is removed with 333`, async () => {
        await using chorus = await ChorusProcess.start(`
Component "conference.localhost" "muc"
  component_secret = "${SECRET}"
  component_upstream = "xmpp://127.0.0.1:${peer.componentPort}"
`);
        const [ada, ben, cleo] = await gather(peer);
        for (const { inbox } of [ada, ben, cleo]) inbox.takeAll();
        await chorus.stop(signal);
        // Nobody is told: the connection of the component is gone before the account server answers a ping.
        for (const client of [ada, ben, cleo]) {
          assert.ok(await client.ping("localhost", 5000));
          assert.deepEqual(client.inbox.takeAll().map(String), []);
        }
        // cleo's connection is lost while nobody is there to notice.
        cleo.drop();
        await cleo.closed;
        await chorus.start();
        await ada.see(gone(ROOM, "Cleo", '<status code="333"/>'));
        await ben.see(gone(ROOM, "Cleo", '<status code="333"/>'));
        ben.send(say(ROOM, "Where were we?"));
        await ada.see(said(ROOM, "Ben", "Where were we?"));
        await ben.see(said(ROOM, "Ben", "Where were we?"));
        // Self-ping (XEP-0410) agrees.
        ada.send(`<iq type="get" id="ping" to="${ROOM}/Ada"><ping xmlns="urn:xmpp:ping"/></iq>`);
        await ada.see(result(`${ROOM}/Ada`, "ping"));
        await Promise.all([ada.disconnect(), ben.disconnect()]);
      });
    }
  });
}

/** Three people in a persistent room. */
async function gather(peer: Peer): Promise<[ada: Client, ben: Client, cleo: Client]> {
  const [ada, ben, cleo] = await Promise.all(
    USERS.map((user) => connectClient({ jid: `${user}@localhost/test`, password: "password", port: peer.clientPort })),
  );
  assert.ok(ada && ben && cleo);
  ada.send(enter(ROOM, "Ada"));
  await ada.see(present(ROOM, "Ada", '<status code="201"/>'));
  ada.send(configure(ROOM, "conf", { "muc#roomconfig_persistentroom": "1" }));
  await ada.see(result(ROOM, "conf"));
  // The subject is the last that somebody who enters receives.
  ben.send(enter(ROOM, "Ben"));
  await ben.see(SUBJECT);
  cleo.send(enter(ROOM, "Cleo"));
  await cleo.see(SUBJECT);
  for (const client of [ada, ben]) await client.see(present(ROOM, "Cleo"));
  return [ada, ben, cleo];
}
