import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { connectAdminSocket } from "../../../core/cli/admin-client.js";
import { LineSplitter, MAX_ADMIN_LINE_BYTES, type AdminReply } from "../../../core/cli/admin-protocol.js";
import type { Command, CommandIo } from "../../../core/cli/command.js";
import { startService, type TestService } from "../../../core/testing/service.js";

interface Fixture extends AsyncDisposable {
  readonly path: string;
  readonly service: TestService;
}

/** A service with a socket of its own, and commands that do what the tests need. */
async function fixture(commands: readonly Command[] = []): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), "chorus-admin-"));
  const path = join(folder, "admin.sock");
  const service = await startService({ config: `admin_socket = ${JSON.stringify(path)}; VirtualHost "localhost"` });
  for (const command of commands) service.service.hosts.published.add("command-provider", command, "test");
  return {
    path,
    service,
    async [Symbol.asyncDispose]() {
      await service.stop();
      await rm(folder, { recursive: true });
    },
  };
}

const command = (name: string, run: Command["run"]): Command => ({ name, summary: name, usage: name, run });

const echo = command("echo", async (args, io) => {
  io.print(args.join(" "));
  return 0;
});

const greet = command("greet", async (_args, io) => {
  io.print(`hello ${await io.ask("Who? ")}`);
  io.error(`psst ${await io.ask("Secret: ", { hidden: true })}`);
  return 3;
});

/** What comes back on a connection, message by message. */
class Talk {
  readonly #socket: Socket;
  readonly #replies: AdminReply[] = [];
  #wake: () => void = () => undefined;
  readonly closed: Promise<unknown>;

  constructor(path: string) {
    this.#socket = connect({ path, allowHalfOpen: true });
    const lines = new LineSplitter();
    this.#socket.on("data", (chunk: Buffer) => {
      for (const line of lines.push(chunk) ?? [])
        this.#replies.push(JSON.parse(Buffer.from(line).toString()) as AdminReply);
      this.#wake();
    });
    this.closed = once(this.#socket, "end");
  }

  say(...messages: unknown[]): void {
    for (const message of messages) {
      this.#socket.write(`${typeof message === "string" ? message : JSON.stringify(message)}\n`);
    }
  }

  async next(): Promise<AdminReply> {
    while (this.#replies.length === 0) await new Promise<void>((wake) => (this.#wake = wake));
    return this.#replies.shift() as AdminReply;
  }

  /** Everything up to and with the next `exit`. */
  async toExit(): Promise<AdminReply[]> {
    const replies = [await this.next()];
    while (!("exit" in (replies.at(-1) as AdminReply))) replies.push(await this.next());
    return replies;
  }

  endInput(): void {
    this.#socket.end();
  }

  drop(): void {
    this.#socket.destroy();
  }
}

const collecting = (answers: readonly string[] = []): CommandIo & { readonly lines: string[] } => {
  const lines: string[] = [];
  const rest = [...answers];
  return {
    lines,
    print: (line) => void lines.push(line),
    error: (line) => void lines.push(`! ${line}`),
    ask: async (question, options) => {
      lines.push(`? ${question}${options?.hidden === true ? "(hidden)" : ""}`);
      const answer = rest.shift();
      if (answer === undefined) throw new Error("nobody there");
      return answer;
    },
  };
};

describe("mod_admin_socket", () => {
  it("is open to its owner only, and gone after a stop", async () => {
    let path;
    {
      await using server = await fixture();
      path = server.path;
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.ok((await stat(path)).isSocket());
      await server.service.stop();
      assert.ok(!existsSync(path));
    }
    assert.equal(await connectAdminSocket(path), undefined);
  });

  it("runs commands, passes questions on, and tells the exit status", async () => {
    await using server = await fixture([greet]);
    const client = await connectAdminSocket(server.path);
    const io = collecting(["Romeo", "s3cret"]);
    assert.equal(await client?.run(["greet"], io), 3);
    assert.deepEqual(io.lines, ["? Who? ", "hello Romeo", "? Secret: (hidden)", "! psst s3cret"]);
    const mute = collecting();
    assert.equal(await client?.run(["greet"], mute), 1);
    assert.deepEqual(mute.lines, ["? Who? ", "! nobody there"]);
    client?.close();
  });

  it("answers what is no request, and goes on", async () => {
    await using server = await fixture([echo]);
    const talk = new Talk(server.path);
    for (const line of [
      "nonsense",
      "[]",
      "{}",
      "null",
      '{"command":[]}',
      '{"command":[1]}',
      '{"command":"echo"}',
      "\xff",
    ]) {
      talk.say(line);
      assert.deepEqual(await talk.toExit(), [{ error: 'expected {"command":["…"]} on one line' }, { exit: 2 }], line);
    }
    talk.say({ answer: "x" });
    assert.deepEqual(await talk.toExit(), [{ error: "an answer, but nothing was asked" }, { exit: 2 }]);
    talk.say("", { command: ["echo", "still", "here"] });
    assert.deepEqual(await talk.toExit(), [{ print: "still here" }, { exit: 0 }]);
    talk.drop();
  });

  it("runs requests of one connection in order, of others beside them", async () => {
    let open: () => void = () => undefined;
    const slow = command("slow", async (_args, io) => {
      io.print("begun");
      await new Promise<void>((resolve) => (open = resolve));
      return 0;
    });
    await using server = await fixture([slow, echo]);
    const [one, other] = [new Talk(server.path), new Talk(server.path)];
    one.say({ command: ["slow"] }, { command: ["echo", "after"] });
    assert.deepEqual(await one.next(), { print: "begun" });
    other.say({ command: ["echo", "beside"] });
    assert.deepEqual(await other.toExit(), [{ print: "beside" }, { exit: 0 }]);
    open();
    assert.deepEqual(await one.toExit(), [{ exit: 0 }]);
    assert.deepEqual(await one.toExit(), [{ print: "after" }, { exit: 0 }]);
    one.drop();
    other.drop();
  });

  it("tells a command the folder of its caller, and none that has no root", async () => {
    const where: Command = {
      ...command("where", () => Promise.resolve(0)),
      run: async (_args, io, { cwd, online }) => {
        io.print(`${cwd} ${String(online)}`);
        return 0;
      },
    };
    await using server = await fixture([where]);
    const client = await connectAdminSocket(server.path);
    const io = collecting();
    assert.equal(await client?.run(["where"], io, "/home/ada"), 0);
    assert.equal(await client?.run(["where"], io), 0);
    assert.deepEqual(io.lines, ["/home/ada true", `${process.cwd()} true`]);
    client?.close();
    const talk = new Talk(server.path);
    for (const cwd of ["ada", "", 1, null]) {
      talk.say({ command: ["where"], cwd });
      assert.deepEqual((await talk.toExit()).at(-1), { exit: 2 }, String(cwd));
    }
    talk.drop();
  });

  it("keeps a command that prints without end at the pace of its reader", async () => {
    const line = "x".repeat(64 * 1024);
    const lines = 1000; // 64 MiB: four times what a client may leave unread
    const endless: Command = {
      ...command("endless", () => Promise.resolve(0)),
      run: async (_args, io) => {
        for (let at = 0; at < lines; at++) {
          io.print(line);
          await io.drained?.();
        }
        return 0;
      },
    };
    await using server = await fixture([endless]);
    const client = await connectAdminSocket(server.path);
    let count = 0;
    const io: CommandIo = { ...collecting(), print: () => void count++ };
    assert.equal(await client?.run(["endless"], io), 0);
    assert.equal(count, lines);
    client?.close();
  });

  it("ends a connection whose line has no end", async () => {
    await using server = await fixture();
    const talk = new Talk(server.path);
    talk.say("x".repeat(MAX_ADMIN_LINE_BYTES + 1));
    assert.deepEqual(await talk.toExit(), [
      { error: `a line is longer than ${MAX_ADMIN_LINE_BYTES} bytes` },
      { exit: 2 },
    ]);
    await talk.closed;
    talk.drop();
  });

  it("ends a connection that asks for more than it waits for", async () => {
    await using server = await fixture([command("stuck", () => new Promise(() => undefined))]);
    const talk = new Talk(server.path);
    talk.say(...Array.from({ length: 100 }, () => ({ command: ["stuck"] })));
    assert.deepEqual(await talk.toExit(), [{ error: "more than 64 requests wait" }, { exit: 2 }]);
    await talk.closed;
    talk.drop();
  });

  it("says what a command threw, and lives on", async () => {
    await using server = await fixture([command("broken", () => Promise.reject(new Error("it broke"))), echo]);
    const talk = new Talk(server.path);
    talk.say({ command: ["broken"] }, { command: ["echo", "on"] });
    assert.deepEqual(await talk.toExit(), [{ error: "it broke" }, { exit: 1 }]);
    assert.deepEqual(await talk.toExit(), [{ print: "on" }, { exit: 0 }]);
    talk.drop();
  });

  it("refuses what only a stopped server allows", async () => {
    await using server = await fixture([{ ...echo, offlineOnly: true }]);
    const talk = new Talk(server.path);
    talk.say({ command: ["echo"] });
    assert.deepEqual(await talk.toExit(), [
      { error: "echo works on a server that is not running: stop it first" },
      { exit: 1 },
    ]);
    talk.drop();
  });

  it("answers a client that has ended its side, and does not wait for its answers", async () => {
    await using server = await fixture([echo, greet]);
    const talk = new Talk(server.path);
    talk.say({ command: ["echo", "bye"] }, { command: ["greet"] });
    talk.endInput();
    assert.deepEqual(await talk.toExit(), [{ print: "bye" }, { exit: 0 }]);
    const replies = await talk.toExit();
    assert.deepEqual(replies.at(-1), { exit: 1 });
    await talk.closed;
  });

  it("goes on when a client goes away in the middle", async () => {
    let told: (error: unknown) => void = () => undefined;
    const failed = new Promise((resolve) => (told = resolve));
    const asks = command("asks", async (_args, io) => {
      await io.ask("Well? ").catch(told);
      return 0;
    });
    await using server = await fixture([asks, echo]);
    const gone = new Talk(server.path);
    gone.say({ command: ["asks"] });
    assert.deepEqual(await gone.next(), { ask: "Well? ", hidden: false });
    gone.drop();
    assert.match(String(await failed), /no answer was given/);
    const talk = new Talk(server.path);
    talk.say({ command: ["echo", "on"] });
    assert.deepEqual(await talk.toExit(), [{ print: "on" }, { exit: 0 }]);
    talk.drop();
  });

  it("leaves alone what is not its own, and the server runs without it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "chorus-admin-"));
    try {
      const path = join(folder, "a.sock");
      const config = `admin_socket = ${JSON.stringify(path)}; VirtualHost "localhost"`;
      const other = createServer().listen(path);
      await once(other, "listening");
      {
        await using service = await startService({ config, tolerant: true });
        const { problems } = service.service.config;
        assert.match(problems.map(({ message }) => message).join("\n"), /another server answers; chorusctl will not/);
      }
      assert.ok(existsSync(path));
      other.close();
      await once(other, "close");
      await writeFile(path, "a file of somebody's");
      await using service = await startService({ config, tolerant: true });
      assert.equal(service.service.config.problems.length, 1);
      assert.ok((await stat(path)).isFile());
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("lines of the admin socket", () => {
  it("come out whole, wherever they were cut", () => {
    const text = fc.string({ unit: "binary", maxLength: 20 }).map((line) => line.replaceAll("\n", ""));
    fc.assert(
      fc.property(fc.array(text), fc.array(fc.nat({ max: 30 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const splitter = new LineSplitter();
        const found: string[] = [];
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          for (const line of splitter.push(bytes.subarray(at, at + size)) ?? [])
            found.push(Buffer.from(line).toString());
          at += size;
        }
        assert.deepEqual(found, lines);
      }),
    );
  });

  it("are refused as soon as they are too long", () => {
    assert.equal(new LineSplitter(4).push(Buffer.from("12345")), undefined);
    assert.equal(new LineSplitter(4).push(Buffer.from("12345\n")), undefined);
    assert.equal(new LineSplitter(4).push(Buffer.from("1234\n1234"))?.length, 1);
  });
});
