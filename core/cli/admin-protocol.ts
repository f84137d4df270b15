/**
 * What `chorusctl` and a running server say to each other over the admin socket: JSON, one object a line, UTF-8.
 *
 * ```
 * client  {"command":["adduser","romeo@localhost"],"cwd":"/home/ada"}
 * server  {"ask":"Password: ","hidden":true}
 * client  {"answer":"…"}
 * server  {"print":"romeo@localhost can log in"}
 * server  {"exit":0}
 * ```
 *
 * `cwd` is what relative file names among the words start from; without it, the folder that the server was started in.
 * Each request ends with its `exit`; the next one on that connection begins after it. What cannot be understood is
 * answered with an `error` and an `exit` of 2, and the connection stays, unless a line is too long.
 */
import { isAbsolute } from "node:path";
import type { ModuleApi } from "../modules/api.js";

/** Bytes of a line, its end not counted. A longer one ends the connection. */
export const MAX_ADMIN_LINE_BYTES = 64 * 1024;

/** What a client says. */
export type AdminRequest =
  /** The words of a command line, without `--config`. */
  | { readonly kind: "command"; readonly words: readonly string[]; readonly cwd: string | undefined }
  /** To an `ask`. */
  | { readonly kind: "answer"; readonly text: string }
  /** To an `ask`, on the wire `{"answer":null,"why":"…"}`: there will be no answer. */
  | { readonly kind: "no-answer"; readonly why: string };

/** What the server says. */
export type AdminReply =
  | { readonly print: string }
  | { readonly error: string }
  | { readonly ask: string; readonly hidden?: boolean }
  | { readonly exit: number };

/** Why a question has no answer, when nobody says more. */
export const NO_ANSWER = "no answer was given";

/** Path of the admin socket: option `admin_socket`, default `chorus.sock` in `data_path`. */
export function adminSocketPath(options: Pick<ModuleApi, "getOptionPath">): string {
  return options.getOptionPath("admin_socket", "chorus.sock", "data") as string;
}

/** What an operating system allows as the path of a socket, in bytes (`sun_path` less its terminating zero). */
export const MAX_SOCKET_PATH_BYTES = process.platform === "linux" ? 107 : 103;

/** Reads a line of a client. @returns `undefined` when it is none */
export function parseAdminRequest(line: Uint8Array): AdminRequest | undefined {
  const value = parseObject(line);
  if (!value) return undefined;
  const { command, cwd, answer, why } = value;
  if (Array.isArray(command) && command.length > 0 && command.every((word) => typeof word === "string")) {
    if (cwd !== undefined && (typeof cwd !== "string" || !isAbsolute(cwd))) return undefined;
    return { kind: "command", words: command as string[], cwd };
  }
  if (typeof answer === "string") return { kind: "answer", text: answer };
  if (answer !== null) return undefined;
  return { kind: "no-answer", why: typeof why === "string" ? why : NO_ANSWER };
}

/** Reads a line of the server. @returns `undefined` when it is none */
export function parseAdminReply(line: Uint8Array): AdminReply | undefined {
  const value = parseObject(line);
  if (!value) return undefined;
  const { print, error, ask, hidden, exit } = value;
  if (typeof print === "string") return { print };
  if (typeof error === "string") return { error };
  if (typeof ask === "string") return { ask, hidden: hidden === true };
  return Number.isInteger(exit) ? { exit: exit as number } : undefined;
}

function parseObject(line: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // not JSON, or not UTF-8
  }
}

/** A line as it goes over the wire. */
export function formatAdminLine(
  message:
    | AdminReply
    | { readonly command: readonly string[]; readonly cwd?: string }
    | { readonly answer: string }
    | { readonly answer: null; readonly why: string },
): string {
  return `${JSON.stringify(message)}\n`;
}

/** Cuts what arrives into lines. */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes = MAX_ADMIN_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the lines that are complete now, or `undefined` when one is too long: there is no going on then */
  push(chunk: Uint8Array): Uint8Array[] | undefined {
    const lines: Uint8Array[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      if (this.#bytes + end > this.#maxBytes) return undefined;
      lines.push(Buffer.concat([...this.#parts, rest.subarray(0, end)]));
      this.#parts = [];
      this.#bytes = 0;
      rest = rest.subarray(end + 1);
    }
    this.#bytes += rest.length;
    if (this.#bytes > this.#maxBytes) return undefined;
    if (rest.length > 0) this.#parts.push(rest);
    return lines;
  }
}
