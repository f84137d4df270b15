import { parseBareJid, resourceprep } from "chorus-muc";
import type { ActionArgument } from "chorus-muc/muc";

/** Texts by name of their fields; those that were only named have none. */
export type Settings = Map<string, readonly string[] | undefined>;

/**
 * Prepares what was given for an argument of one text.
 * @returns the value, or what is wrong with it
 */
export function prepareText(argument: ActionArgument, text: string): { readonly value: string } | string {
  const { kind, choices = [] } = argument;
  if (kind === "jid") return prepared(parseBareJid(text), `"${text}" is not a bare JID`);
  if (kind === "nick") return prepared(resourceprep(text), `"${text}" cannot be a nick`);
  if (kind !== "choice" || choices.includes(text)) return { value: text };
  return `expected one of ${choices.join(", ")}, got "${text}"`;
}

function prepared(value: string | undefined, problem: string): { readonly value: string } | string {
  return value === undefined || value === "" ? problem : { value };
}

/** Notes `NAME` or `NAME=VALUE`. @returns what is wrong with it, if it is neither */
export function addSetting(settings: Settings, text: string): string | undefined {
  const at = text.indexOf("=");
  const name = at === -1 ? text : text.slice(0, at);
  if (name === "") return `expected FIELD=VALUE, got "${text}"`;
  const before = settings.get(name);
  if (settings.has(name) && (at === -1) !== (before === undefined)) return `${name} is named and set, too`;
  settings.set(name, at === -1 ? undefined : [...(before ?? []), text.slice(at + 1)]);
  return undefined;
}
