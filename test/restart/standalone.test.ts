/** A real process is ended and started again: what it had acknowledged is there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectClient, type Client } from "../../core/testing/client.js";
import { ChorusProcess } from "../support/chorus-process.js";
import { affiliate, configure, enter, gone, NS_MUC, present, register, result } from "../support/room-stanzas.js";

const CONFIG = `
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
c2s_ports = { 0 }
c2s_interfaces = { "127.0.0.1" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
modules_enabled = { "roster", "saslauth", "disco", "ping" }
VirtualHost "localhost"
Component "conference.localhost" "muc"
`;
const ROOM = "vault@conference.localhost";

function logIn(chorus: ChorusProcess, user: string): Promise<Client> {
  return connectClient({ jid: `${user}@localhost/test`, password: "any", port: chorus.clientPort });
}

/** Makes a persistent room with a password, of which ben is a member who has reserved a nick. */
async function prepare(chorus: ChorusProcess): Promise<Client[]> {
  const ada = await logIn(chorus, "ada");
  ada.send(enter(ROOM, "Ada"));
  await ada.see(present(ROOM, "Ada", '<status code="201"/>'));
  ada.send(configure(ROOM, "conf", { "muc#roomconfig_persistentroom": "1", "muc#roomconfig_roomsecret": "tumbler" }));
  await ada.see(result(ROOM, "conf"));
  ada.send(affiliate(ROOM, "member", "ben@localhost", "member"));
  await ada.see(result(ROOM, "member"));
  const ben = await logIn(chorus, "ben");
  ben.send(register(ROOM, "reg", "Benedict"));
  await ben.see(result(ROOM, "reg"));
  return [ada, ben];
}

async function checkRoom(chorus: ChorusProcess): Promise<void> {
  const [ada, ben, cleo] = await Promise.all([logIn(chorus, "ada"), logIn(chorus, "ben"), logIn(chorus, "cleo")]);
  ada.send(enter(ROOM, "Ada"));
  await ada.see(
    `<presence type="error" from="${ROOM}/Ada"><error><not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>`,
  );
  ada.send(enter(ROOM, "Ada", "tumbler"));
  await ada.see(present(ROOM, "Ada", '<item affiliation="owner" role="moderator"/><status code="110"/>'));
  cleo.send(enter(ROOM, "Benedict", "tumbler"));
  await cleo.see(
    `<presence type="error" from="${ROOM}/Benedict"><error><conflict xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>`,
  );
  ben.send(
    `<iq type="get" id="nick" to="${ROOM}"><query xmlns="http://jabber.org/protocol/disco#info" node="x-roomuser-item"/></iq>`,
  );
  await ben.see(
    `<iq type="result" id="nick"><query xmlns="http://jabber.org/protocol/disco#info" node="x-roomuser-item"><identity category="conference" type="text" name="Benedict"/></query></iq>`,
  );
  ben.send(enter(ROOM, "Benedict", "tumbler"));
  await ben.see(present(ROOM, "Benedict", '<item affiliation="member"/><status code="110"/>'));
  await Promise.all([ada, ben, cleo].map((client) => client.disconnect()));
}

test("a persistent room with a password and a reserved nick survives SIGTERM; its occupants are told", async () => {
  await using chorus = await ChorusProcess.start(CONFIG);
  const [ada, ben] = await prepare(chorus);
  assert.ok(ada && ben);
  ben.send(enter(ROOM, "Benedict", "tumbler"));
  await ada.see(present(ROOM, "Benedict"));
  const stopped = chorus.stop("SIGTERM");
  // XEP-0045 §7.14: 332, the service is being shut down.
  for (const [client, nick] of [
    [ada, "Ada"],
    [ben, "Benedict"],
  ] as const) {
    await client.see(gone(ROOM, nick, '<status code="332"/><status code="110"/>'));
    await client.see(
      '<error xmlns="http://etherx.jabber.org/streams" scansion:strict="false"><system-shutdown xmlns="urn:ietf:params:xml:ns:xmpp-streams"/></error>',
    );
    await client.closed;
  }
  assert.equal(await stopped, 0);
  await chorus.start();
  await checkRoom(chorus);
  assert.equal(await chorus.stop("SIGTERM"), 0);
});

test("a persistent room with a password and a reserved nick survives kill -9", async () => {
  await using chorus = await ChorusProcess.start(CONFIG);
  await prepare(chorus);
  assert.equal(await chorus.stop("SIGKILL"), "SIGKILL");
  await chorus.start();
  await checkRoom(chorus);
});

test("everything that was acknowledged before kill -9 is there afterwards", async () => {
  await using chorus = await ChorusProcess.start(CONFIG);
  const [ada] = await prepare(chorus);
  assert.ok(ada);
  // All at once, and the end comes somewhere in the middle of the answers.
  const users = Array.from({ length: 200 }, (_, index) => `user${index}@localhost`);
  for (const [index, jid] of users.entries()) ada.send(affiliate(ROOM, `a${index}`, jid, "member"));
  await ada.see(result(ROOM, "a20"));
  await chorus.stop("SIGKILL");
  const acknowledged = new Set<string>(users.slice(0, 21));
  for (const stanza of ada.inbox.takeAll()) {
    const index = /^a(\d+)$/.exec(String(stanza.attrs["id"]))?.[1];
    if (stanza.name === "iq" && index !== undefined) acknowledged.add(users[Number(index)] ?? "");
  }
  await chorus.start();
  const again = await logIn(chorus, "ada");
  again.send(
    `<iq type="get" id="list" to="${ROOM}"><query xmlns="${NS_MUC}#admin"><item affiliation="member"/></query></iq>`,
  );
  const list = await again.see('<iq type="result" id="list"/>');
  const members = new Set(
    list
      .getChild("query")
      ?.getChildren("item")
      .map((item) => String(item.attrs["jid"])),
  );
  assert.deepEqual(
    [...acknowledged].filter((jid) => !members.has(jid)),
    [],
    "acknowledged, and not there",
  );
});
