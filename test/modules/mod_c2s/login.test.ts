import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, parseStanza, serialise, type Element } from "chorus-muc";
import { Client, connectClient, startService, type TestService } from "../../../core/testing/index.js";

const NS_SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const MODULES = `modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "vcard", "vcard_legacy", "private", "register" }`;
const HASHED = `
${MODULES}
VirtualHost "localhost"
  authentication = "internal_hashed"
`;

async function addUser(service: TestService, username: string, password: string): Promise<void> {
  const [provider] = service.host("localhost").items("auth-provider") as {
    create(username: string, password: string): Promise<void>;
  }[];
  await provider?.create(username, password);
}

function mechanismsOf(features: Element): string[] {
  const offered = getChild(features, "mechanisms", NS_SASL);
  return offered ? childElements(offered).map((mechanism) => mechanism.text()) : [];
}

/** The stream error that ends a connection. */
async function streamError(client: Client): Promise<string | undefined> {
  for (;;) {
    if (!(await client.inbox.arrival(5000))) return undefined;
    const element = client.inbox.take();
    if (element?.name === "error") return childElements(element)[0]?.name;
  }
}

test("each mechanism lets the user in with the right password only", async () => {
  await using service = await startService({ config: HASHED });
  await addUser(service, "romeo", "secret");
  for (const mechanism of ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"]) {
    const options = { jid: "romeo@localhost/orchard", port: service.clientPort, mechanism };
    const client = await connectClient({ ...options, password: "secret" });
    assert.equal(client.jid, "romeo@localhost/orchard");
    await client.disconnect();
    await assert.rejects(connectClient({ ...options, password: "wrong" }), /not-authorized/, mechanism);
  }
});

test("an unknown user is refused in the same words as a wrong password, with the same salt each time", async () => {
  await using service = await startService({ config: HASHED });
  const challenge = async (user: string): Promise<string> => {
    const client = await Client.open({ jid: "localhost", port: service.clientPort });
    await client.openStream();
    const first = Buffer.from(`n,,n=${user},r=abc`).toString("base64");
    client.write(`<auth xmlns='${NS_SASL}' mechanism='SCRAM-SHA-1'>${first}</auth>`);
    const answer = await client.receive();
    client.drop();
    const text = Buffer.from(answer.text(), "base64").toString();
    return text.slice(text.indexOf(",s="));
  };
  await addUser(service, "romeo", "secret");
  assert.match(await challenge("nobody"), /^,s=[A-Za-z0-9+/]{48},i=10000$/);
  assert.match(await challenge("romeo"), /^,s=[A-Za-z0-9+/]{48},i=10000$/);
  assert.equal(await challenge("nobody"), await challenge("nobody"));
  assert.notEqual(await challenge("nobody"), await challenge("nobody2"));
  const jid = "nobody@localhost";
  await assert.rejects(
    connectClient({ jid, password: "x", port: service.clientPort }),
    /<not-authorized\/><\/failure>/,
  );
});

test("over TLS the connection can be bound to; without TLS nothing is offered unless the configuration says so", async () => {
  const secured = `${MODULES}\nVirtualHost "localhost"\n  authentication = "internal_hashed"\n  c2s_require_encryption = true\n  allow_unencrypted_plain_auth = false`;
  await using service = await startService({ config: secured });
  await addUser(service, "romeo", "secret");
  const stream = await Client.open({ jid: "romeo@localhost", port: service.clientPort });
  const features = await stream.openStream();
  assert.ok(getChild(features, "starttls", "urn:ietf:params:xml:ns:xmpp-tls"));
  assert.deepEqual(mechanismsOf(features), []);
  await stream.startTls();
  const secure = await stream.openStream();
  assert.deepEqual(mechanismsOf(secure), [
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "PLAIN",
  ]);
  const bindings = getChild(secure, "sasl-channel-binding", "urn:xmpp:sasl-cb:0");
  assert.deepEqual(bindings && childElements(bindings).map((binding) => String(binding.attrs["type"])), [
    "tls-exporter",
    "tls-server-end-point",
  ]);
  stream.drop();
  const client = await connectClient({ jid: "romeo@localhost", password: "secret", port: service.clientPort });
  assert.equal(client.isEncrypted, true);
  assert.equal(await client.ping("localhost", 5000), true);
  await client.disconnect();
});

test("what was sent in clear behind <starttls/> does not count under TLS", async () => {
  await using service = await startService({ config: HASHED });
  const client = await Client.open({ jid: "localhost", port: service.clientPort });
  await client.openStream();
  const injected = `<auth xmlns='${NS_SASL}' mechanism='PLAIN'>AHgAeA==</auth>`;
  client.write(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>${injected}`);
  assert.equal((await client.receive()).name, "proceed");
  assert.equal(client.inbox.size, 0);
  client.drop();
});

test("after five failed attempts the stream ends", async () => {
  await using service = await startService({
    config: `c2s_max_auth_failures = 3\n${HASHED}`,
  });
  const client = await Client.open({ jid: "localhost", port: service.clientPort });
  await client.openStream();
  for (let i = 0; i < 3; i++) {
    client.write(`<auth xmlns='${NS_SASL}' mechanism='PLAIN'>${Buffer.from("\0romeo\0x").toString("base64")}</auth>`);
    assert.equal((await client.receive()).name, "failure");
  }
  assert.equal(await streamError(client), "policy-violation");
});

test("SASL out of order, in a wrong encoding or of an unknown mechanism is refused and the stream goes on", async () => {
  await using service = await startService({ config: HASHED });
  const client = await Client.open({ jid: "localhost", port: service.clientPort });
  await client.openStream();
  const refusal = async (text: string): Promise<string | undefined> => {
    client.write(text);
    const answer = await client.receive();
    assert.equal(answer.name, "failure");
    return childElements(answer)[0]?.name;
  };
  assert.equal(await refusal(`<response xmlns='${NS_SASL}'>AA==</response>`), "not-authorized");
  assert.equal(await refusal(`<auth xmlns='${NS_SASL}' mechanism='PLAIN'>%%%</auth>`), "incorrect-encoding");
  assert.equal(await refusal(`<auth xmlns='${NS_SASL}' mechanism='PLAIN'>AA==</auth>`), "malformed-request");
  assert.equal(await refusal(`<auth xmlns='${NS_SASL}' mechanism='X-OTHER'>AA==</auth>`), "invalid-mechanism");
  assert.equal(await refusal(`<abort xmlns='${NS_SASL}'/>`), "aborted");
  client.drop();
});

test("anonymous users get names of their own", async () => {
  await using service = await startService({
    config: `${MODULES}\nVirtualHost "localhost"\n  authentication = "anonymous"`,
  });
  const [one, two] = await Promise.all([
    connectClient({ jid: "localhost", port: service.clientPort }),
    connectClient({ jid: "localhost", port: service.clientPort }),
  ]);
  assert.notEqual(one.jid, two.jid);
  await one.disconnect();
  await two.disconnect();
});

test("a stream header that cannot be served gets its stream error", async () => {
  await using service = await startService();
  const answerTo = async (header: string): Promise<string | undefined> => {
    const client = await Client.open({ jid: "localhost", port: service.clientPort });
    // A parser is there once a stream is opened; the header under test takes the place of the client's own.
    const own = client.write.bind(client);
    client.write = () => own(header);
    const opening = client.openStream().catch((error: unknown) => String(error));
    const said = String(await opening);
    client.drop();
    return /<error[^>]*><([a-z-]+)/.exec(said)?.[1];
  };
  const open = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
  assert.equal(await answerTo(`${open} to='elsewhere.example' version='1.0'>`), "host-unknown");
  assert.equal(await answerTo(`${open} to='conference.localhost' version='1.0'>`), "host-unknown");
  assert.equal(await answerTo(`${open} version='1.0'>`), "improper-addressing");
  assert.equal(await answerTo(`${open} to='localhost'>`), "unsupported-version");
  assert.equal(await answerTo("<?xml version='1.0'?><html/>"), "invalid-namespace");
  assert.equal(await answerTo(`${open} to='localhost' version='1.0'><!-- x -->`), undefined);
  assert.equal(await answerTo("not xml at all"), "not-well-formed");
});

test("bad XML, elements out of place and too large stanzas end the stream and nothing else", async () => {
  await using service = await startService({ config: `c2s_stanza_size_limit = 10000\n${HASHED}` });
  await addUser(service, "romeo", "secret");
  const end = async (text: string): Promise<string | undefined> => {
    const client = await connectClient({ jid: "romeo@localhost", password: "secret", port: service.clientPort });
    client.write(text);
    return streamError(client);
  };
  assert.equal(await end("<message><body>&lol;</body></message>"), "restricted-xml");
  assert.equal(await end("<!-- comment --><presence/>"), "restricted-xml");
  assert.equal(await end("<message></presence>"), "not-well-formed");
  assert.equal(await end(`<message><body>${"x".repeat(20_000)}</body></message>`), "policy-violation");
  assert.equal(await end("<unknown xmlns='urn:example:unknown'/>"), "unsupported-stanza-type");
  const before = await Client.open({ jid: "localhost", port: service.clientPort });
  await before.openStream();
  before.write("<message to='romeo@localhost'><body>hi</body></message>");
  assert.equal(await streamError(before), "not-authorized");
});

test("a new session with the same full JID takes the place of the old one", async () => {
  await using service = await startService();
  const options = { jid: "romeo@localhost/orchard", password: "x", port: service.clientPort };
  const old = await connectClient(options);
  const next = await connectClient(options);
  assert.equal(await streamError(old), "conflict");
  assert.equal(await next.ping("localhost", 5000), true);
  await next.disconnect();
});

test("where conflict_resolve says so, the new session is refused or renamed", async () => {
  for (const [policy, expected] of [
    ["kick_new", /conflict/],
    ["random", /^romeo@localhost\/(?!orchard$)/],
  ] as const) {
    await using service = await startService({
      config: `conflict_resolve = "${policy}"\n${MODULES}\nVirtualHost "localhost"`,
    });
    const options = { jid: "romeo@localhost/orchard", password: "x", port: service.clientPort };
    const old = await connectClient(options);
    const outcome = await connectClient(options).then(
      (client) => client.jid,
      (error: unknown) => String(error),
    );
    assert.match(outcome, expected);
    assert.equal(await old.ping("localhost", 5000), true);
    old.drop();
  }
});

test("a client that answers nothing still gets what is sent to its full JID, in order and with the language of its stream", async () => {
  await using service = await startService();
  const port = service.clientPort;
  const [romeo, juliet] = await Promise.all([
    connectClient({ jid: "romeo@localhost/r", password: "x", port }),
    connectClient({ jid: "juliet@localhost/j", password: "x", port }),
  ]);
  for (let i = 0; i < 5; i++) {
    romeo.send(parseStanza(`<message to='juliet@localhost/j' id='m${i}'><body>🌹 &lt;${i}&gt;</body></message>`));
  }
  for (let i = 0; i < 5; i++) {
    const message = await juliet.receive();
    assert.equal(message.attrs["id"], `m${i}`);
    assert.equal(message.attrs["from"], "romeo@localhost/r");
    assert.equal(getChild(message, "body")?.text(), `🌹 <${i}>`);
  }
  romeo.send(parseStanza("<iq to='juliet@localhost/j' type='get' id='q'><query xmlns='urn:example:q'/></iq>"));
  const request = await juliet.receive();
  juliet.send(parseStanza(`<iq to='${romeo.jid}' type='result' id='${String(request.attrs["id"])}'/>`));
  assert.equal(
    serialise(await romeo.receive()),
    '<iq to="romeo@localhost/r" type="result" id="q" from="juliet@localhost/j"/>',
  );
  romeo.send(parseStanza("<iq to='juliet@localhost/j' type='get' id='q2'><query xmlns='urn:example:q'/></iq>"));
  await juliet.receive();
  juliet.drop();
  const answer = await romeo.receive();
  assert.equal(answer.attrs["type"], "error");
  assert.ok(
    getChild(getChild(answer, "error") as Element, "recipient-unavailable", "urn:ietf:params:xml:ns:xmpp-stanzas"),
  );
  romeo.drop();
});

test("on shutdown streams end with system-shutdown", async () => {
  const service = await startService();
  const client = await connectClient({ jid: "romeo@localhost", password: "x", port: service.clientPort });
  const stopped = service.stop();
  assert.equal(await streamError(client), "system-shutdown");
  await stopped;
});

test("a port that is taken is named with its option", async () => {
  await using service = await startService();
  const taken = `c2s_ports = { ${service.clientPort} }\n${MODULES}\nVirtualHost "localhost"`;
  await assert.rejects(startService({ config: taken }), (error: Error) => {
    assert.match(
      String((error.cause as Error | undefined)?.message ?? error.message),
      /port \d+ .*c2s_ports.*another program/,
    );
    return true;
  });
});

test("accounts are made in-band where it is allowed, one in a while from one address", async () => {
  await using service = await startService({ config: `allow_registration = true\n${HASHED}` });
  const register = async (username: string): Promise<Element> => {
    const client = await Client.open({ jid: "localhost", port: service.clientPort });
    await client.openStream();
    client.send(
      parseStanza(
        `<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>${username}</username><password>pw</password></query></iq>`,
      ),
    );
    const answer = await client.receive();
    client.drop();
    return answer;
  };
  assert.equal((await register("juliet")).attrs["type"], "result");
  const tooSoon = await register("rosaline");
  assert.equal(tooSoon.attrs["type"], "error");
  const client = await connectClient({ jid: "juliet@localhost", password: "pw", port: service.clientPort });
  client.send(
    parseStanza(
      "<iq type='set' id='p'><query xmlns='jabber:iq:register'><username>juliet</username><password>new</password></query></iq>",
    ),
  );
  assert.equal((await client.receive()).attrs["type"], "result");
  client.send(parseStanza("<iq type='set' id='d'><query xmlns='jabber:iq:register'><remove/></query></iq>"));
  assert.equal((await client.receive()).attrs["type"], "result");
  assert.equal(await streamError(client), "not-authorized");
  await assert.rejects(
    connectClient({ jid: "juliet@localhost", password: "new", port: service.clientPort }),
    /not-authorized/,
  );
});

test("a migrated account logs in by SCRAM-SHA-1, and by SCRAM-SHA-256 once it has logged in by PLAIN", async () => {
  await using first = await startService({ config: HASHED });
  await first.storage.openStore("localhost", "accounts").set("romeo", {
    salt: "16ffdeed-d8dc-4b74-b727-da4c219ba36b",
    iteration_count: 10000,
    stored_key: "9348c4c2c2114d8f8fd03d29188c6fb632b88c75",
    server_key: "1e876427f8eb2dcd1e91c9ffc71357a982fca692",
  });
  await using service = await startService({ config: HASHED, storage: first.storage });
  const offered = async (): Promise<string[]> => {
    const client = await Client.open({ jid: "localhost", port: service.clientPort });
    const features = await client.openStream();
    client.drop();
    return mechanismsOf(features);
  };
  const logIn = async (mechanism: string): Promise<void> => {
    const client = await connectClient({
      jid: "romeo@localhost",
      password: "secret",
      port: service.clientPort,
      mechanism,
    });
    await client.disconnect();
  };
  assert.deepEqual(await offered(), ["SCRAM-SHA-1", "PLAIN"]);
  await logIn("SCRAM-SHA-1");
  await logIn("PLAIN");
  assert.deepEqual(await offered(), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
  await logIn("SCRAM-SHA-256");
});
