import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptError, parseScript } from "../../../core/testing/scansion.js";

const HEAD = `# Two people meet
# and say so
## in-order

[Client] Hero
	jid: hero@localhost/garden
	password: secret

[Client] Leonato's guest
	jid: localhost
	connect_host: ::1
	connect_port: 5223

-----
`;

test("a script: heading, tags, clients and actions with their lines", () => {
  const script = parseScript(
    `${HEAD}
Hero connects

# a remark
Hero sends:
	<presence to="\${Leonato's guest's full JID}">
		<x xmlns="urn:example:x" scansion:strict="true"/>

	</presence>
Leonato's guest receives
	<presence from='\${Hero's JID}'/>
Hero receives nothing
Hero receives: nothing
Hero disconnects
`,
    "meet.scs",
  );
  assert.equal(script.title, "Two people meet");
  assert.deepEqual(script.description, ["and say so"]);
  assert.ok(script.tags.has("in-order"));
  assert.deepEqual(script.clients, [
    {
      name: "Hero",
      line: 5,
      jid: "hero@localhost/garden",
      password: "secret",
      connectHost: undefined,
      connectPort: undefined,
    },
    {
      name: "Leonato's guest",
      line: 9,
      jid: "localhost",
      password: undefined,
      connectHost: "::1",
      connectPort: 5223,
    },
  ]);
  assert.deepEqual(
    script.steps.map(({ client, kind, line }) => [client, kind, line]),
    [
      ["Hero", "connects", 16],
      ["Hero", "sends", 19],
      ["Leonato's guest", "receives", 24],
      ["Hero", "receives nothing", 26],
      ["Hero", "receives nothing", 27],
      ["Hero", "disconnects", 28],
    ],
  );
  const received = script.steps[2];
  assert.ok(received?.kind === "receives");
  assert.equal(received.stanza.attrs["from"], "${Hero's JID}");
});

const mistakes: readonly [name: string, text: string, message: RegExp][] = [
  ["no line of dashes", "# Title\n", /^bad\.scs:2: expected the line -----/],
  ["text before the dashes", "# Title\nhello\n-----\n", /^bad\.scs:2: expected a heading/],
  ["a section that is no client", "[Server] x\n-----\n", /^bad\.scs:1: expected \[Client\]/],
  ["a client without a jid", "\n[Client] A\n\tpassword: x\n-----\n", /^bad\.scs:2: A has no jid/],
  ["an unknown setting", "[Client] A\n\tjid: a@b\n\tcolour: red\n-----\n", /^bad\.scs:3: expected one of jid, /],
  ["a port that is none", "[Client] A\n\tjid: a@b\n\tconnect_port: http\n-----\n", /^bad\.scs:1: connect_port: /],
  ["the same name twice", "[Client] A\n\tjid: a@b\n[Client] A\n\tjid: a@c\n-----\n", /^bad\.scs:3: a second client/],
  ["an unknown client", `${HEAD}Nobody connects\n`, /^bad\.scs:15: no client is called Nobody/],
  ["an unknown action", `${HEAD}Hero sleeps\n`, /^bad\.scs:15: expected "<name> connects/],
  ["an indented line without an action", `${HEAD}\n\t<presence/>\n`, /^bad\.scs:16: expected "<name> connects/],
  ["nothing to send", `${HEAD}Hero sends:\n\nHero connects\n`, /^bad\.scs:15: expected an indented stanza/],
  ["sending nothing", `${HEAD}Hero sends: nothing\n`, /^bad\.scs:15: nothing cannot follow sends/],
  ["broken XML", `${HEAD}Hero sends:\n\n\t<presence>\n`, /^bad\.scs:17: not one well-formed stanza: /],
  ["two stanzas", `${HEAD}Hero sends:\n\t<presence/>\n\t<presence/>\n`, /^bad\.scs:16: not one well-formed stanza: /],
];

for (const [name, text, message] of mistakes) {
  test(`a script with a mistake is refused with its line: ${name}`, () => {
    assert.throws(
      () => parseScript(text, "bad.scs"),
      (error: unknown) => error instanceof ScriptError && message.test(error.message),
    );
  });
}
