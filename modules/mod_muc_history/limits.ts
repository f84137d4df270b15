import { getChild, parseDateTime, type Element } from "chorus-muc";
import { NS_MUC } from "chorus-muc/muc";

/** How much of the history somebody asks for; `undefined`: no limit of that kind. */
export interface HistoryLimits {
  /** Characters of the stanzas, tags included. */
  readonly maxchars: number | undefined;
  readonly maxstanzas: number | undefined;
  /** Nothing older than this, in unix seconds. */
  readonly since: number | undefined;
}

/** A count (XEP-0045 §19.1, `xs:unsignedShort` and more); anything else limits nothing. */
function parseCount(text: unknown): number | undefined {
  return typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * What the `<history/>` of a joining presence asks for (XEP-0045 §7.2.14). `seconds` and `since` become one: the later.
 *
 * @param now unix seconds
 * @returns no limits at all when it says nothing
 */
export function historyLimits(presence: Element, now: number): HistoryLimits {
  const x = getChild(presence, "x", NS_MUC);
  const { maxchars, maxstanzas, seconds, since }: Record<string, unknown> =
    (x && getChild(x, "history", NS_MUC)?.attrs) ?? {};
  const age = parseCount(seconds);
  const times = [age === undefined ? undefined : now - age, parseDateTime(String(since))].filter(
    (time) => time !== undefined,
  );
  return {
    maxchars: parseCount(maxchars),
    maxstanzas: parseCount(maxstanzas),
    since: times.length === 0 ? undefined : Math.max(...times),
  };
}

/** What a choice among messages has to know of one. */
export interface Choosable {
  /** Unix seconds. */
  readonly timestamp: number;
  /** Characters as it will be sent. */
  readonly chars: () => number;
}

/** The newest messages that keep to all limits, oldest first: a run without gaps, up to the newest. */
export function chooseHistory<T extends Choosable>(messages: readonly T[], limits: HistoryLimits): readonly T[] {
  const { maxchars = Infinity, maxstanzas = Infinity, since = -Infinity } = limits;
  let chars = 0;
  let from = messages.length;
  while (from > 0 && messages.length - from < maxstanzas) {
    const message = messages[from - 1] as T;
    if (message.timestamp < since) break;
    if (limits.maxchars !== undefined && (chars += message.chars()) > maxchars) break;
    from--;
  }
  return messages.slice(from);
}
