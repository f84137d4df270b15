import type { SecureContext } from "node:tls";
import type { Session } from "../hosts/sessions.js";
import type { Origin } from "../router/stanza-event.js";
import type { FullJid } from "../xmpp/jid.js";
import type { StanzaError } from "../xmpp/stanza-error.js";

/** The channel-binding types of RFC 9266 §3 and RFC 5929 §4. */
export type ChannelBindingType = "tls-exporter" | "tls-server-end-point";

/** How fast a client may send. */
export interface ReadRate {
  readonly bytesPerSecond: number;
  /** What may come at once after a while of silence, in seconds of that rate. */
  readonly burstSeconds: number;
}

/**
 * A client's stream: the origin of everything it sends, logged in or not. What negotiates on it (TLS, SASL, resource
 * binding) hooks `stream-features` and `stanza/<xmlns>:<name>` of the host, and works through this.
 */
export interface ClientStream extends Origin {
  readonly type: "c2s_unauthed" | "c2s";
  /** Prepared; set once logged in. */
  readonly username: string | undefined;
  /** Set once a resource is bound. */
  readonly fullJid?: FullJid;
  /** Under TLS. */
  readonly secure: boolean;
  /** The binding of that type to the present TLS connection, if there is one. */
  channelBinding(type: ChannelBindingType): Buffer | undefined;
  /**
   * Reads from the client no faster than that from now on; without a rate, as fast as it comes. The same rate once more
   * changes nothing.
   */
  limitRate(rate: ReadRate | undefined): void;
  /** Lets what the client sends wait until the promise settles; a rejection ends the stream. */
  hold(work: Promise<void>): void;
  /** What was sent so far leaves, and TLS begins; a new stream header follows (RFC 6120 §5.4.3.3). */
  startTls(context: SecureContext): void;
  /** The user has proved to be `username`; a new stream header follows (RFC 6120 §6.4.6). */
  authenticate(username: string): void;
  /**
   * Binds a resource (RFC 6120 §7), a random one if none was asked for.
   * @returns the stream as a session, or the refusal
   */
  bind(resource: string | undefined): Promise<Session | StanzaError>;
  /** Ends the stream; `condition` is a stream error condition (RFC 6120 §4.9.3), none: it just ends. */
  close(condition?: string, text?: string): void;
}

/** Whether a stanza came from a client of ours, logged in or not. */
export function isClientStream(origin: Origin): origin is ClientStream {
  return origin.type === "c2s" || origin.type === "c2s_unauthed";
}
