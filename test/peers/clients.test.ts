/** Clients that people use, against a whole Chorus: they log in, join, talk, and see each other's messages. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { client, xml } from "@xmpp/client";
import type { Element } from "../../core/xmpp/element.js";
import { Accounts } from "../../core/hosts/accounts.js";
import { Inbox } from "../../core/testing/inbox.js";
import { startService, type TestService } from "../../core/testing/service.js";
import { needs } from "../support/required.js";
import { slixmppIsMissing, startSlixmpp } from "./slixmpp.js";

const ROOM = "lobby@conference.localhost";

/** A service with accounts whose passwords are stored and checked, unlike in most tests. */
async function startWithAccounts(modules: readonly string[], ...users: string[]): Promise<TestService> {
  const service = await startService({
    config: `
authentication = "internal_hashed"
modules_enabled = { ${modules.map((name) => `"${name}"`).join(", ")} }
VirtualHost "localhost"
Component "conference.localhost" "muc"
  muc_room_locking = false
`,
  });
  const accounts = new Accounts(service.service.hosts);
  for (const user of users) await accounts.create(user, "localhost", `${user}'s password`);
  return service;
}

/** Logs in with `@xmpp/client` and joins the room. */
function enter(service: TestService, user: string, nick: string) {
  const entity = client({
    service: `xmpp://127.0.0.1:${service.clientPort}`,
    domain: "localhost",
    username: user,
    password: `${user}'s password`,
    resource: "test",
  });
  const inbox = new Inbox();
  const received: Element[] = [];
  entity.on("error", (error) => inbox.end(error.message));
  entity.on("stanza", (stanza) => inbox.push(stanza));
  return {
    async join(): Promise<void> {
      await entity.start();
      await entity.send(xml("presence", { to: `${ROOM}/${nick}` }, xml("x", "http://jabber.org/protocol/muc")));
    },
    async say(text: string): Promise<void> {
      await entity.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, text)));
    },
    /** Resolves once such a stanza was received, now or earlier. */
    async sees(what: string, condition: (stanza: Element) => boolean): Promise<void> {
      while (!received.some(condition)) {
        assert.ok(await inbox.arrival(10_000), `${nick} never saw ${what}: ${inbox.ended ?? "nothing more came"}`);
        received.push(...inbox.takeAll());
      }
    },
    leave: () => entity.stop(),
  };
}

function says(nick: string, text: string): (stanza: Element) => boolean {
  return (stanza) =>
    stanza.name === "message" && stanza.attrs["from"] === `${ROOM}/${nick}` && stanza.getChildText("body") === text;
}

test("@xmpp/client: two people log in by SCRAM, join, and see each other's messages", async () => {
  await using service = await startWithAccounts(["roster", "saslauth", "disco", "ping"], "ines", "jonas");
  const ines = enter(service, "ines", "Inês");
  const jonas = enter(service, "jonas", "Jonas");
  try {
    await ines.join();
    await ines.sees("herself", ({ attrs }) => attrs["from"] === `${ROOM}/Inês`);
    await jonas.join();
    await ines.sees("Jonas", ({ name, attrs }) => name === "presence" && attrs["from"] === `${ROOM}/Jonas`);
    await ines.say("Olá!");
    await jonas.sees("Inês's message", says("Inês", "Olá!"));
    await jonas.say("Hello!");
    await ines.sees("Jonas's message", says("Jonas", "Hello!"));
  } finally {
    await Promise.all([ines.leave(), jonas.leave()]);
  }
});

test("slixmpp and @xmpp/client see each other's messages", needs(slixmppIsMissing()), async () => {
  await using service = await startWithAccounts(["roster", "saslauth", "disco", "ping"], "kim", "lars");
  const port = service.clientPort;
  const lars = enter(service, "lars", "Lars");
  const kim = startSlixmpp({
    jid: "kim@localhost",
    password: "kim's password",
    port,
    room: ROOM,
    nick: "Kim",
    text: "Hi Lars",
  });
  try {
    await kim.printed(/available Kim/);
    await lars.join();
    await lars.sees("Kim's message", says("Kim", "Hi Lars"));
    await lars.say("goodbye");
    await kim.printed(/Lars: goodbye/);
    await kim.printed(/has occupant ids/);
    await kim.printed(/Lars spoke under the id of their presence/);
    assert.equal(await kim.exited, 0, kim.output);
  } finally {
    await kim.stop();
    await lars.leave();
  }
});

test("slixmpp: two people log in under TLS and see each other's messages", needs(slixmppIsMissing()), async () => {
  await using service = await startWithAccounts(["roster", "saslauth", "tls", "disco", "ping"], "mona", "nils");
  const common = {
    port: service.clientPort,
    room: ROOM,
    text: "goodbye",
    certificate: join(service.dataPath, "certs", "localhost.crt"),
  };
  const mona = startSlixmpp({ ...common, jid: "mona@localhost", password: "mona's password", nick: "Mona" });
  try {
    await mona.printed(/logged in as mona@localhost.*, encrypted/);
    await mona.printed(/available Mona/);
    const nils = startSlixmpp({ ...common, jid: "nils@localhost", password: "nils's password", nick: "Nils" });
    try {
      await mona.printed(/Nils: goodbye/);
      await nils.printed(/Mona: goodbye/);
    } finally {
      await nils.stop();
    }
  } finally {
    await mona.stop();
  }
});
