import { nameprep } from "../xmpp/jid.js";

/**
 * The name of a section, prepared as the domain of every address is, without a trailing dot.
 * @returns `undefined` when no host can have that name
 */
export function prepareHostName(name: string): string | undefined {
  const prepared = nameprep(name)?.replace(/\.$/, "");
  return prepared === undefined || !/^[^@/*]+$/.test(prepared) ? undefined : prepared;
}
