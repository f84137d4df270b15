import { inspect } from "node:util";
import { NS_CLIENT } from "../../../core/xmpp/namespaces.js";
import { PlainStanzaReader } from "../../../core/xmpp/plain-stanza.js";
import { conditionOf, isToldAlike, readWithChorus, stanzaText, type Arrival } from "./reading.js";

/**
 * Reads a stream at once, where plain stanzas are read as such, and byte by byte, where the parser of all of XML reads
 * everything; and what follows the header by the reader of plain stanzas alone.
 * @returns what differs, or `undefined`
 */
export function compareWays(arrival: Arrival, header: Buffer): string | undefined {
  const { bytes } = arrival;
  const atOnce = readWithChorus({ ...arrival, cuts: [bytes.length] });
  const bytewise = readWithChorus({ ...arrival, cuts: [...bytes.keys()].map((at) => at + 1) });
  const plain = readPlain(arrival, header);
  // The size of what is no stanza yet is looked at when a chunk was read, so another fault may come first.
  const conditions = new Set([conditionOf(atOnce), conditionOf(bytewise)]);
  const isSame =
    isToldAlike(atOnce, bytewise) &&
    atOnce.outcome.kind === bytewise.outcome.kind &&
    (conditions.size === 1 || conditions.has("policy-violation")) &&
    plain.every((text, index) => text === bytewise.told[index + 1]);
  if (isSame) return undefined;
  return `at once: ${inspect(atOnce)}\nbyte by byte: ${inspect(bytewise)}\nplain: ${inspect(plain)}`;
}

/** The plain stanzas behind the header, up to the first that is none. */
export function readPlain({ bytes, limits }: Arrival, header: Buffer): string[] {
  if (bytes.indexOf(header) !== 0) return [];
  const reader = new PlainStanzaReader({ ...limits, contentNamespace: NS_CLIENT });
  const texts: string[] = [];
  reader.begin(bytes);
  for (let at = header.length; at < bytes.length;) {
    if (" \t\r\n".includes(String.fromCharCode(bytes[at] as number))) {
      at++;
      continue;
    }
    const stanza = bytes[at] === 0x3c ? reader.read(at) : undefined;
    if (stanza === undefined || reader.end - at > limits.maxStanzaBytes) break;
    texts.push(stanzaText(stanza));
    at = reader.end;
  }
  return texts;
}
