/** An upstream server on loopback that does what a test's script says, for component links (XEP-0114). */
import { createHash } from "node:crypto";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Journal } from "./journal.js";

export const SERVER_HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='muc.example' id='s1'>";

/** What the server does when it gets data; `received` is all of it so far. */
export type Script = (peer: FakePeer, received: string, chunk: Buffer) => void;

/** The server's end of one connection. */
export class FakePeer {
  received = "";

  constructor(
    /** From 1. */
    readonly number: number,
    readonly socket: Socket,
  ) {}

  send(text: string | Buffer): void {
    this.socket.write(text);
  }
}

/** A listening fake. The journal gets `server: connection N`, `server: got …` and `server: closed N`. */
export class FakeUpstream {
  readonly peers: FakePeer[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(
    journal: Journal,
    script: Script,
    port = 0,
    greet?: (peer: FakePeer) => void,
  ): Promise<FakeUpstream> {
    const server = createServer();
    const fake = new FakeUpstream(server);
    server.on("connection", (socket) => {
      const peer = new FakePeer(fake.peers.push(undefined as never), socket);
      fake.peers[peer.number - 1] = peer;
      socket.on("error", () => undefined);
      socket.on("close", () => {
        journal.add(`server: closed ${peer.number}`);
      });
      socket.on("data", (chunk: Buffer) => {
        peer.received += chunk.toString();
        journal.add(`server: got ${chunk.toString()}`);
        script(peer, peer.received, chunk);
      });
      journal.add(`server: connection ${peer.number}`);
      greet?.(peer);
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The latest connection. */
  get peer(): FakePeer {
    const peer = this.peers.at(-1);
    if (!peer) throw new Error("nobody has connected");
    return peer;
  }

  async close(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A script that opens the stream and takes the handshake of `secret`; another one gets `not-authorized`. */
export function accepting(secret: string): Script {
  const digest = createHash("sha1").update(`s1${secret}`).digest("hex");
  let greeted = new WeakSet<FakePeer>();
  let accepted = new WeakSet<FakePeer>();
  return (peer, received) => {
    if (!greeted.has(peer) && received.includes("<stream:stream")) {
      greeted = greeted.add(peer);
      peer.send(SERVER_HEADER);
    }
    const [, offered] = /<handshake>([0-9a-f]{40})<\/handshake>/.exec(received) ?? [];
    if (accepted.has(peer) || offered === undefined) return;
    accepted = accepted.add(peer);
    if (offered === digest) peer.send("<handshake/>");
    else failing("not-authorized")(peer, "<handshake", Buffer.alloc(0));
  };
}

/** A script that answers with a stream error, after the header or at the handshake. */
export function failing(condition: string, text = "because", at: "header" | "handshake" = "handshake"): Script {
  return (peer, received) => {
    const header = at === "header" || !received.includes("<handshake") ? SERVER_HEADER : "";
    const error = `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${text}</text></stream:error></stream:stream>`;
    if (at === "header") peer.socket.end(header + error);
    else if (received.includes("<handshake")) peer.socket.end(error);
    else peer.send(header);
  };
}
