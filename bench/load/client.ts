import { connect, type Socket } from "node:net";
import type { BenchServer } from "../servers/server.js";
import { HOST } from "../servers/server.js";

/** All sockets read into it, one after the other. */
const shared = Buffer.alloc(256 * 1024);

const HEADER = `<?xml version='1.0'?><stream:stream to='${HOST}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

/** A client that logs in with stanzas made beforehand and hands on the bytes it gets. */
export class LoadClient {
  /** Its full JID. */
  jid = "";
  /** Gets all that arrives; the bytes are another's after the call. */
  onBytes: (bytes: Buffer) => void = () => undefined;
  /** Told when the connection ends before `end`. */
  onLost: (why: Error) => void = () => undefined;
  readonly #socket: Socket;
  readonly #connected: Promise<void>;
  #ended = false;
  #gathered: string[] = [];

  private constructor(port: number) {
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length, buffer) => {
          this.onBytes((buffer as Buffer).subarray(0, length));
          return true;
        },
      },
    });
    this.#connected = new Promise((resolve, reject) => {
      this.#socket.once("connect", resolve).once("error", reject);
    });
    const lost = (error?: Error): void => {
      if (!this.#ended) this.onLost(error ?? new Error(`${this.jid}: the server closed the connection`));
    };
    this.#socket.on("error", lost).once("close", () => lost());
  }

  /** Connects, logs in, binds. @param number of the user; two at a time need two numbers */
  static async login(server: BenchServer, number: number): Promise<LoadClient> {
    const client = new LoadClient(server.clientPort);
    await client.#connected;
    await client.exchange(HEADER, /<\/stream:features>/);
    const password = Buffer.from(`\0user-${number}\0secret`).toString("base64");
    const auth = server.login === "PLAIN" ? `mechanism='PLAIN'>${password}` : "mechanism='ANONYMOUS'>";
    await client.exchange(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' ${auth}</auth>`, /<success/);
    await client.exchange(HEADER, /<\/stream:features>/);
    const bound = await client.exchange(
      "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench</resource></bind></iq>",
      /<jid>([^<]+)<\/jid>[^]*<\/iq>/,
    );
    client.jid = bound[1] ?? "";
    return client;
  }

  /** Writes at once. */
  send(text: string): void {
    this.#socket.write(text);
  }

  /** Writes with all else that is gathered in this turn of the event loop. */
  gather(text: string): void {
    if (this.#gathered.push(text) > 1) return;
    setImmediate(() => {
      const all = this.#gathered.join("");
      this.#gathered = [];
      this.#socket.write(all);
    });
  }

  /** Sends, and resolves with the first match in what arrives then. @throws Error with what arrived, after a minute */
  async exchange(text: string, answer: RegExp): Promise<RegExpExecArray> {
    const before = { onBytes: this.onBytes, onLost: this.onLost };
    let arrived = "";
    try {
      return await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no answer to ${text}, but ${arrived}`)), 60_000);
        this.onLost = (why) => {
          clearTimeout(timer);
          reject(why);
        };
        this.onBytes = (bytes) => {
          arrived += bytes.toString("latin1");
          const match = answer.exec(arrived);
          if (!match) return;
          clearTimeout(timer);
          resolve(match);
        };
        this.send(text);
      });
    } finally {
      Object.assign(this, before);
    }
  }

  /** Closes the connection, without waiting for the server. */
  end(): void {
    this.#ended = true;
    this.#socket.end("</stream:stream>");
    this.#socket.destroySoon();
  }
}

/** Logs in users with the numbers from `first` on, a few at a time. */
export async function loginAll(server: BenchServer, count: number, first = 0): Promise<LoadClient[]> {
  const clients: LoadClient[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      clients[index] = await LoadClient.login(server, first + index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, 20) }, one));
  return clients;
}
