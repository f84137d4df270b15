/** Rooms that people have made on Debian's ejabberd are the same rooms on Chorus, once they are imported. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connectClient, type Client } from "../../core/testing/client.js";
import { childElements, type Element } from "../../core/xmpp/element.js";
import { chorus, run, serverFolder } from "../support/cli.js";
import { needs } from "../support/required.js";
import {
  ejabberdIsMissing,
  sqliteIsMissing,
  startEjabberd,
  type EjabberdOptions,
  type EjabberdPeer,
} from "./ejabberd.js";
import { affiliationsOf, ask, change, enter, formOf, NS_MUC, pageOf, submission } from "./room-user.js";

const ROOMS = "conference.localhost";
const PEOPLE = ["alice", "bob", "carol", "dave"] as const;
type People = Readonly<Record<(typeof PEOPLE)[number], Client>>;
type Found = Readonly<Record<string, unknown>>;

const CHORUS = `
data_path = "data"
c2s_ports = { 0 }
c2s_interfaces = { "127.0.0.1" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
VirtualHost "localhost"
  authentication = "internal_hashed"
  modules_enabled = { "saslauth", "disco", "roster", "private", "vcard" }
Component "${ROOMS}" "muc"
  modules_enabled = { "muc_mam" }
`;

/** Each with its settings, by field of ejabberd's form. */
const CONFIGURATIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  garden: {
    "muc#roomconfig_roomname": "Caf\u00e9 \u201cgarden\u201d \u{1F339} \\",
    "muc#roomconfig_roomdesc": "It's \u00e9",
    "muc#roomconfig_whois": "anyone",
    "muc#roomconfig_moderatedroom": "0",
  },
  members: {
    "muc#roomconfig_membersonly": "1",
    "muc#roomconfig_publicroom": "0",
    "muc#roomconfig_changesubject": "0",
    "muc#roomconfig_allowinvites": "1",
  },
  secret: {
    "muc#roomconfig_passwordprotectedroom": "1",
    "muc#roomconfig_roomsecret": "p\u00e4ss",
    members_by_default: "0",
    "muc#roomconfig_lang": "de",
  },
  "t\u00e4st.x_1": {
    "muc#roomconfig_roomname": "a \\ \"b\" 'c'",
    "muc#roomconfig_presencebroadcast": "moderator",
    "muc#roomconfig_changesubject": "1",
  },
};
/** Fields that both have, and mean the same by. */
const FIELDS = ["roomname", "roomdesc", "lang", "whois", "roomsecret", "presencebroadcast"];
/** Those that are on or off, 0 where they are not there. */
const SWITCHES = ["persistentroom", "publicroom", "membersonly", "changesubject", "allowinvites"];
/** What Chorus, as Prosody, has in place of `allowinvites`. */
const INVITES = "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites";

/** One that its preparation changes (RFC 4013), and others that it does not. */
function passwordOf(user: string): string {
  return `${user}'s ${user === "alice" ? "\u2168" : "\u00e9"}`;
}

/** @param keys how to log in with a password of which clients and ejabberd make the same keys */
async function logIn(port: number, keys = "PLAIN"): Promise<People> {
  const clients = PEOPLE.map(async (user) => {
    const mechanism = user === "alice" ? "PLAIN" : keys;
    const options = { jid: `${user}@localhost/home`, password: passwordOf(user), port, mechanism };
    return [user, await connectClient(options)] as const;
  });
  return Object.fromEntries(await Promise.all(clients)) as unknown as People;
}

function roleOf(entered: readonly Element[]): unknown {
  const own = entered.findLast(({ name }) => name === "presence");
  const x = own && childElements(own).find(({ attrs }) => attrs["xmlns"] === `${NS_MUC}#user`);
  return x && childElements(x).find(({ name }) => name === "item")?.attrs["role"];
}

/** A payload that somebody asked for, without what servers put beside it. */
async function contents(client: Client, to: string, payload: string): Promise<string[]> {
  const answer = await ask(client, "get", to, payload);
  return childElements(childElements(answer)[0] as Element)
    .map((element) => [element.name, ...Object.entries(element.attrs).sort(), ...childElements(element).map(String)])
    .map(String)
    .sort();
}

/** What is found of a service, by who is entitled to ask. */
async function look({ alice, bob, dave }: People): Promise<Found> {
  const found: Record<string, unknown> = {
    bookmarks: await contents(alice, "alice@localhost", '<query xmlns="jabber:iq:private"><storage xmlns="storage:bookmarks"/></query>'), // prettier-ignore
    roster: await contents(alice, "alice@localhost", '<query xmlns="jabber:iq:roster"/>'),
    vcard: await contents(bob, "bob@localhost", '<vCard xmlns="vcard-temp"/>'),
  };
  for (const [node, settings] of Object.entries(CONFIGURATIONS)) {
    const room = `${node}@${ROOMS}`;
    const password = settings["muc#roomconfig_roomsecret"];
    const entered = await enter(alice, room, "Alice", password);
    const { [INVITES]: invites, ...form } = await formOf(alice, room);
    if (invites) form["muc#roomconfig_allowinvites"] = invites;
    const isOpen = settings["muc#roomconfig_membersonly"] === undefined;
    found[node] = {
      subject: entered.at(-1)?.getChildText("subject"),
      subjectFrom: entered.at(-1)?.attrs["from"],
      fields: FIELDS.map((name) => [name, (form[`muc#roomconfig_${name}`] ?? []).filter((value) => value !== "")]),
      switches: SWITCHES.map((name) => [name, form[`muc#roomconfig_${name}`]?.[0] ?? "0"]),
      // Without the nick that is reserved: with ejabberd it was so in the whole service.
      affiliations: (await affiliationsOf(alice, room)).map((line) => line.replace(",Bobby,", ",,")),
      newcomer: isOpen && roleOf(await enter(dave, room, "Dave", password)),
      member: roleOf(await enter(bob, room, "Bobby", password)),
      vcard: await contents(bob, room, '<vCard xmlns="vcard-temp"/>'),
      archive: await pageOf(alice, room),
    };
  }
  return found;
}

/** What people do before they move. */
async function live({ alice, bob }: People): Promise<void> {
  for (const [node, settings] of Object.entries(CONFIGURATIONS)) {
    const room = `${node}@${ROOMS}`;
    await enter(alice, room, "Alice");
    const form = submission(`${NS_MUC}#roomconfig`, { "muc#roomconfig_persistentroom": "1", ...settings });
    await change(alice, room, `<query xmlns="${NS_MUC}#owner">${form}</query>`);
    const given = { "bob@localhost": "member", "carol@localhost": "outcast", "evil.example": "outcast" };
    for (const [jid, affiliation] of Object.entries(given)) {
      const item = `<item jid="${jid}" affiliation="${affiliation}"><reason>it's \u00e9</reason></item>`;
      await change(alice, room, `<query xmlns="${NS_MUC}#admin">${item}</query>`);
    }
    await change(alice, room, `<vCard xmlns="vcard-temp"><FN>${node}'s</FN></vCard>`);
    alice.send(`<message type="groupchat" to="${room}"><subject>About ${node}'s</subject></message>`);
    for (const word of ["one", "two \u{1F339} it's \u00e9", '\\three\n\t&amp; &lt;four&gt; "five"']) {
      alice.send(`<message type="groupchat" to="${room}"><body>${word}</body></message>`);
    }
    await ask(alice, "get", room, `<query xmlns="${NS_MUC}#owner"/>`);
  }
  const nick = submission(`${NS_MUC}#register`, { "muc#register_roomnick": "Bobby" });
  await change(bob, ROOMS, `<query xmlns="jabber:iq:register">${nick}</query>`);
  const bookmark = `<storage xmlns="storage:bookmarks"><conference jid="garden@${ROOMS}"/></storage>`;
  await change(alice, "alice@localhost", `<query xmlns="jabber:iq:private">${bookmark}</query>`);
  const contact = `<item jid="bob@localhost" name="B'b"><group>Friends</group></item>`;
  await change(alice, "alice@localhost", `<query xmlns="jabber:iq:roster">${contact}</query>`);
}

/** Has people live on an ejabberd, and stops it. @param take what is to be had of it while it runs */
async function liveOn(options: EjabberdOptions, take: (peer: EjabberdPeer) => Promise<void>): Promise<Found> {
  const ownRooms = `    hosts: ["${ROOMS}"]\n    default_room_options: {mam: true}`;
  const peer = await startEjabberd({ secret: "", ownRooms, ...options });
  try {
    await peer.addAccounts(PEOPLE.map((user) => ({ user, password: passwordOf(user) })));
    await live(await logIn(peer.clientPort));
    const found = await look(await logIn(peer.clientPort));
    const text = JSON.stringify(found);
    for (const part of ["Friends", "four", "About garden", "garden@conference", "evil.example", "visitor"]) {
      assert.ok(text.includes(part), `${part}: ${text}`);
    }
    await take(peer);
    return found;
  } finally {
    await peer.stop();
  }
}

/** Imports, twice, and has the same people look. @param words where from */
async function findAgain(words: readonly string[], before: Found): Promise<void> {
  await using target = await serverFolder(CHORUS);
  for (const _ of ["once", "again"]) {
    const outcome = await run(target, ["import", "ejabberd", ...words, "--into", "prosody.cfg.lua"]);
    assert.equal(outcome.status, 0, outcome.stdout + outcome.stderr);
    assert.match(outcome.stdout, /config: 4 rooms in, 4 out/);
    assert.match(outcome.stdout, /muc_log: \d+ messages in, 16 out/);
    assert.match(outcome.stdout, /muc_registered: 1 nicks in, 1 out/);
    assert.match(outcome.stdout, /accounts: 4 accounts in, 4 out/);
    assert.match(outcome.stdout, /nothing was lost/);
  }
  const server = chorus(target);
  const [, address = ""] = await server.printed(/chorus ready:.* c2s on 127\.0\.0\.1:(\d+)/);
  const people = await logIn(Number(address), "SCRAM-SHA-1");
  const after = await look(people);
  assert.deepEqual(after, before);
  const affiliations = await affiliationsOf(people.alice, `garden@${ROOMS}`);
  assert.ok(affiliations.includes("bob@localhost,member,Bobby,it's \u00e9"), affiliations.join("\n"));
  await assert.rejects(enter(people.dave, `garden@${ROOMS}`, "Bobby"));
  await server.stop();
}

describe(
  "rooms of ejabberd 23.01 are found as they were",
  needs((await ejabberdIsMissing()) ?? (await sqliteIsMissing())),
  () => {
    let folder = "";
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "chorus-import-ejabberd-"));
    });
    after(() => rm(folder, { recursive: true, force: true }));

    it("in what it writes out of Mnesia", async (t) => {
      const dump = join(folder, "dump.txt");
      const sql = join(folder, "export.sql");
      const found = await liveOn({}, async (peer) => {
        await peer.command("dump", { file: dump });
        await peer.command("export2sql", { host: "localhost", file: sql });
      });
      await t.test("by dump", () => findAgain(["--dump", dump], found));
      await t.test("by export2sql", () => findAgain(["--sql", sql], found));
    });

    for (const hasServerHost of [false, true]) {
      it(`in its database ${hasServerHost ? "that says of which host a row is" : "of one host"}`, async () => {
        const file = join(folder, `${hasServerHost}.sqlite`);
        const found = await liveOn({ sqlite: { file, hasServerHost } }, () => Promise.resolve());
        await findAgain(["--database", `sqlite:${file}`], found);
      });
    }
  },
);
