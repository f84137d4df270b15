import type { LogLevel } from "../log/logger.js";
import { StreamError } from "../xmpp/stream-error.js";

/** Why a connection to the upstream server did not come about, or ended. */
export interface LinkFailure {
  readonly kind:
    | "refused"
    | "name-unknown"
    | "unreachable"
    | "connect-timeout"
    | "handshake-timeout"
    | "tls-port"
    | "web-server"
    | "not-xmpp"
    | "wrong-port"
    | "wrong-secret"
    | "host-unknown"
    | "conflict"
    | "closed-early"
    | "stream-error"
    | "bad-stream"
    | "unread"
    | "silent"
    | "lost";
  /** What was seen, for the log. */
  readonly detail?: string | undefined;
}

/** How soon another attempt makes sense: the network may heal by itself, a configuration does not. */
export type RetryPace = "network" | "unread" | "configuration" | "conflict";

/** What the operator is told. */
export interface Diagnosis {
  readonly level: LogLevel;
  /** The whole sentence, without the address of the peer. */
  readonly text: string;
  readonly pace: RetryPace;
}

/** Reads the error of a socket. */
export function failureOfSocketError(error: unknown, wasConnected: boolean): LinkFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  const detail = code ?? message;
  switch (code) {
    case "ECONNREFUSED":
      return { kind: "refused" };
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_FAIL":
      return { kind: "name-unknown", detail };
    default:
      return { kind: wasConnected ? "lost" : "unreachable", detail };
  }
}

/** Reads what the upstream server said about our stream, or what was wrong with its own. @param isUp after the handshake */
export function failureOfStreamError(error: StreamError, isUp: boolean): LinkFailure {
  const detail = error.message;
  switch (error.condition) {
    case "conflict":
      return { kind: "conflict", detail };
    case "not-authorized":
      return { kind: "wrong-secret", detail };
    case "host-unknown":
    case "host-gone":
      return { kind: "host-unknown", detail };
    case "invalid-namespace":
      return { kind: isUp ? "stream-error" : "wrong-port", detail };
    default:
      return { kind: "stream-error", detail };
  }
}

/** Reads the first bytes of a peer that may be no XMPP server at all. @returns `undefined` when nothing speaks against it */
export function failureOfFirstBytes(bytes: Buffer): LinkFailure | undefined {
  // A TLS record: an alert (21) or a handshake (22), version 3.x (RFC 8446 §5.1).
  if ((bytes[0] === 21 || bytes[0] === 22) && (bytes.length === 1 || bytes[1] === 3)) return { kind: "tls-port" };
  const start = bytes.subarray(0, 64).toString("latin1").trimStart();
  if (/^HTTP\/|^<(?:!doctype )?html/i.test(start)) return { kind: "web-server" };
  if (start !== "" && !start.startsWith("<") && !bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) {
    return { kind: "not-xmpp", detail: JSON.stringify(start.slice(0, 32)) };
  }
  return undefined;
}

const BYTE_ORDER_MARK = Buffer.from("\ufeff");

/** Says what happened and which option to look at. */
export function diagnose({ kind, detail }: LinkFailure, host: string): Diagnosis {
  const seen = detail === undefined ? "" : ` (${detail})`;
  const configuration = (text: string): Diagnosis => ({ level: "error", text, pace: "configuration" });
  const network = (text: string, level: LogLevel = "warn"): Diagnosis => ({ level, text, pace: "network" });
  switch (kind) {
    case "refused":
      return network(
        "nobody listens there: start the server, or set component_upstream to its component_ports",
        "error",
      );
    case "name-unknown":
      return network(`its name is not known${seen}: check component_upstream`, "error");
    case "unreachable":
      return network(`cannot be reached${seen}: check component_upstream and the network`, "error");
    case "connect-timeout":
      return network("does not answer: check component_upstream, and firewalls on the way", "error");
    case "handshake-timeout":
      return network("took the connection and then said nothing: check that component_upstream is a component port");
    case "tls-port":
      return configuration("expects TLS, components connect without: set component_upstream to a plain component port");
    case "web-server":
      return configuration("is a web server: set component_upstream to the server's component port");
    case "not-xmpp":
      return configuration(`does not speak XMPP${seen}: set component_upstream to the server's component port`);
    case "wrong-port":
      return configuration(
        `is a port for clients or servers${seen}: set component_upstream to the server's component port, usually 5347`,
      );
    case "wrong-secret":
      // COMPAT: ejabberd says the same of a name that it has no component for.
      return configuration(
        `refuses the secret of "${host}"${seen}: make component_secret the same here and there, and check the name`,
      );
    case "host-unknown":
      return configuration(
        `knows no component "${host}"${seen}: add it there with its component_secret, or rename it here`,
      );
    case "conflict":
      return {
        level: "error",
        text: `another connection serves "${host}"${seen}: only one may run with this component name, stop one of them`,
        pace: "conflict",
      };
    case "closed-early":
      return network(
        `closed the connection before the handshake was done${seen}: check that component_upstream is a plain component port`,
        "error",
      );
    case "stream-error":
      return network(`ended the stream${seen}`);
    case "bad-stream":
      return network(`sent what no XMPP stream may contain${seen}`, "error");
    case "unread":
      return {
        level: "error",
        text: `does not read what is sent to it${seen}; what was waiting is lost`,
        pace: "unread",
      };
    case "silent":
      return network("stopped answering");
    case "lost":
      return network(`connection lost${seen}`);
  }
}
