/** A client of a service under test, by hand: what it sends and whether it reads is the test's to say. */
import assert from "node:assert/strict";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { TestService } from "../../core/testing/index.js";

const HEADER =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='localhost'>";

/** A connection that does just what a test says. */
export class RawClient {
  received = "";
  readonly #waiters = new Set<() => void>();

  private constructor(readonly socket: Socket) {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.received += chunk.toString();
      for (const waiter of [...this.#waiters]) waiter();
    });
  }

  /** Logs in, with a resource of its own. */
  static async logIn(service: TestService, user: string, isEncrypted: boolean): Promise<RawClient> {
    const socket = connectTcp({ host: "127.0.0.1", port: service.clientPort });
    let peer = new RawClient(socket);
    await peer.say(HEADER, "</stream:features>");
    if (isEncrypted) {
      await peer.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<proceed");
      socket.removeAllListeners("data");
      peer = new RawClient(connectTls({ socket, rejectUnauthorized: false }));
      await peer.say(HEADER, "</stream:features>");
    }
    const login = Buffer.from(`\0${user}\0x`).toString("base64");
    await peer.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${login}</auth>`, "<success");
    await peer.say(HEADER, "</stream:features>");
    const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind>`;
    await peer.say(`<iq type='set' id='b'>${bind}</iq>`, "</jid>");
    return peer;
  }

  /** Sends, and waits until the server has said something that contains `until`. */
  async say(text: string, until: string): Promise<void> {
    const from = this.received.length;
    this.socket.write(text);
    await this.hears(until, from);
  }

  async hears(text: string, from = 0): Promise<void> {
    while (!this.received.includes(text, from)) {
      assert.ok(!this.socket.destroyed, `closed before ${text}: ${this.received.slice(-300)}`);
      await new Promise<void>((resolve) => {
        const waiter = (): void => {
          this.#waiters.delete(waiter);
          this.socket.off("close", waiter);
          resolve();
        };
        this.#waiters.add(waiter);
        this.socket.once("close", waiter);
      });
    }
  }
}
