/** A message of an archive as `RecordArchiveStore` writes it, and as Prosody does. */
import { joinJid } from "../../xmpp/jid.js";
import { parseStanza } from "../../xmpp/parse.js";
import { serialise } from "../../xmpp/template.js";
import { entryText, readEntry } from "../archive-entry.js";
import type { ProsodyMessage } from "../prosody/prosody-data.js";
import type { Place } from "./places.js";

/** @throws SyntaxError when it is no record of an archive */
export function entryOf(text: string): ProsodyMessage {
  const entry = readEntry(text);
  if (entry === undefined) throw new SyntaxError("no record of an archive");
  return { id: entry.id, when: entry.when, with: entry.with, stanza: parseStanza(entry.xml) };
}

/** The record of a message. Prosody's are still addressed to the room itself, which says nothing. */
export function textOf({ id, when, with: kind, stanza }: ProsodyMessage, { user, host }: Place): string {
  const { to } = stanza.attrs as Record<string, string | undefined>;
  if (to !== undefined && to === joinJid(user ?? "", host)) delete stanza.attrs["to"];
  return entryText({ id, when, with: kind, xml: serialise(stanza) });
}
