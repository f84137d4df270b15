/** RFC 6120 §8.2.3: each iq get or set is answered, once, whatever is sent and whatever happened before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { startService } from "../../../core/testing/service.js";

const MUC = "http://jabber.org/protocol/muc";
const PEOPLE = ["ada@users.example/1", "ada@users.example/2", "ben@users.example/1", "admin@users.example/x"] as const;
const ROOMS = ["r1@rooms.users.example", "r2@rooms.users.example"];
const NICKS = ["One", "Two", " ", "🤖"];
const WORDS = ["1", "0", "", "anyone", "moderators", "none", "visitor", "-1", "99999999999", "é"];

const word = fc.constantFrom(...WORDS);
const nick = fc.constantFrom(...NICKS);
const jid = fc.constantFrom("ada@users.example", "ben@users.example", "ben@users.example/1", "evil.example", "@", "");
const occupant = fc.tuple(fc.constantFrom(...ROOMS), nick).map(([room, name]) => `${room}/${name}`);
const address = fc.oneof(
  fc.constantFrom(...ROOMS),
  occupant,
  fc.constantFrom("rooms.users.example", "users.example", "x@rooms.users.example", "@bad", "far.example", ...PEOPLE),
);

function attribute(name: string, value: string | undefined): string {
  return value === undefined ? "" : ` ${name}="${value}"`;
}

function attributes(choices: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  const optional = Object.entries(choices).map(([name, values]) =>
    fc.option(values, { nil: undefined }).map((value) => attribute(name, value)),
  );
  return fc.tuple(...optional).map((parts) => parts.join(""));
}

function form(formType: string, names: readonly string[]): fc.Arbitrary<string> {
  const field = fc.tuple(fc.constantFrom(...names), fc.option(word)).map(([name, value]) => {
    return `<field var="${name}">${value === null ? "" : `<value>${value}</value>`}</field>`;
  });
  const type = fc.constantFrom("submit", "submit", "cancel", "form");
  const given = fc.constantFrom(formType, formType, "urn:other");
  return fc.tuple(type, given, fc.array(field, { maxLength: 3 })).map(([how, what, fields]) => {
    const first = `<field var="FORM_TYPE"><value>${what}</value></field>`;
    return `<x xmlns="jabber:x:data" type="${how}">${first}${fields.join("")}</x>`;
  });
}

const configuration = form(
  `${MUC}#roomconfig`,
  [
    "roomname",
    "persistentroom",
    "roomsecret",
    "membersonly",
    "whois",
    "historylength",
    "presencebroadcast",
    "allowpm",
  ].map((name) => `muc#roomconfig_${name}`),
);
const item = attributes({
  affiliation: fc.constantFrom("owner", "admin", "member", "none", "outcast", "bogus"),
  role: fc.constantFrom("moderator", "participant", "visitor", "none", "bogus"),
  jid,
  nick,
}).map((attrs) => `<item${attrs}/>`);
const node = attributes({ node: fc.constantFrom("x-roomuser-item", "zz", "http://jabber.org/protocol/commands") });

const payload = fc.oneof(
  fc.array(item, { maxLength: 2 }).map((items) => `<query xmlns="${MUC}#admin">${items.join("")}</query>`),
  fc
    .oneof(configuration, fc.constantFrom("", "<destroy/>", '<x xmlns="jabber:x:data" type="submit"/>'))
    .map((content) => `<query xmlns="${MUC}#owner">${content}</query>`),
  fc
    .oneof(form(`${MUC}#register`, ["muc#register_roomnick"]), fc.constantFrom("", "<remove/>"))
    .map((content) => `<query xmlns="jabber:iq:register">${content}</query>`),
  fc
    .tuple(fc.constantFrom("info", "items"), node)
    .map(([what, attrs]) => `<query xmlns="http://jabber.org/protocol/disco#${what}"${attrs}/>`),
  fc
    .tuple(fc.constantFrom("destroy", "set-affiliation", "zz"), form("urn:x", ["rooms", "room", "jid"]))
    .map(
      ([what, x]) =>
        `<command xmlns="http://jabber.org/protocol/commands" node="http://prosody.im/protocol/muc#${what}">${x}</command>`,
    ),
  fc.constantFrom(
    '<ping xmlns="urn:xmpp:ping"/>',
    '<vCard xmlns="vcard-temp"><FN>x</FN></vCard>',
    `<unique xmlns="${MUC}#unique"/>`,
    '<query xmlns="jabber:iq:roster"/>',
    '<query xmlns="jabber:iq:private"><storage xmlns="storage:bookmarks"/></query>',
    '<query xmlns="jabber:iq:version"/>',
    '<zz xmlns="urn:zz"/>',
    "",
    '<a xmlns="urn:a"/><b xmlns="urn:b"/>',
  ),
);

/** Stanzas of one person; `iq` ones want an answer. */
const presence = fc
  .tuple(occupant, fc.constantFrom(undefined, undefined, "unavailable", "probe", "error", "subscribe"), fc.boolean())
  .map(([to, type, enters]) => {
    return `<presence to="${to}"${attribute("type", type)}>${enters ? `<x xmlns="${MUC}"/>` : ""}</presence>`;
  });
const message = fc
  .tuple(
    address,
    fc.constantFrom("groupchat", "groupchat", undefined, "chat", "error"),
    fc.oneof(
      fc.constantFrom("<body>hi</body>", "<subject>s</subject>", `<x xmlns="${MUC}#user"/>`),
      jid.map((to) => `<x xmlns="${MUC}#user"><invite to="${to}"/></x>`),
      form(`${MUC}#request`, ["muc#role", "muc#roomnick", "muc#request_allow"]),
    ),
  )
  .map(([to, type, content]) => `<message to="${to}"${attribute("type", type)}>${content}</message>`);
const iq = fc
  .tuple(fc.option(address, { nil: undefined }), fc.constantFrom("get", "set", "set"), payload)
  .map(([to, type, content]) => `<iq${attribute("to", to)} type="${type}" id="ID">${content}</iq>`);

const action = fc.record({
  who: fc.constantFrom(...PEOPLE),
  stanza: fc.oneof({ weight: 3, arbitrary: presence }, { weight: 2, arbitrary: message }, { weight: 5, arbitrary: iq }),
  /** Whether whoever is asked something by others answers. */
  answers: fc.boolean(),
});

test("every iq get or set is answered once, and nothing that is sent makes a handler fail", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 80 }), async (actions) => {
      const clock = new FakeClock();
      await using service = await startService({
        clock,
        listen: false,
        config: `
          admins = { "admin@users.example" }
          modules_enabled = { "roster", "disco", "ping", "version", "vcard", "vcard_legacy", "private" }
          VirtualHost "users.example"
          Component "rooms.users.example" "muc"
            allow_unaffiliated_register = true
        `,
      });
      const clients = new Map(PEOPLE.map((person) => [person, service.client(person)]));
      const answers = new Map<string, number>();
      const stanzas = new Map<string, string>();
      const collect = (replies: boolean): void => {
        for (const client of clients.values()) {
          for (const { name, attrs } of client.inbox.takeAll()) {
            if (name !== "iq") continue;
            const id = String(attrs["id"]);
            if (attrs["type"] === "result" || attrs["type"] === "error") answers.set(id, (answers.get(id) ?? 0) + 1);
            else if (replies) client.send(`<iq type="result" id="${id}" to="${String(attrs["from"])}"/>`);
          }
        }
      };
      for (const [at, { who, stanza, answers: replies }] of actions.entries()) {
        const id = `q${at}`;
        if (stanza.startsWith("<iq")) stanzas.set(id, stanza);
        clients.get(who)?.send(stanza.replace('id="ID"', `id="${id}"`));
        await new Promise(setImmediate);
        collect(replies);
      }
      // Whoever was asked and never answers is given up on in the end.
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      clock.advanceSeconds(130);
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      collect(false);
      const wrong = [...stanzas].filter(([id]) => answers.get(id) !== 1);
      assert.deepEqual(
        wrong.map(([id, stanza]) => `${answers.get(id) ?? 0} answers to ${stanza}`),
        [],
      );
      const failures = service.logLines.filter(({ level }) => level === "error").map((line) => line.message);
      assert.deepEqual(failures, []);
    }),
    { numRuns: 40 },
  );
});
