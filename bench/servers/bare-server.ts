import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

const HEADER = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

/**
 * The floor: a server that copies bytes. It finds where stanzas end, hands those to a room to everybody who entered it,
 * as they are, and writes once per connection and turn of the event loop. Just enough of a login for the clients of the
 * load; no XML, no addresses, no errors.
 */
export class BareServer {
  readonly #rooms = new Map<string, { readonly member: Connection; readonly presence: string }[]>();
  readonly #server: Server = createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(socket, (stanza) => this.#handle(connection, stanza));
  });

  /** @returns its port, on loopback */
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", 1024, resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening; connections stay. */
  close(): void {
    this.#server.close();
  }

  /** One message to all that are in the room. */
  protected deliver(members: readonly Connection[], message: string): void {
    for (const member of members) member.write(message);
  }

  /** Who has come, to all that are in the room now. */
  protected announce(members: readonly Connection[], presence: string): void {
    for (const member of members) member.write(presence);
  }

  #handle(from: Connection, stanza: string): void {
    if (stanza.startsWith("<message")) {
      this.deliver(
        this.#members(stanza).map(({ member }) => member),
        stanza,
      );
    } else if (stanza.startsWith("<presence")) {
      const members = this.#members(stanza);
      for (const { presence } of members) from.write(presence);
      members.push({ member: from, presence: stanza });
      this.announce(
        members.map(({ member }) => member),
        stanza,
      );
    } else if (stanza.startsWith("<auth")) {
      from.write("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    } else if (stanza.startsWith("<iq")) {
      from.write("<iq type='result' id='bind'><bind><jid>user@localhost/bench</jid></bind></iq>");
    } else {
      from.write(`${HEADER}<stream:features></stream:features>`);
    }
  }

  /** Of the room that a stanza is to. */
  #members(stanza: string): { readonly member: Connection; readonly presence: string }[] {
    const [room = ""] = stanza
      .slice(stanza.indexOf(" to='") + 5, stanza.indexOf("'", stanza.indexOf(" to='") + 5))
      .split("/");
    let members = this.#rooms.get(room);
    if (!members) this.#rooms.set(room, (members = []));
    return members;
  }
}

/** One client's. What is written to it leaves at the end of the turn. */
export class Connection {
  readonly #socket: Socket;
  #gathered = "";
  #unread = "";

  constructor(socket: Socket, onStanza: (stanza: string) => void) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: string) => {
      this.#unread += chunk;
      for (let end = endOfFirst(this.#unread); end > 0; end = endOfFirst(this.#unread)) {
        const stanza = this.#unread.slice(0, end);
        this.#unread = this.#unread.slice(end);
        onStanza(stanza);
      }
    });
  }

  write(bytes: string): void {
    if (this.#gathered === "") setImmediate(() => this.#flush());
    this.#gathered += bytes;
  }

  close(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    this.#socket.write(this.#gathered, "latin1");
    this.#gathered = "";
  }
}

/** Where the first stanza, or the header of a stream, ends; 0: not yet. */
function endOfFirst(text: string): number {
  const name = /^<(message|presence|iq|auth)/.exec(text)?.[1];
  const end = name === undefined ? "jabber.org/streams'>" : `</${name}>`;
  const at = text.indexOf(end);
  return at < 0 ? 0 : at + end.length;
}
