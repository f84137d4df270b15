import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { startChild, type Child } from "../support/child.js";

const PYTHON = "/usr/bin/python3";
/** The program stays where it is written: this file runs from `dist`. */
const PROGRAM = resolve(import.meta.dirname, "../../../test/peers/slixmpp_room.py");

/** Why slixmpp cannot be used here, or `undefined`. */
export function slixmppIsMissing(): string | undefined {
  try {
    execFileSync(PYTHON, ["-c", "from slixmpp import ClientXMPP"], { stdio: "ignore" });
    return undefined;
  } catch {
    return `${PYTHON} has no slixmpp`;
  }
}

/** Somebody in a room, with slixmpp. It says `text` when it sees another, and leaves when somebody says "goodbye". */
export function startSlixmpp(guest: {
  readonly jid: string;
  readonly password: string;
  readonly port: number;
  readonly room: string;
  readonly nick: string;
  readonly text: string;
  /** File of the certificate to trust; with it TLS must be used, without it is not. */
  readonly certificate?: string;
}): Child {
  const { jid, password, port, room, nick, text, certificate } = guest;
  return startChild(PYTHON, [
    PROGRAM,
    jid,
    password,
    String(port),
    room,
    nick,
    text,
    ...(certificate === undefined ? [] : [certificate]),
  ]);
}
