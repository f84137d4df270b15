/** What is written to a peer that takes it slowly: all of it, in order, and what waits is known. */
import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { SocketOutlet } from "../../../core/links/socket-outlet.js";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A socket whose peer takes a write when the test says so. */
class SlowSocket extends Duplex {
  readonly taken: Buffer[] = [];
  /** Sizes of the writes. */
  readonly writes: number[] = [];
  #takes: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk.length);
    this.#takes = () => {
      this.taken.push(chunk);
      done();
    };
  }

  override _read(): void {
    // Nothing comes.
  }

  accept(): boolean {
    const takes = this.#takes;
    this.#takes = undefined;
    takes?.();
    return takes !== undefined;
  }

  async takeAll(): Promise<string> {
    do {
      while (this.accept());
      await nextTurn();
    } while (this.writableLength > 0);
    return Buffer.concat(this.taken).toString();
  }
}

function outletTo(socket: SlowSocket): SocketOutlet {
  return new SocketOutlet(socket, { maxPending: Infinity, onOverflow: () => undefined });
}

const stanza = (text: string): string => `<message><body>${text}</body></message>`;

describe("an outlet to a socket", () => {
  it("hands over much in pieces, each when the one before is taken, so that it shows whether anything is", async () => {
    const socket = new SlowSocket();
    const outlet = outletTo(socket);
    let expected = "";
    for (let n = 0; n < 50; n++) {
      const text = stanza(`${n} é ${"x".repeat(100_000)}`);
      expected += text;
      outlet.write(text);
      if (n % 20 === 19) await nextTurn();
    }
    await nextTurn();
    for (let left = outlet.pending; left > 2_000_000; left = outlet.pending) {
      assert.ok(socket.accept());
      await nextTurn();
      assert.ok(outlet.pending < left && outlet.pending >= left - 1_048_576, `${left} → ${outlet.pending}`);
      if (left > 3_000_000) continue;
      const late = stanza("written meanwhile");
      expected += late;
      outlet.write(late);
      await nextTurn();
    }
    assert.equal(await socket.takeAll(), expected);
    assert.equal(outlet.pending, 0);
    assert.ok(Math.max(...socket.writes) <= 1_048_576);
    outlet.write(stanza("afterwards"));
    await nextTurn();
    assert.equal(await socket.takeAll(), expected + stanza("afterwards"));
  });

  it("ends with all of it", async () => {
    const socket = new SlowSocket();
    const outlet = outletTo(socket);
    const text = stanza("é".repeat(3_000_000));
    outlet.write(text);
    await nextTurn();
    outlet.write(stanza("more"));
    outlet.end("</stream:stream>");
    socket.end();
    assert.equal(await socket.takeAll(), `${text}${stanza("more")}</stream:stream>`);
  });

  it("discards what nobody reads, but leaves no half stanza", async () => {
    const socket = new SlowSocket();
    const outlet = outletTo(socket);
    const text = stanza("x".repeat(3_000_000));
    outlet.write(text);
    await nextTurn();
    outlet.write(stanza("never"));
    await nextTurn();
    outlet.discard();
    socket.write("<why/>");
    assert.equal(await socket.takeAll(), `${text}<why/>`);
  });

  it("keeps no more in memory than what waits, however little is written at a time", async () => {
    const socket = new SlowSocket();
    const outlet = outletTo(socket);
    const addresses = { bytes: Buffer.from("a@bc@d"), ends: [3, 6] };
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 1_000; n++) {
      outlet.writeEach({ before: `<message id='${n}' to='`, after: "'/>", isAscii: true }, addresses, 0, 2);
      outlet.flush();
    }
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 10 * outlet.pending + 1_000_000, `${grown} bytes for ${outlet.pending}`);
    const received = await socket.takeAll();
    assert.equal(received.match(/<message /g)?.length, 2_000);
    assert.equal(received.indexOf("id='999' to='c@d'") > received.indexOf("id='999' to='a@b'"), true);
  });
});
