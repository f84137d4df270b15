import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";

/** Where to listen. */
export interface ListenAddress {
  /** `*` is every IPv4 address, `::` every IPv6 one. */
  readonly interface: string;
  readonly port: number;
}

/** Whom a {@link Listener} tells. */
export interface ListenHandlers {
  readonly onConnection: (socket: Socket) => void;
  /** A connection was not accepted, for want of file handles for one; the port stays open. */
  readonly onError: (error: Error) => void;
}

const NO_SUCH_FAMILY: ReadonlySet<string> = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL", "EINVAL"]);

/** An open port. */
export class Listener {
  readonly #server: Server;
  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param option name of the configuration option, for the message
   * @returns `undefined` when this machine has no IPv6, and the interface was `::` or `::1`: configurations name those for machines of both kinds
   * @throws Error that names port and option
   */
  static async open(
    at: ListenAddress,
    option: string,
    { onConnection, onError }: ListenHandlers,
  ): Promise<Listener | undefined> {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, onConnection);
    const host = at.interface === "*" ? "0.0.0.0" : at.interface;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host, port: at.port, ipv6Only: host === "::" }, () => {
          server.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if ((host === "::" || host === "::1") && NO_SUCH_FAMILY.has(code ?? "")) return undefined;
      const why =
        code === "EADDRINUSE" ? "another program listens there" : code === "EACCES" ? "not permitted" : message;
      throw new Error(`cannot listen on port ${at.port} of ${at.interface} (option ${option}): ${why}`, {
        cause: error,
      });
    }
    server.on("error", onError);
    return new Listener(server);
  }

  /** `127.0.0.1:5222` */
  get address(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** No new connections; those there are stay. */
  close(): void {
    this.#server.close();
  }
}

/**
 * TLS from the first byte (XEP-0368).
 * @param contextFor the certificate for the name that the client asked for
 */
export function acceptDirectTls(
  socket: Socket,
  contextFor: (serverName: string) => SecureContext | undefined,
  onSecure: (socket: TLSSocket) => void,
): void {
  const tls = new TLSSocket(socket, {
    isServer: true,
    ALPNProtocols: ["xmpp-client"],
    SNICallback: (name, done) => {
      const context = contextFor(name);
      done(context ? null : new Error(`no certificate for ${name}`), context);
    },
  });
  const giveUp = (): void => {
    tls.destroy();
  };
  tls.setTimeout(30_000, giveUp);
  tls.on("error", giveUp);
  tls.on("_tlsError", giveUp);
  tls.once("secure", () => {
    tls.setTimeout(0);
    tls.off("error", giveUp);
    onSecure(tls);
  });
}
