import type { SettingExplanation } from "chorus-muc";

/** Whom a setting concerns: what of a configuration is taken over depends on it. */
export type Concern =
  /** Rooms, wherever the accounts are. */
  | "rooms"
  /** Accounts and their clients. */
  | "accounts"
  /** This very server: its folders, its log, its links. */
  | "server";

/** What is known of an option. */
export interface OptionKnowledge extends SettingExplanation {
  readonly concern: Concern;
  /** Values with which it is something else. */
  readonly values?: Readonly<Record<string, SettingExplanation>>;
}

/** What has a setting as Prosody has it. @param text what else is worth knowing */
export function same(text?: string): SettingExplanation {
  return text === undefined ? { verdict: "same" } : { verdict: "same", text };
}

/** @param how in which way it differs */
export function differently(how: string): SettingExplanation {
  return { verdict: "differently", text: how };
}

/** @param instead what to do without it */
export function notSupported(instead: string): SettingExplanation {
  return { verdict: "not supported", text: instead };
}

/** One explanation for each of several names, which stand in one text, apart by blanks. */
export function each<T>(names: string, knowledge: T): [string, T][] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, knowledge]);
}
