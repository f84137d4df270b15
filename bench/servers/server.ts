/** A server under measurement. */
export interface BenchServer {
  readonly name: string;
  readonly pid: number;
  /** Of the listener for clients, on loopback, without TLS. */
  readonly clientPort: number;
  /** How clients log in: with any password, or without an account. */
  readonly login: "PLAIN" | "ANONYMOUS";
  /** Whether it compiles what it runs often while it runs, so that it costs less after a few thousand stanzas. */
  readonly compiles: boolean;
  /** What it printed so far. */
  readonly output: string;
  /** Where profiles are wanted: writes one of what the server does during an action. */
  profiled?(action: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** The domain of the users, and the one of the rooms. */
export const HOST = "localhost";
export const ROOMS = "conference.localhost";
