import type { startChild } from "../support/child.js";

/** A real server that holds the accounts, with Chorus attached to it as `conference.localhost`. */
export interface Peer {
  readonly name: string;
  readonly pid: number;
  /** Of the client listener, on loopback, without TLS. */
  readonly clientPort: number;
  /** Of the listener for components, on loopback. */
  readonly componentPort: number;
  /** What it logged so far. */
  readonly output: string;
  /** Makes accounts at `localhost`, each with a vCard without PHOTO; those that there are stay as they are. */
  addAccounts(accounts: readonly Account[]): Promise<void>;
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL), as a crash does; its files stay, for {@link Peer.restart}. */
  kill(): Promise<void>;
  /** Starts it again after {@link Peer.kill}, on the same ports and files. */
  restart(): Promise<void>;
}

/** An account at `localhost`. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** How a peer is started. */
export interface PeerOptions {
  /** Secret of the component `conference.localhost`. */
  readonly secret: string;
  /** The server's own rooms instead of a component, with these lines in their section: to judge scripts by them. */
  readonly ownRooms?: string;
  /** For measurements: only errors logged, no modules beyond those that rooms need, and these lines of the global section. */
  readonly lean?: string;
  /** In place of `startChild`. */
  readonly launch?: typeof startChild;
}
