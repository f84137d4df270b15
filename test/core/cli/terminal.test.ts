import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { describe, it } from "node:test";
import { TerminalIo } from "../../../core/cli/terminal.js";

/** A terminal: what is typed, and all that is shown. */
function terminal(): { readonly io: TerminalIo; type(keys: string): void; shown(): string } {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  let shown = "";
  const screen = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        shown += chunk.toString();
        done();
      },
    }),
    { isTTY: true },
  );
  return {
    io: new TerminalIo({ stdin, stdout: screen, stderr: screen }),
    type: (keys) => stdin.write(keys),
    shown: () => shown,
  };
}

describe("a terminal", () => {
  it("shows the question and not the password, typed after it or ahead of it", async () => {
    const { io, type, shown } = terminal();
    const first = io.ask("Password: ", { hidden: true });
    type("s3cret\rs3cret\r");
    assert.equal(await first, "s3cret");
    assert.equal(await io.ask("Once more: ", { hidden: true }), "s3cret");
    assert.doesNotMatch(shown(), /s3cret/);
    assert.match(shown(), /^Password: [\s\S]*Once more: /);
  });

  it("shows how far a command is, on one line, which other lines erase", () => {
    const { io, shown } = terminal();
    io.progress("1 of 2");
    io.progress("2 of 2");
    io.print("done");
    io.progress("");
    assert.equal(shown(), "\r\x1b[2K1 of 2\r\x1b[2K2 of 2\r\x1b[2Kdone\n");
    let piped = "";
    const pipe = new Writable({
      write: (chunk: Buffer, _encoding, done) => (void (piped += chunk.toString()), done()),
    });
    new TerminalIo({ stderr: pipe }).progress("1 of 2");
    assert.equal(piped, "");
  });

  it("shows what is typed as an open answer", async () => {
    const { io, type, shown } = terminal();
    const answer = io.ask("Who? ");
    type("Romeo\r");
    assert.equal(await answer, "Romeo");
    assert.match(shown(), /Who\? .*Romeo/s);
  });

  it("takes Ctrl-C and Ctrl-D for no answer, also to what is asked later", async () => {
    for (const key of ["\x03", "\x04"]) {
      const { io, type } = terminal();
      const answer = io.ask("Password: ", { hidden: true });
      type(key);
      await assert.rejects(answer, /no answer was given/);
      await assert.rejects(io.ask("Once more: ", { hidden: true }), /no answer was given/);
    }
  });

  it("takes hidden answers from standard input, a line each, where that was asked for", async () => {
    const stdin = new PassThrough();
    stdin.end("one\r\ntwo\n");
    const io = new TerminalIo({ stdin, passwordFromStdin: true });
    assert.equal(await io.ask("Password: ", { hidden: true }), "one");
    assert.equal(await io.ask("Once more: ", { hidden: true }), "two");
    await assert.rejects(io.ask("And: ", { hidden: true }), /standard input has no password/);
    await assert.rejects(io.ask("Sure? "), /there is no terminal/);
  });
});
