/** Rooms that people have made on Debian's Prosody 0.12 are the same rooms on Chorus, once they are imported. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, test } from "node:test";
import { connectClient, type Client } from "../../core/testing/client.js";
import { childElements, type Element } from "../../core/xmpp/element.js";
import { startChild } from "../support/child.js";
import { chorus, run, serverFolder } from "../support/cli.js";
import { describeDatabases, sqlOption } from "../support/databases.js";
import { freePorts } from "../support/ports.js";
import { needs } from "../support/required.js";
import { tablesIn } from "../modules/mod_migrate/prosody/prosody-tables.js";
import { driverIsMissing, loopback, prosodyIsMissing } from "./prosody.js";
import { affiliationsOf, ask, change, enter, formOf, NS_MUC, pageOf, submission } from "./room-user.js";

const ROOMS = "conference.localhost";
const SECRET = "a secret between servers";
const PEOPLE = ["alice", "bob", "carol"] as const;

/** Each with its settings, by field of the room's form. */
const CONFIGURATIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  garden: {
    roomname: "Caf\u00e9 \u201cgarden\u201d",
    roomdesc: "Roses",
    persistentroom: "1",
    publicroom: "1",
    whois: "anyone",
  },
  members: { persistentroom: "1", membersonly: "1", publicroom: "0", whois: "moderators", changesubject: "1" },
  secret: { persistentroom: "1", passwordprotectedroom: "1", roomsecret: "p\u00e4ss", moderatedroom: "1", lang: "de" },
  "t\u00e4st.x_1": { persistentroom: "1", allowinvites: "0", roomname: "a \\ \"b\" 'c'" },
};

/** Prosody has it since version 13. */
const LATER_FIELD = "muc#roomconfig_allowpm";

function privateQuery(content: string): string {
  return `<query xmlns="jabber:iq:private"><storage xmlns="storage:bookmarks">${content}</storage></query>`;
}

function logIn(port: number): Promise<Client[]> {
  return Promise.all(
    PEOPLE.map((user) => connectClient({ jid: `${user}@localhost/home`, password: `${user}'s \u2168`, port })),
  );
}

/** What is found of a service, by who is entitled to ask. */
async function look([alice, bob, carol]: readonly Client[]): Promise<Record<string, unknown>> {
  const bookmarks = await ask(carol as Client, "get", "carol@localhost", privateQuery(""));
  const found: Record<string, unknown> = { bookmarks: childElements(bookmarks).map(String) };
  for (const [node, { roomsecret }] of Object.entries(CONFIGURATIONS)) {
    const room = `${node}@${ROOMS}`;
    const entered = await enter(alice as Client, room, "Alice", roomsecret);
    const own = entered.find(({ name }) => name === "presence") as Element;
    const registration = await ask(bob as Client, "get", room, `<query xmlns="jabber:iq:register"/>`);
    found[node] = {
      occupantId: childElements(own).find(({ name }) => name === "occupant-id")?.attrs["id"],
      subject: entered.at(-1)?.getChildText("subject"),
      fields: Object.fromEntries(
        Object.entries(await formOf(alice as Client, room)).filter(
          ([name]) => name.startsWith("muc#") && name !== LATER_FIELD,
        ),
      ),
      affiliations: await affiliationsOf(alice as Client, room),
      registration: childElements(childElements(registration)[0] as Element)
        .filter(({ name }) => name !== "x" && name !== "instructions")
        .map(String)
        .sort(),
      archive: (await pageOf(alice as Client, room)).map(({ at, ...entry }) => ({
        ...entry,
        at: Math.floor(at / 1000), // all that Prosody 0.12 tells
      })),
    };
  }
  return found;
}

/** What people do before they move. */
async function live([alice, bob, carol]: readonly Client[]): Promise<void> {
  for (const [node, settings] of Object.entries(CONFIGURATIONS)) {
    const room = `${node}@${ROOMS}`;
    await enter(alice as Client, room, "Alice");
    const values = Object.entries(settings).map(([name, value]) => [`muc#roomconfig_${name}`, value]);
    const form = submission(`${NS_MUC}#roomconfig`, Object.fromEntries(values) as Record<string, string>);
    await change(alice as Client, room, `<query xmlns="${NS_MUC}#owner">${form}</query>`);
    for (const [jid, affiliation] of [
      ["bob@localhost", "member"],
      ["carol@localhost", "outcast"],
      ["evil.example", "outcast"],
    ]) {
      const item = `<item jid="${jid}" affiliation="${affiliation}"><reason>because</reason></item>`;
      await change(alice as Client, room, `<query xmlns="${NS_MUC}#admin">${item}</query>`);
    }
    const nick = submission(`${NS_MUC}#register`, { "muc#register_roomnick": "Bobby" });
    await change(bob as Client, room, `<query xmlns="jabber:iq:register">${nick}</query>`);
    (alice as Client).send(`<message type="groupchat" to="${room}"><subject>About ${node}</subject></message>`);
    for (const word of ["one", "two \u{1F339}", "three &amp; &lt;four&gt;"]) {
      (alice as Client).send(`<message type="groupchat" to="${room}"><body>${word}</body></message>`);
    }
    await ask(alice as Client, "get", room, `<query xmlns="${NS_MUC}#owner"/>`);
  }
  await change(carol as Client, "carol@localhost", privateQuery(`<conference jid="garden@${ROOMS}"/>`));
}

/** A Prosody with its configuration and data in a folder of its own. */
class OwnProsody implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly config: string,
    readonly port: number,
  ) {}

  /** @param storage lines of the configuration that say where data is kept */
  static async make(storage: string): Promise<OwnProsody> {
    const folder = await mkdtemp(join(tmpdir(), "chorus-import-peer-"));
    const [port = 0] = await freePorts(1);
    await mkdir(join(folder, "data"));
    const config = join(folder, "prosody.cfg.lua");
    await writeFile(
      config,
      `${loopback(folder, port)}
data_path = "${folder}/data"
${storage}
log = { info = "*console" }
authentication = "internal_hashed"
modules_enabled = { "roster", "saslauth", "disco", "private" }
modules_disabled = { "s2s" }
VirtualHost "localhost"
Component "${ROOMS}" "muc"
  modules_enabled = { "muc_mam" }
`,
    );
    return new OwnProsody(folder, config, port);
  }

  get data(): string {
    return join(this.folder, "data");
  }

  register(): void {
    for (const user of PEOPLE) {
      const words = ["--config", this.config, "register", user, "localhost", `${user}'s \u2168`];
      execFileSync("prosodyctl", words, { stdio: "pipe" });
    }
  }

  /** Does something with it while another serves the rooms. @param port for that other one */
  async runningWithout<T>(port: number, work: (clientPort: number) => Promise<T>): Promise<T> {
    const own = await readFile(this.config, "utf8");
    const rooms = `Component "${ROOMS}" "muc"\n  modules_enabled = { "muc_mam" }\n`;
    assert.ok(own.includes(rooms));
    const other = own.replace(rooms, `Component "${ROOMS}"\n  component_secret = "${SECRET}"\n`);
    await writeFile(this.config, `component_ports = { ${port} }\ncomponent_interfaces = { "127.0.0.1" }\n${other}`);
    try {
      return await this.running(work);
    } finally {
      await writeFile(this.config, own);
    }
  }

  /** Does something with it while it runs. */
  async running<T>(work: (port: number) => Promise<T>): Promise<T> {
    const prosody = startChild("/usr/bin/prosody", ["-F", "--config", this.config]);
    try {
      await prosody.printed(/Activated service 'c2s'/);
      return await work(this.port);
    } finally {
      await prosody.stop();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** People meet there. @returns what was found then */
async function liveAndLook(port: number): Promise<Record<string, unknown>> {
  await live(await logIn(port));
  const found = await look(await logIn(port));
  const text = JSON.stringify(found);
  for (const part of ["Bobby", "three & <four>", "About garden", "garden@conference", "evil.example", "Roses"]) {
    assert.ok(text.includes(part), `${part}: ${text}`);
  }
  return found;
}

/** The configuration of the Chorus that takes over. @param storage lines that say how data is kept */
function chorusConfig(storage = "", dataPath = "data"): string {
  return `
data_path = "${dataPath}"
${storage}
c2s_ports = { 0 }
c2s_interfaces = { "127.0.0.1" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
VirtualHost "localhost"
  authentication = "internal_hashed"
  modules_enabled = { "saslauth", "disco", "roster", "private" }
Component "${ROOMS}" "muc"
  modules_enabled = { "muc_mam" }
`;
}

/** Over to Chorus, and back to another Prosody. @param storage lines that say where the two keep their data */
async function comeOver(storage: string, otherStorage: string): Promise<void> {
  await using prosody = await OwnProsody.make(storage);
  prosody.register();
  const before = await prosody.running(liveAndLook);
  await using target = await serverFolder(chorusConfig());
  const outcome = await run(target, ["import", "prosody", "--config", prosody.config, "--into", "prosody.cfg.lua"]);
  assert.equal(outcome.status, 0, outcome.stdout + outcome.stderr);
  assert.match(outcome.stdout, /config: 4 rooms in, 4 out/);
  assert.match(outcome.stdout, /accounts: 3 accounts in, 3 out/);
  await using other = await OwnProsody.make(otherStorage);
  if (storage === "") {
    const back = await run(target, ["export", "prosody", "--config", other.config]);
    assert.equal(back.status, 0, back.stdout + back.stderr);
    assert.deepEqual(await tablesIn(other.data), await tablesIn(prosody.data));
  }
  const server = chorus(target);
  const [, address = ""] = await server.printed(/chorus ready:.* c2s on 127\.0\.0\.1:(\d+)/);
  assert.deepEqual(await look(await logIn(Number(address))), before);
  await server.stop();

  const back = await run(target, ["export", "prosody", "--config", other.config, "--replace"]);
  assert.equal(back.status, 0, back.stdout + back.stderr);
  assert.match(back.stdout, /config: 4 rooms in, 4 out/);
  assert.deepEqual(await other.running(async (port) => look(await logIn(port))), before);
}

const missing = prosodyIsMissing();

test("rooms of Prosody 0.12 are found as they were: settings, affiliations, nicks, archives", needs(missing), () =>
  comeOver("", ""),
);

/** What people do on Chorus before they move back. */
async function liveOn([alice, bob]: readonly Client[]): Promise<void> {
  const garden = `garden@${ROOMS}`;
  await enter(alice as Client, garden, "Alice");
  const item = `<item jid="bob@localhost" affiliation="admin"/>`; // Prosody 0.12 shows no reasons
  await ask(alice as Client, "set", garden, `<query xmlns="${NS_MUC}#admin">${item}</query>`);
  (alice as Client).send(`<message type="groupchat" to="${garden}"><body>four, \u{1F33B} from Chorus</body></message>`);
  await ask(alice as Client, "get", garden, `<query xmlns="${NS_MUC}#owner"/>`);
  const stored = await ask(bob as Client, "set", "bob@localhost", privateQuery(`<conference jid="${garden}"/>`));
  assert.equal(stored.attrs["type"], "result", stored.toString());
}

/** Prosody, Chorus on its data, and Prosody again. @param storage lines of Prosody's configuration */
async function takeTurns(
  storage: string,
  chorusStorage: string,
  meanwhile?: (prosody: OwnProsody, start: Start) => Promise<void>,
): Promise<void> {
  await using prosody = await OwnProsody.make(storage);
  prosody.register();
  const before = await prosody.running(liveAndLook);
  await using target = await serverFolder(chorusConfig(chorusStorage, `${prosody.folder}/data`));
  const start: Start = async () => {
    const server = chorus(target);
    const [, address = ""] = await server.printed(/chorus ready:.* c2s on 127\.0\.0\.1:(\d+)/);
    return { port: Number(address), stop: () => server.stop() };
  };
  const server = await start();
  assert.deepEqual(await look(await logIn(server.port)), before);
  await liveOn(await logIn(server.port));
  const after = await look(await logIn(server.port));
  for (const part of ["four, \u{1F33B} from Chorus", "bob@localhost,admin"]) {
    assert.ok(JSON.stringify(after).includes(part), `${part}: ${JSON.stringify(after)}`);
  }
  await server.stop();
  const checked = await run(target, ["doctor"]);
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.deepEqual(await prosody.running(async (port) => look(await logIn(port))), after);
  await meanwhile?.(prosody, start);
}

type Start = () => Promise<{ readonly port: number; stop(): Promise<unknown> }>;

/** What Prosody changes is found changed, also in what Chorus alone keeps of it. */
async function renameBetween(prosody: OwnProsody, start: Start): Promise<void> {
  const renamed = await prosody.running(async (port) => {
    const [alice] = await logIn(port);
    const form = submission(`${NS_MUC}#roomconfig`, { "muc#roomconfig_roomname": "Named by Prosody" });
    await change(alice as Client, `garden@${ROOMS}`, `<query xmlns="${NS_MUC}#owner">${form}</query>`);
    return roomsListed(alice as Client);
  });
  assert.match(renamed, /Named by Prosody/);
  const again = await start();
  const [alice] = await logIn(again.port);
  assert.equal(await roomsListed(alice as Client), renamed);
  await again.stop();
}

/** The list of public rooms, in order of text. */
async function roomsListed(client: Client): Promise<string> {
  const answer = await ask(client, "get", ROOMS, `<query xmlns="http://jabber.org/protocol/disco#items"/>`);
  const items = childElements(childElements(answer)[0] as Element);
  return items
    .map(({ attrs }) => `${String(attrs["jid"])}: ${String(attrs["name"])}`)
    .sort()
    .join("\n");
}

test("Chorus has on Prosody's own files what Prosody had, and Prosody has it again", needs(missing), () =>
  takeTurns("", `storage = "internal"`),
);

test("rooms that Chorus serves for the same Prosody 0.12 are found there, and go back", needs(missing), async () => {
  await using prosody = await OwnProsody.make("");
  prosody.register();
  const before = await prosody.running(liveAndLook);
  const [port = 0] = await freePorts(1);
  await using target = await serverFolder(`
data_path = "data"
Component "${ROOMS}" "muc"
  modules_enabled = { "muc_mam" }
  component_secret = "${SECRET}"
  component_upstream = "xmpp://127.0.0.1:${port}"
`);
  const imported = await run(target, ["import", "prosody", "--config", prosody.config, "--into", "prosody.cfg.lua"]);
  assert.equal(imported.status, 0, imported.stdout + imported.stderr);
  assert.match(imported.stdout, /left: .*: localhost: this Chorus has no such host: its accounts stay where they are/);
  const accounts = (await tablesIn(prosody.data))["localhost/accounts/alice.dat"];
  await prosody.runningWithout(port, async (clientPort) => {
    const server = chorus(target);
    await server.printed(/chorus ready/);
    assert.deepEqual(await look(await logIn(clientPort)), before);
    await server.stop();
  });
  const back = await run(target, ["export", "prosody", "--config", prosody.config, "--replace"]);
  assert.equal(back.status, 0, back.stdout + back.stderr);
  assert.deepEqual((await tablesIn(prosody.data))["localhost/accounts/alice.dat"], accounts);
  assert.deepEqual(await prosody.running(async (clientPort) => look(await logIn(clientPort))), before);
});

describeDatabases("Prosody 0.12", (database) => {
  const lacks = missing ?? driverIsMissing(database.driver);

  it("rooms in a database are found as they were", needs(lacks), async () => {
    const storage = async (): Promise<string> => `storage = "sql"\n${sqlOption(await database.create())}`;
    await comeOver(await storage(), await storage());
  });

  it("Chorus has in the database what Prosody had, and Prosody has it again", needs(lacks), async () => {
    const storage = `storage = "sql"\n${sqlOption(await database.create())}`;
    await takeTurns(storage, storage, renameBetween);
  });
});
