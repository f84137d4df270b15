import { parseRole, type Affiliation, type Role } from "chorus-muc/muc";

/** What the service is asked: may they enter? */
export interface Question {
  readonly room: string;
  /** Bare real JID of who wants to enter. */
  readonly jid: string;
  readonly nick: string;
  /** Of who makes a room with this join: `owner`. */
  readonly affiliation: Affiliation;
  /** The room is not there yet. */
  readonly isNewRoom: boolean;
}

/** What it says. */
export type Answer =
  | { readonly allow: true; readonly nick?: string; readonly role?: Exclude<Role, "none"> }
  | { readonly allow: false; readonly text?: string };

/** Longest answer that is read, bytes. */
const MAX_ANSWER = 16_384;

/**
 * Asks the service.
 * @throws Error when what comes back is no answer, or nothing comes before the signal
 */
export async function ask(
  { url, secret }: { readonly url: string; readonly secret: string | undefined },
  question: Question,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
    },
    body: JSON.stringify(question),
    // Followed, a redirection would take the secret somewhere else.
    redirect: "error",
    signal,
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  return parseAnswer(JSON.parse(await limitedText(response)));
}

async function limitedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length;
    // Leaving the loop ends the connection.
    if (size > MAX_ANSWER) throw new Error(`an answer of more than ${MAX_ANSWER} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parseAnswer(json: unknown): Answer {
  if (typeof json !== "object" || json === null) throw new Error("the answer is no object");
  const { allow, text, nick, role } = json as Record<string, unknown>;
  if (allow === false) return { allow, ...(typeof text === "string" && { text }) };
  if (allow !== true) throw new Error("'allow' is neither true nor false");
  if (nick !== undefined && typeof nick !== "string") throw new Error("'nick' is no text");
  return { allow, ...(nick !== undefined && { nick }), ...(role !== undefined && { role: roleOf(role) }) };
}

function roleOf(word: unknown): Exclude<Role, "none"> {
  const role = typeof word === "string" ? parseRole(word) : undefined;
  if (role === undefined || role === "none") throw new Error("'role' is no role");
  return role;
}
