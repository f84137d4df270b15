/** A module as a stranger writes it: TypeScript, outside the package, in a folder that `plugin_paths` names. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { joinRoom } from "chorus-muc/muc";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { startService } from "../../../core/testing/service.js";
import { enter, present, said, say } from "../../support/room-stanzas.js";

const ROOM = "lounge@conference.localhost";

const HELPER = `
export const isRobot = (nick: string): boolean => nick.toLowerCase().endsWith("bot");
`;

const NO_ROBOTS = `
import { inject, injectable, ModuleApiToken, resourceOf, StanzaError, type ModuleApi } from "chorus-muc";
import type { PreJoinEvent } from "chorus-muc/muc";
import { isRobot } from "./robots.ts";

@injectable()
export default class NoRobots {
  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const excuse = this.module.getOptionString("no_robots_excuse", "Humans only");
    this.module.hook("muc-occupant-pre-join", ({ room, occupant }: PreJoinEvent) => {
      if (!isRobot(resourceOf(occupant.nick) ?? "")) return;
      return new StanzaError({ type: "cancel", condition: "not-allowed", text: excuse, by: room.jid });
    });
  }
}
`;

const NEVER_ANSWERS = `
import { inject, ModuleApiToken, type ModuleApi } from "chorus-muc";
import "chorus-muc/muc";

export default class NeverAnswers {
  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    this.module.hook("muc-occupant-pre-join", ({ occupant }) =>
      occupant.nick.endsWith("/Stuck") ? new Promise<undefined>(() => undefined) : undefined,
    );
  }
}
`;

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-plugins-"));
  await mkdir(join(folder, "mod_no_robots"));
  await writeFile(join(folder, "mod_no_robots", "index.ts"), NO_ROBOTS);
  await writeFile(join(folder, "mod_no_robots", "robots.ts"), HELPER);
  await writeFile(join(folder, "mod_never_answers.ts"), NEVER_ANSWERS);
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A service whose rooms have one module more. */
function configWith(module: string, options = ""): string {
  return `
modules_enabled = { "saslauth", "disco", "ping" }
VirtualHost "localhost"
Component "conference.localhost" "muc"
  muc_room_locking = false
  modules_enabled = { "${module}" }
  ${options}
`;
}

test("a third party's module refuses a nick, with its own option, and lets others in", async () => {
  await using service = await startService({
    config: configWith("no_robots", 'no_robots_excuse = "No machines, please"'),
    pluginPaths: [folder],
    listen: false,
  });
  const ada = service.client("ada@localhost");
  await joinRoom(ada, ROOM, "Ada");
  await ada.see('<message type="groupchat"><subject/></message>');
  const ben = service.client("ben@localhost");
  ben.send(enter(ROOM, "SpamBot"));
  await ben.expect(`
    <presence type="error" from="${ROOM}/SpamBot">
      <error type="cancel" code="405" by="${ROOM}">
        <not-allowed xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
        <text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">No machines, please</text>
      </error>
      <x xmlns="http://jabber.org/protocol/muc"/>
    </presence>`);
  await ada.expectNothing();
  await joinRoom(ben, ROOM, "Ben");
  await ada.expect(present(ROOM, "Ben"));
});

test("with a join hook that never answers, the others in the room talk on", async () => {
  const clock = new FakeClock();
  await using service = await startService({
    config: configWith("never_answers"),
    pluginPaths: [folder],
    listen: false,
    clock,
  });
  const [ada, ben, stuck] = ["ada", "ben", "cleo"].map((user) => service.client(`${user}@localhost`));
  assert.ok(ada && ben && stuck);
  await joinRoom(ada, ROOM, "Ada");
  stuck.send(enter(ROOM, "Stuck"));
  ben.send(enter(ROOM, "Ben"));
  await ada.see(present(ROOM, "Ben"));
  ben.send(say(ROOM, "Is somebody at the door?"));
  await ada.see(said(ROOM, "Ben", "Is somebody at the door?"));
  await stuck.expectNothing();
  // The deadline of a hook is 5 s; then the one who waits is refused.
  clock.advanceSeconds(6);
  await stuck.expect(`
    <presence type="error" from="${ROOM}/Stuck">
      <error type="wait"><resource-constraint xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>
    </presence>`);
  await ada.expectNothing();
});

test("a module of one's own imports what comes with Node by default and by name", async () => {
  await writeFile(
    join(folder, "mod_imports.ts"),
    `import assert, { equal } from "node:assert/strict";
     import path from "node:path";
     import * as fs from "node:fs";
     import type { ModuleApi } from "chorus-muc";
     export default (module: ModuleApi): void => {
       assert.equal(path.basename(module.path), "mod_imports.ts");
       equal(fs.existsSync(module.path), true);
     };`,
  );
  await using service = await startService({ config: configWith("imports"), pluginPaths: [folder], listen: false });
  assert.ok(service.service.modules.loadedOn("conference.localhost").includes("imports"));
});
