import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command, CommandIo } from "chorus-muc";
import { connectClient, startService } from "../../../core/testing/index.js";

const CONFIG = `
modules_enabled = { "roster", "saslauth", "tls" }
VirtualHost "localhost"
  authentication = "internal_hashed"
`;

test("accounts are made, changed and removed by command, and a mistake says what is wrong", async () => {
  await using service = await startService({ config: CONFIG });
  const run = async (name: string, args: string[], answers: string[] = []): Promise<[number, string]> => {
    const command = service
      .host("localhost")
      .items<Command>("command-provider")
      .find((each) => each.name === name);
    assert.ok(command, name);
    let said = "";
    const io: CommandIo = {
      print: (line) => void (said += line),
      error: (line) => void (said += line),
      ask: () => Promise.resolve(answers.shift() ?? ""),
    };
    const status = await command.run(args, io, { online: true, cwd: "/" });
    return [status, said];
  };
  const logIn = async (password: string): Promise<void> => {
    const client = await connectClient({ jid: "romeo@localhost", password, port: service.clientPort });
    await client.disconnect();
  };
  assert.deepEqual(await run("adduser", ["romeo@localhost"], ["one", "one"]), [0, "romeo@localhost can log in"]);
  await logIn("one");
  assert.deepEqual(await run("adduser", ["Romeo@localhost"], ["one", "one"]), [1, "romeo@localhost exists already"]);
  assert.deepEqual(await run("adduser", ["juliet@localhost"], ["one", "two"]), [1, "the two passwords differ"]);
  assert.equal((await run("adduser", ["juliet@localhost", "--password-stdin"], [""]))[0], 1);
  assert.deepEqual(await run("adduser", ["juliet@elsewhere"], []), [1, "elsewhere is not a host with accounts"]);
  assert.equal((await run("adduser", ["localhost"]))[0], 2);
  assert.equal((await run("passwd", ["romeo@localhost", "--password-stdin"], ["two"]))[0], 0);
  await logIn("two");
  await assert.rejects(logIn("one"), /not-authorized/);
  assert.equal((await run("passwd", ["juliet@localhost"], ["x", "x"]))[1], "there is no juliet@localhost");
  assert.equal((await run("deluser", ["romeo@localhost"]))[0], 0);
  await assert.rejects(logIn("two"), /not-authorized/);
});
