/** A real process is ended and started again: what it had acknowledged is there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, type Element } from "../../core/index.js";
import { connectClient, type Client } from "../../core/testing/client.js";
import { idOf } from "../support/archives.js";
import { ChorusProcess } from "../support/chorus-process.js";
import { affiliate, configure, enter, gone, NS_MUC, present, register, result, say } from "../support/room-stanzas.js";

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

/** Everything in the archive of the room, as somebody reads it, page by page: stanzas by id. */
async function archiveOf(client: Client): Promise<Map<string, Element>> {
  const found = new Map<string, Element>();
  for (let after = ""; ;) {
    const set = `<set xmlns="http://jabber.org/protocol/rsm"><max>50</max>${after && `<after>${after}</after>`}</set>`;
    const query = `<query xmlns="urn:xmpp:mam:2">${set}</query>`;
    client.send(`<iq type="set" id="page${found.size}" to="${ROOM}">${query}</iq>`);
    for (;;) {
      const stanza = await client.receive();
      const result = getChild(stanza, "result", "urn:xmpp:mam:2");
      const forwarded = result && childElements(result)[0];
      if (forwarded) found.set(String(result.attrs["id"]), childElements(forwarded)[1] as Element);
      else if (stanza.name === "iq") {
        const fin = getChild(stanza, "fin", "urn:xmpp:mam:2");
        assert.ok(fin, String(stanza));
        if (fin.attrs["complete"] === "true") return found;
        after = [...found.keys()].at(-1) ?? "";
        break;
      }
    }
  }
}

test("every message that anybody has received before kill -9 is in the archive, and nothing that was retracted is", async () => {
  const modules = 'modules_enabled = { "muc_mam", "muc_moderation" }';
  await using chorus = await ChorusProcess.start(`${CONFIG}${modules}\n`);
  const [ada, ben] = await prepare(chorus);
  assert.ok(ada && ben);
  ben.send(enter(ROOM, "Benedict", "tumbler"));
  await ben.see(present(ROOM, "Benedict", '<status code="110"/>'));
  ben.send(say(ROOM, "regretted", { id: "regretted" }));
  const regretted = idOf(await ben.see(`<message id="regretted"><body>regretted</body></message>`), ROOM);
  ben.send(say(ROOM, "forbidden", { id: "forbidden" }));
  const forbidden = idOf(await ben.see(`<message id="forbidden"><body>forbidden</body></message>`), ROOM);
  const retract = (id = "", more = ""): string => `<retract xmlns="urn:xmpp:message-retract:1"${id}/>${more}`;
  ben.send(`<message type="groupchat" to="${ROOM}" id="back">${retract(` id="${String(regretted)}"`)}</message>`);
  const moderate = `<moderate xmlns="urn:xmpp:message-moderate:1" id="${String(forbidden)}">${retract()}</moderate>`;
  ada.send(`<iq type="set" id="moderate" to="${ROOM}">${moderate}</iq>`);
  await ada.see(result(ROOM, "moderate"));
  await ben.see(`<message id="back" from="${ROOM}/Benedict"/>`);
  // All at once, and the end comes somewhere in the middle.
  for (let n = 0; n < 300; n++) (n % 2 === 0 ? ada : ben).send(say(ROOM, `line ${n}`, { id: `line${n}` }));
  const heard = [await ben.see(`<message id="line20"/>`)];
  await chorus.stop("SIGKILL");
  for (const client of [ada, ben]) heard.push(...client.inbox.takeAll());
  await chorus.start();
  const archive = await archiveOf(await logIn(chorus, "ada"));
  const received = heard.filter(({ name, attrs }) => name === "message" && String(attrs["id"]).startsWith("line"));
  assert.ok(received.length > 20);
  for (const stanza of received) {
    const kept = archive.get(String(idOf(stanza, ROOM)));
    assert.equal(kept?.getChildText("body"), stanza.getChildText("body"), "received, and not there");
  }
  for (const id of [regretted, forbidden]) {
    const kept = archive.get(String(id));
    assert.ok(kept && getChild(kept, "retracted", "urn:xmpp:message-retract:1"));
    assert.equal(kept.getChildText("body"), null);
  }
});
