/** The module that docs/modules/mod_muc_admin.md shows does what it says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { xml } from "../../core/index.js";
import { runCommand } from "../../core/cli/run-command.js";
import { packageRoot } from "../../core/package.js";
import { createRoom, enter, errorOf, received, request, ROOM, startRooms, submission } from "../support/rooms.js";

test("a module adds an action, which the operator and admins of the service can use", async () => {
  const page = readFileSync(join(packageRoot(), "docs/modules/mod_muc_admin.md"), "utf8");
  const source = /^```ts\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? "";
  const folder = await mkdtemp(join(tmpdir(), "chorus-action-"));
  try {
    await writeFile(join(folder, "mod_hush.ts"), source);
    await using service = await startRooms(`modules_enabled = { "hush" }`, { pluginPaths: [folder] });
    const [ada, ben, admin] = [
      service.client("ada@example"),
      service.client("ben@example"),
      service.client("admin@example"),
    ];
    await createRoom(ada, "Ada");
    await enter(ben, "Ben");
    await received(ada);
    const lines: string[] = [];
    const io = {
      print: (line: string) => void lines.push(line),
      error: (line: string) => void lines.push(line),
      ask: () => Promise.reject(new Error("nobody is asked")),
    };
    const words = ["muc", "hush", ROOM, "--reason", "Night"];
    assert.equal(await runCommand(service.service.hosts, words, io, { online: true, cwd: "/" }), 0);
    assert.deepEqual(lines, ["1 are silent"]);
    assert.match(String((await received(ben))[0]), /role="visitor".*Night/);

    const command = xml("command", { xmlns: "http://jabber.org/protocol/commands", node: "chorus:muc#hush" });
    command.append(submission("chorus:muc#hush", { room: ROOM }));
    assert.match(String((await request(admin, "set", command, "rooms.example"))[0]), /0 are silent/);
    assert.equal(errorOf((await request(ben, "set", command, "rooms.example"))[0]), "auth/forbidden");

    await service.service.modules.unload("rooms.example", "hush");
    assert.equal(await runCommand(service.service.hosts, words, io, { online: true, cwd: "/" }), 2);
  } finally {
    await rm(folder, { recursive: true });
  }
});
