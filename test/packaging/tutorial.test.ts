/**
 * The first chapter of docs/writing-modules.md, followed to the letter in an empty folder, with the package as npm packs
 * it: each block of commands is run, each file written and each change made as it is shown, in order.
 *
 * Two things are not as they are for a reader, as there is no network and other servers may be running: the package and
 * what it depends on are put where `npm install chorus-muc` puts them, and the port is one that is free.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { guest } from "chorus-muc/muc";
import { packageRoot } from "../../core/package.js";
import { serialise } from "../../core/xmpp/template.js";
import { matches } from "../../core/testing/matcher.js";
import { parseExpectation } from "../../core/testing/scansion.js";
import { connectClient, type Client } from "../../core/testing/client.js";
import { startChild, type Child } from "../support/child.js";
import { codeBlocks, type CodeBlock } from "../support/markdown.js";

const PAGE = join(packageRoot(), "docs/writing-modules.md");
const ROOM = "orchard@conference.localhost";
/** npm may look nowhere but on this disk. */
const ENVIRONMENT = {
  ...process.env,
  npm_config_offline: "true",
  npm_config_update_notifier: "false",
  npm_config_fund: "false",
};

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-tutorial-"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** What `npm install chorus-muc` leaves behind, from what `npm pack` makes of this tree. */
async function install(project: string): Promise<void> {
  const run = promisify(execFile);
  const modules = join(project, "node_modules");
  await mkdir(join(modules, ".bin"), { recursive: true });
  const pack = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], {
    cwd: packageRoot(),
    env: ENVIRONMENT,
    maxBuffer: 16 * 1024 * 1024,
  });
  const [{ filename }] = JSON.parse(pack.stdout) as [{ readonly filename: string }];
  await run("tar", ["-xzf", join(project, filename), "-C", modules]);
  await rm(join(project, filename));
  await rename(join(modules, "package"), join(modules, "chorus-muc"));
  const installed = join(packageRoot(), "node_modules");
  for (const name of await readdir(installed)) {
    if (!name.startsWith(".")) await symlink(join(installed, name), join(modules, name));
  }
  const { bin } = JSON.parse(await readFile(join(modules, "chorus-muc/package.json"), "utf8")) as {
    readonly bin: Readonly<Record<string, string>>;
  };
  for (const [name, path] of Object.entries(bin)) {
    await chmod(join(modules, "chorus-muc", path), 0o755);
    await symlink(join("../chorus-muc", path), join(modules, ".bin", name));
  }
}

/** Somebody who follows a page: in a folder, with a server in another terminal. */
class Reader implements AsyncDisposable {
  server: Child | undefined;
  readonly clients: Client[] = [];

  constructor(public folder: string) {}

  /** Runs a block of commands. @returns what they printed */
  async run(block: CodeBlock): Promise<string> {
    let output = "";
    for (const line of block.text.trim().split("\n")) {
      if (line === "npm install chorus-muc") await install(this.folder);
      else if (line.startsWith("cd ")) this.folder = join(this.folder, line.slice(3));
      else if (line === "npx chorus") await this.start();
      else {
        const shell = startChild("sh", ["-ec", line], { cwd: this.folder, env: ENVIRONMENT });
        assert.equal(await shell.exited, 0, `${line}\n${shell.output}`);
        output += shell.output;
      }
    }
    return output;
  }

  async start(): Promise<void> {
    this.server = startChild("npx", ["chorus"], { cwd: this.folder, env: ENVIRONMENT });
    await this.server.printed(/chorus ready/);
  }

  /** Writes, changes or appends, as the text before the block says; what is only shown must be there. */
  async edit({ text, language, before: prose }: CodeBlock): Promise<void> {
    const name = [...prose.matchAll(/`([\w/]+(?:\.test)?\.ts|prosody\.cfg\.lua)`/g)].at(-1)?.[1];
    const path = join(this.folder, name ?? this.edited);
    this.edited = name ?? this.edited;
    if (language === "lua") return writeFile(path, text.replace("{ 5222 }", "{ 0 }"));
    if (/\bAppend to\b/.test(prose)) return appendFile(path, `\n${text}`);
    const source = await readFile(path, "utf8");
    const lines = (sign: string): string =>
      text
        .split("\n")
        .filter((line) => line.startsWith(sign))
        .map((line) => `${line.slice(1)}\n`)
        .join("");
    const shown = language === "diff" ? lines("-") : text;
    assert.ok(source.includes(shown), `${path} has not what is shown:\n${shown}`);
    if (language === "diff")
      await writeFile(
        path,
        source.replace(shown, () => lines("+")),
      );
  }
  private edited = "";

  async join(nick: string): Promise<ReturnType<typeof guest<Client>>> {
    const port = Number(/c2s on 127\.0\.0\.1:(\d+)/.exec(this.server?.output ?? "")?.[1]);
    const jid = `${nick.toLowerCase()}@localhost`;
    const client = guest(await connectClient({ jid, password: "secret", port, tls: "always" }));
    this.clients.push(client);
    await client.join(ROOM, nick);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.drop();
    if (this.server === undefined) return;
    process.kill(-this.server.pid, "SIGINT"); // as Ctrl-C: everything in that terminal
    await this.server.exited;
  }
}

test("the tutorial leads from an empty folder to a module that is reloaded while people talk", async () => {
  const blocks = codeBlocks(await readFile(PAGE, "utf8"), "Ten minutes");
  await using reader = new Reader(folder);
  const said = (body: string): string => `<message from="${ROOM}" type="groupchat"><body>${body}</body></message>`;
  let people: { readonly romeo: Client; readonly juliet: ReturnType<typeof guest<Client>> } | undefined;
  const passed: number[] = [];
  let reloaded = 0;
  for (const block of blocks) {
    if (block.language === "sh") {
      const output = await reader.run(block);
      passed.push(...[...output.matchAll(/\bpass (\d+)/g)].map(([, count]) => Number(count)));
      reloaded += [...output.matchAll(/mod_muc_karma: reloaded/g)].length;
    } else if (block.language === "text") {
      // What the room is to say, after what Juliet is to say.
      people ??= { romeo: await reader.join("Romeo"), juliet: await reader.join("Juliet") };
      const words = [...block.before.matchAll(/Juliet say `([^`]+)`/g)].at(-1)?.[1];
      assert.ok(words !== undefined, block.before);
      people.juliet.say(ROOM, words);
      await people.romeo.see(`<message from="${ROOM}/Juliet" type="groupchat"><body>${words}</body></message>`);
      // The very next: nobody has left, come back, or been told anything in between.
      const answer = await people.romeo.receive();
      assert.ok(matches(parseExpectation(said(block.text.trim())), answer), serialise(answer));
    } else await reader.edit(block);
  }
  assert.deepEqual(passed, [3, 4], "the tests as made, and one more");
  assert.equal(reloaded, 1);
  assert.ok(people);
  await people.juliet.see(said("Romeo has 0 points"));
  assert.equal(people.romeo.inbox.size, 0);
  assert.doesNotMatch(reader.server?.output ?? "", /\berror\b/i);
});
