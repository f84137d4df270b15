import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, childText, getChild, parseStanza, type Element } from "chorus-muc";
import { connectClient, startService, type Client, type TestService } from "../../../core/testing/index.js";

const CONFIG = `
modules_enabled = { "roster", "saslauth", "disco", "ping", "version", "time", "uptime", "vcard", "vcard_legacy", "private" }
VirtualHost "localhost"
`;

const connect = (service: TestService, jid: string): Promise<Client> =>
  connectClient({ jid, password: "x", port: service.clientPort });

const start = (): Promise<TestService> => startService({ config: CONFIG });

/** Sends and waits until it has come back from the server. */
async function send(client: Client, xml: string): Promise<void> {
  client.send(parseStanza(xml));
  assert.equal(await client.ping("localhost", 5000), true);
}

async function ask(client: Client, xml: string): Promise<Element> {
  client.send(parseStanza(xml));
  return client.receive();
}

/** What came, as `type from`, presence only. */
async function presences(client: Client): Promise<string[]> {
  assert.equal(await client.ping("localhost", 5000), true);
  return client.inbox
    .takeAll()
    .filter(({ name }) => name === "presence")
    .map(({ attrs }) => `${String(attrs["type"] ?? "available")} ${String(attrs["from"])}`);
}

test("two users subscribe to each other, see each other come and go, and end it", async () => {
  await using service = await start();
  const romeo = await connect(service, "romeo@localhost/r");
  const juliet = await connect(service, "juliet@localhost/j");
  assert.equal(
    (await ask(romeo, "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>")).attrs["type"],
    "result",
  );
  await send(romeo, "<presence/>");
  await send(juliet, "<presence/>");
  romeo.inbox.takeAll();
  juliet.inbox.takeAll();

  await send(romeo, "<presence to='juliet@localhost' type='subscribe'/>");
  const push = await romeo.receive();
  const item = childElements(getChild(push, "query", "jabber:iq:roster") as Element)[0];
  assert.deepEqual({ ...item?.attrs }, { jid: "juliet@localhost", subscription: "none", ask: "subscribe" });
  assert.deepEqual(await presences(juliet), ["subscribe romeo@localhost"]);
  await send(juliet, "<presence to='romeo@localhost' type='subscribed'/>");
  assert.deepEqual(await presences(romeo), ["subscribed juliet@localhost", "available juliet@localhost/j"]);

  const second = await connect(service, "romeo@localhost/r2");
  await send(second, "<presence><priority>5</priority></presence>");
  assert.deepEqual((await presences(second)).sort(), [
    "available juliet@localhost/j",
    "available romeo@localhost/r",
    "available romeo@localhost/r2",
  ]);
  juliet.send(parseStanza("<message to='romeo@localhost' type='chat'><body>hi</body></message>"));
  assert.equal(childText(await second.receive(), "body"), "hi");
  await send(juliet, "<presence><show>away</show></presence>");
  assert.deepEqual(
    (await presences(romeo)).filter((line) => line.includes("juliet")),
    ["available juliet@localhost/j"],
  );
  juliet.drop();
  const gone = await second.receive();
  assert.equal(gone.attrs["from"], "juliet@localhost/j");
  romeo.drop();
  second.drop();
});

test("a request waits for a user who is away, over a restart, too", async () => {
  await using first = await start();
  const romeo = await connect(first, "romeo@localhost/r");
  await send(romeo, "<presence to='juliet@localhost' type='subscribe'/>");
  await using service = await startService({ config: CONFIG, storage: first.storage });
  const juliet = await connect(service, "juliet@localhost/j");
  await send(juliet, "<presence/>");
  assert.ok((await presences(juliet)).includes("subscribe romeo@localhost"));
  romeo.drop();
  juliet.drop();
});

test("who got presence directly is told when the client is gone, however it goes", async () => {
  await using service = await start();
  for (const leave of ["drop", "disconnect", "unavailable"] as const) {
    const romeo = await connect(service, "romeo@localhost/r");
    const juliet = await connect(service, "juliet@localhost/j");
    await send(romeo, "<presence to='juliet@localhost/j'/>");
    assert.equal((await juliet.receive()).attrs["type"], undefined);
    if (leave === "drop") romeo.drop();
    else if (leave === "disconnect") await romeo.disconnect();
    else romeo.send(parseStanza("<presence type='unavailable'/>"));
    const gone = await juliet.receive();
    assert.equal(`${String(gone.attrs["type"])} ${String(gone.attrs["from"])}`, "unavailable romeo@localhost/r");
    romeo.drop();
    juliet.drop();
  }
});

test("available presence tells the avatar's hash, unless the client tells one itself", async () => {
  await using service = await start();
  const romeo = await connect(service, "romeo@localhost/r");
  const photoOf = async (presence: string): Promise<Element | undefined> => {
    await send(romeo, presence);
    const [reflected] = romeo.inbox.takeAll().filter(({ name }) => name === "presence");
    const update = reflected && getChild(reflected, "x", "vcard-temp:x:update");
    return update && getChild(update, "photo", "vcard-temp:x:update");
  };
  assert.equal((await photoOf("<presence/>"))?.text(), "");
  const own = "<presence><x xmlns='vcard-temp:x:update'><photo>own</photo></x></presence>";
  assert.equal((await photoOf(own))?.text(), "own");
  assert.equal(await photoOf("<presence type='unavailable'/>"), undefined);
  const card =
    "<iq type='set' id='v'><vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>YWJj</BINVAL></PHOTO></vCard></iq>";
  assert.equal((await ask(romeo, card)).attrs["type"], "result");
  assert.equal((await photoOf("<presence/>"))?.text(), "a9993e364706816aba3e25717850c26c9cd0d89d");
  const juliet = await connect(service, "juliet@localhost/j");
  const got = await ask(juliet, "<iq type='get' to='romeo@localhost' id='g'><vCard xmlns='vcard-temp'/></iq>");
  assert.ok(getChild(getChild(got, "vCard", "vcard-temp") as Element, "PHOTO", "vcard-temp"));
  const forbidden = await ask(juliet, "<iq type='set' to='romeo@localhost' id='f'><vCard xmlns='vcard-temp'/></iq>");
  assert.ok(getChild(getChild(forbidden, "error") as Element, "forbidden", "urn:ietf:params:xml:ns:xmpp-stanzas"));
  romeo.drop();
  juliet.drop();
});

test("messages to nobody, and of a kind that users do not take, are refused", async () => {
  await using service = await start();
  const romeo = await connect(service, "romeo@localhost/r");
  const condition = async (xml: string): Promise<string | undefined> => {
    const error = getChild(await ask(romeo, xml), "error");
    return error && childElements(error)[0]?.name;
  };
  assert.equal(
    await condition("<message to='nobody@localhost' id='1'><body>x</body></message>"),
    "service-unavailable",
  );
  assert.equal(await condition("<message to='romeo@localhost' type='groupchat' id='2'/>"), "service-unavailable");
  assert.equal(
    await condition("<iq type='get' id='3' to='nobody@localhost/x'><q xmlns='urn:example:q'/></iq>"),
    "service-unavailable",
  );
  assert.equal(await condition("<iq type='get' id='4'><q xmlns='urn:example:q'/></iq>"), "service-unavailable");
  await send(romeo, "<message to='nobody@localhost' type='headline'><body>x</body></message>");
  await send(romeo, "<message to='nobody@localhost' type='error'><body>x</body></message>");
  assert.equal(romeo.inbox.size, 0);
  romeo.drop();
});

test("the host tells what it is, what it can and what time it is", async () => {
  await using service = await start();
  const romeo = await connect(service, "romeo@localhost/r");
  const get = async (payload: string, to = "localhost"): Promise<Element> => {
    const answer = await ask(romeo, `<iq type='get' id='q' to='${to}'>${payload}</iq>`);
    assert.equal(answer.attrs["type"], "result", payload);
    return answer;
  };
  const info = childElements(await get("<query xmlns='http://jabber.org/protocol/disco#info'/>"))[0] as Element;
  assert.equal(getChild(info, "identity", "http://jabber.org/protocol/disco#info")?.attrs["category"], "server");
  const features = childElements(info).map(({ attrs }) => String(attrs["var"]));
  for (const feature of ["urn:xmpp:ping", "vcard-temp", "jabber:iq:private", "jabber:iq:version", "urn:xmpp:time"]) {
    assert.ok(features.includes(feature), feature);
  }
  const account = childElements(
    await get("<query xmlns='http://jabber.org/protocol/disco#info'/>", "romeo@localhost"),
  )[0];
  assert.equal(childElements(account as Element)[0]?.attrs["category"], "account");
  const node = await ask(
    romeo,
    "<iq type='get' id='n' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info' node='x'/></iq>",
  );
  assert.ok(getChild(getChild(node, "error") as Element, "item-not-found", "urn:ietf:params:xml:ns:xmpp-stanzas"));
  await get("<query xmlns='jabber:iq:last'/>");
  const version = childElements(await get("<query xmlns='jabber:iq:version'/>"))[0] as Element;
  assert.equal(childText(version, "name", "jabber:iq:version"), "Chorus");
  assert.match(childText(version, "version", "jabber:iq:version") ?? "", /^\d+\.\d+\.\d+/);
  const time = childElements(await get("<time xmlns='urn:xmpp:time'/>"))[0] as Element;
  assert.match(childText(time, "utc", "urn:xmpp:time") ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  romeo.drop();
});

test("bookmarks are kept for their user", async () => {
  await using service = await start();
  const romeo = await connect(service, "romeo@localhost/r");
  const bookmarks = "<storage xmlns='storage:bookmarks'><conference jid='orchard@rooms.localhost'/></storage>";
  const query = (type: string, content: string): string =>
    `<iq type='${type}' id='p'><query xmlns='jabber:iq:private'>${content}</query></iq>`;
  assert.equal((await ask(romeo, query("set", bookmarks))).attrs["type"], "result");
  const got = await ask(romeo, query("get", "<storage xmlns='storage:bookmarks'/>"));
  const stored = getChild(childElements(got)[0] as Element, "storage", "storage:bookmarks") as Element;
  assert.equal(childElements(stored)[0]?.attrs["jid"], "orchard@rooms.localhost");
  const none = await ask(romeo, query("get", "<other xmlns='urn:example:other'/>"));
  assert.deepEqual(getChild(childElements(none)[0] as Element, "other", "urn:example:other")?.children, []);
  assert.equal((await ask(romeo, query("set", "<x/>"))).attrs["type"], "error");
  romeo.drop();
});
