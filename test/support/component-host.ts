/** A server with users, in a few lines, that components attach to on loopback (XEP-0114): it reads what they send. */
import { createHash } from "node:crypto";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Element } from "../../core/xmpp/element.js";
import { serialise } from "../../core/xmpp/template.js";
import { StreamParser } from "../../core/xmpp/stream-parser.js";

const ID = "s1";
const HEADER = `<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='${ID}'>`;
/** It takes whatever a component sends. */
const LIMITS = { maxStanzaBytes: 1 << 29, maxDepth: 1024, maxAttributes: 1024 };

/** Takes components in that know its secret, one at a time. */
export class ComponentHost implements AsyncDisposable {
  /** What came since the handshake, in order. */
  readonly stanzas: Element[] = [];
  /** Connections so far. */
  connections = 0;
  /** What was wrong with the streams of components, if anything. */
  readonly faults: string[] = [];
  /** Takes what comes instead. */
  onStanza: (stanza: Element) => void = (stanza) => {
    this.stanzas.push(stanza);
  };
  #socket: Socket | undefined;
  readonly #server: Server;
  readonly #digest: string;
  readonly #waiters = new Set<() => void>();

  private constructor(secret: string) {
    this.#digest = createHash("sha1").update(`${ID}${secret}`).digest("hex");
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  static async listen(secret: string): Promise<ComponentHost> {
    const host = new ComponentHost(secret);
    await new Promise<void>((resolve) => host.#server.listen(0, "127.0.0.1", resolve));
    return host;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connection to the component. @throws Error when there is none */
  get socket(): Socket {
    if (!this.#socket) throw new Error("no component is attached");
    return this.#socket;
  }

  send(stanza: Element | string): void {
    this.socket.write(typeof stanza === "string" ? stanza : serialise(stanza));
  }

  /** Resolves as soon as a condition holds, which is looked at whenever something came, or a connection has ended. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.add(resolve));
  }

  /**
   * Asks the component itself for a sign of life: what was sent before is handled by then, unless it waits.
   * @throws Error when the connection ends instead
   */
  async ping(component: string): Promise<void> {
    const id = `alive-${Math.random()}`;
    let isAnswered = false;
    const { onStanza, socket } = this;
    this.onStanza = (stanza) => {
      if (stanza.attrs["id"] === id) isAnswered = true;
      else onStanza(stanza);
    };
    this.send(
      `<iq type='get' id='${id}' from='pinger@users.example/x' to='${component}'><ping xmlns='urn:xmpp:ping'/></iq>`,
    );
    await this.until(() => isAnswered || this.#socket !== socket);
    this.onStanza = onStanza;
    if (!isAnswered) throw new Error("the component has gone");
  }

  #accept(socket: Socket): void {
    this.connections++;
    this.#socket = socket;
    socket.setNoDelay(true); // what was sent is there in the next turn
    let isUp = false;
    const fault = (text: string): void => {
      this.faults.push(text);
    };
    const parser = new StreamParser(
      LIMITS,
      {
        onStreamStart: () => {
          socket.write(HEADER);
        },
        onStanza: (stanza) => {
          if (isUp) this.onStanza(stanza);
          else {
            isUp = stanza.name === "handshake" && stanza.text() === this.#digest;
            socket.write(isUp ? "<handshake/>" : "</stream:stream>");
          }
        },
        onStreamEnd: () => undefined,
        onError: (error) => {
          fault(`the component sends what is no stream: ${error.message}`);
        },
        onHandlerError: (error) => {
          fault(String(error));
        },
      },
      "jabber:component:accept",
    );
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      parser.write(chunk);
      this.#tell();
    });
    socket.on("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter();
  }

  async close(): Promise<void> {
    this.#socket?.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
