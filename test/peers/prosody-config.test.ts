/** Rooms of Debian's Prosody 0.12 move to a Chorus beside it, by nothing but what `chorusctl import prosody` says. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { connectClient, type Client } from "../../core/testing/client.js";
import { getChild, type Element } from "../../core/xmpp/element.js";
import { startChild, type Child } from "../support/child.js";
import { chorus, run, serverFolder } from "../support/cli.js";
import { freePorts } from "../support/ports.js";
import { needs } from "../support/required.js";
import { loopback, prosodyIsMissing } from "./prosody.js";

const ROOMS = "conference.localhost";
const ROOM = `garden@${ROOMS}`;
const NS_MUC = "http://jabber.org/protocol/muc";

function prosodyConfig(folder: string, clientPort: number, componentPort: number): string {
  return `${loopback(folder, clientPort)}
data_path = "${folder}/prosody"
log = { info = "*console" }
component_ports = { ${componentPort} }
component_interfaces = { "127.0.0.1" }
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
modules_enabled = { "roster", "saslauth", "disco", "carbons" }
modules_disabled = { "s2s" }
VirtualHost "localhost"
Component "${ROOMS}" "muc"
  modules_enabled = { "muc_mam" }
  name = "Rooms of the park"
  restrict_room_creation = "local"
  muc_log_expires_after = "1y"
`;
}

async function startProsody(config: string): Promise<Child> {
  const prosody = startChild("/usr/bin/prosody", ["-F", "--config", config]);
  await prosody.printed(/Activated service 'c2s'/);
  return prosody;
}

/** What comes first of that kind; the rest is passed over. */
async function next(client: Client, isIt: (stanza: Element) => boolean): Promise<Element> {
  for (;;) {
    const stanza = await client.receive();
    if (isIt(stanza)) return stanza;
  }
}

async function ask(client: Client, type: "get" | "set", to: string, payload: string): Promise<Element> {
  const id = `${type}-${to}-${payload.length}`;
  client.send(`<iq type="${type}" id="${id}" to="${to}">${payload}</iq>`);
  const answer = await next(client, ({ attrs }) => attrs["id"] === id);
  assert.equal(answer.attrs["type"], "result", answer.toString());
  return answer;
}

/** @returns the room's subject, which comes last (XEP-0045 §7.2.15) */
async function enter(client: Client): Promise<string | undefined> {
  client.send(`<presence to="${ROOM}/Juliet"><x xmlns="${NS_MUC}"/></presence>`);
  const subject = await next(client, (stanza) => {
    if (stanza.attrs["type"] === "error") assert.fail(stanza.toString());
    return stanza.name === "message" && getChild(stanza, "subject") !== undefined;
  });
  return subject.getChildText("subject") ?? undefined;
}

/** The file, changed as the lines say that were printed. */
async function follow(printed: string, config: string): Promise<void> {
  const [, line, before = "", head = "", secret = ""] =
    /, in Prosody's configuration, \S+:(\d+):\n {4}(.+)\nbecomes\n {4}(.+)\n {4}(.+)\n/.exec(printed) ?? [];
  const [, modules] = /modules_enabled of that section, \S+:(\d+), is taken out/.exec(printed) ?? [];
  const lines = (await readFile(config, "utf8")).split("\n");
  assert.equal(lines[Number(line) - 1], before);
  assert.match(lines[Number(modules) - 1] ?? "", /modules_enabled/);
  lines.splice(Number(modules) - 1, 1);
  lines.splice(Number(line) - 1, 1, head, secret);
  await writeFile(config, lines.join("\n"));
}

test(
  "rooms of a Prosody are Chorus's when its configuration is changed as it was told",
  needs(prosodyIsMissing()),
  async () => {
    await using folder = await serverFolder("");
    const [clientPort = 0, componentPort = 0] = await freePorts(2);
    const config = join(folder.path, "p.cfg.lua");
    await mkdir(join(folder.path, "prosody"));
    await writeFile(config, prosodyConfig(folder.path, clientPort, componentPort));
    const logIn = (): Promise<Client> =>
      connectClient({ jid: "juliet@localhost/home", password: "x", port: clientPort });

    let prosody = await startProsody(config);
    try {
      const juliet = await logIn();
      await enter(juliet);
      const fields = ["persistentroom", "publicroom"].map(
        (name) => `<field var="muc#roomconfig_${name}"><value>1</value></field>`,
      );
      await ask(
        juliet,
        "set",
        ROOM,
        `<query xmlns="${NS_MUC}#owner"><x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>${NS_MUC}#roomconfig</value></field>${fields.join("")}</x></query>`,
      );
      juliet.send(`<message type="groupchat" to="${ROOM}"><subject>Roses</subject></message>`);
      await next(juliet, (stanza) => stanza.getChildText("subject") === "Roses");
      juliet.drop();
    } finally {
      await prosody.stop();
    }

    const outcome = await run(folder, [
      "import",
      "prosody",
      "--config",
      "p.cfg.lua",
      "--into",
      "chorus.cfg.lua",
      "--attached",
      "--show-secrets",
    ]);
    assert.equal(outcome.status, 0, outcome.stdout + outcome.stderr);
    const checked = await run(folder, ["check", "config", "--config", "chorus.cfg.lua"]);
    assert.equal(checked.stdout, "chorus.cfg.lua: no problems\n");
    await follow(outcome.stdout, config);

    prosody = await startProsody(config);
    try {
      const server = chorus(folder, ["--config", "chorus.cfg.lua"]);
      await server.printed(/chorus ready: conference\.localhost attached to /);
      const juliet = await logIn();
      const service = await ask(juliet, "get", ROOMS, '<query xmlns="http://jabber.org/protocol/disco#info"/>');
      assert.match(service.toString(), /name="Rooms of the park"/);
      const rooms = await ask(juliet, "get", ROOMS, '<query xmlns="http://jabber.org/protocol/disco#items"/>');
      assert.match(rooms.toString(), new RegExp(`<item [^>]*jid="${ROOM}"`));
      assert.equal(await enter(juliet), "Roses");
      // Chorus is who answers: Prosody has no such command.
      const version = await ask(juliet, "get", ROOMS, '<query xmlns="jabber:iq:version"/>');
      assert.match(version.toString(), /<name>Chorus<\/name>/);
      juliet.drop();
      await server.stop();
    } finally {
      await prosody.stop();
    }
  },
);
