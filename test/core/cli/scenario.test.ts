import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runScenarioCommand } from "../../../core/cli/scenario.js";
import { startService } from "../../../core/testing/service.js";

/** Fails when the room is there already. */
const CREATES = `# Makes a room
[Client] Ines
	jid: ines@localhost
	password: password
-----
Ines connects
Ines sends:
	<presence to="fountain@conference.localhost/Ines"><x xmlns="http://jabber.org/protocol/muc"/></presence>
Ines receives:
	<presence from="fountain@conference.localhost/Ines">
		<x xmlns="http://jabber.org/protocol/muc#user">
			<status code="201"/>
			<item affiliation="owner" role="moderator" jid="\${Ines's full JID}"/>
			<status code="110"/>
		</x>
	</presence>
Ines sends:
	<iq type="set" id="keep" to="fountain@conference.localhost">
		<query xmlns="http://jabber.org/protocol/muc#owner">
			<x xmlns="jabber:x:data" type="submit">
				<field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>
				<field var="muc#roomconfig_persistentroom"><value>1</value></field>
			</x>
		</query>
	</iq>
Ines receives:
	<iq type="result" id="keep"/>
`;
const FAILS = CREATES.replace('affiliation="owner"', 'affiliation="admin"');

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-scripts-"));
  await writeFile(join(folder, "creates.scs"), CREATES);
  await writeFile(join(folder, "fails.scs"), FAILS);
  await writeFile(join(folder, "broken.scs"), "[Client] A\n\tjid: a@localhost\n-----\nA sends:\n\t<presence>\n");
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function call(...args: string[]): Promise<{ status: number; out: string[]; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const status = await runScenarioCommand(
    args.map((arg) => (arg.endsWith(".scs") ? join(folder, arg) : arg)),
    {
      print: (line) => out.push(line),
      error: (line) => err.push(line),
      ask: () => Promise.reject(new Error("nobody is there")),
    },
  );
  return { status, out, err: err.join("\n") };
}

test("each script gets a service of its own", async () => {
  const { status, out, err } = await call("creates.scs", "creates.scs");
  assert.equal(err, "");
  assert.equal(out.at(-1), "2 passed, 0 failed");
  assert.equal(status, 0);
});

test("a script that fails is told with its line, and the others are played", async () => {
  const { status, out, err } = await call("--timeout", "0.2", "fails.scs", "broken.scs", "creates.scs");
  assert.match(err, /fails\.scs:9: Ines receives: nothing that matches within 200 ms/);
  assert.match(err, /broken\.scs:5: not one well-formed stanza/);
  assert.equal(out.at(-1), "1 passed, 2 failed");
  assert.equal(status, 1);
});

test("--in-order: the very next stanza must match, and the room's subject comes before its answer", async () => {
  const { out, err } = await call("--in-order", "creates.scs");
  assert.match(err, /creates\.scs:26: Ines receives: something else came first/);
  assert.equal(out.at(-1), "0 passed, 1 failed");
});

test("a running service can be named; a suffix for rooms keeps two runs apart", async () => {
  await using service = await startService();
  const at = ["--host", "127.0.0.1", "--port", String(service.clientPort), "--timeout", "0.5"];
  assert.equal((await call(...at, "creates.scs")).out.at(-1), "1 passed, 0 failed");
  // The room of the first run is still there.
  assert.equal((await call(...at, "creates.scs")).out.at(-1), "0 passed, 1 failed");
  assert.equal((await call(...at, "--room-suffix", "creates.scs")).out.at(-1), "1 passed, 0 failed");
  assert.equal((await call(...at, "--room-suffix=-second", "creates.scs")).out.at(-1), "1 passed, 0 failed");
});

test("--verbose shows every stanza", async () => {
  const { err } = await call("--verbose", "creates.scs");
  assert.match(err, /^Ines sends <presence to="fountain@conference\.localhost\/Ines">/m);
  assert.match(err, /^Ines receives <iq /m);
});

const mistakes: readonly [name: string, args: string[], message: RegExp][] = [
  ["no script", [], /no script was named/],
  ["an unknown option", ["--colour", "creates.scs"], /Unknown option '--colour'/],
  ["both a configuration and a server", ["--config", "x", "--host", "y", "creates.scs"], /expected only one/],
  ["a port that is none", ["--port", "http", "creates.scs"], /--port: expected a number, got "http"/],
  ["a time that is none", ["--timeout", "soon", "creates.scs"], /--timeout: expected seconds, got "soon"/],
];

for (const [name, args, message] of mistakes) {
  test(`called with ${name}, it says so and how it is called`, async () => {
    const { status, err } = await call(...args);
    assert.match(err, message);
    assert.match(err, /^usage: chorusctl scenario /m);
    assert.equal(status, 2);
  });
}
