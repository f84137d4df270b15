import { cloneElement, serialise, type Element } from "chorus-muc";
import { delayElement } from "chorus-muc/muc";

/** A message as it was sent to a room's occupants. */
export interface PastMessage {
  readonly stanza: Element;
  /** When it was sent, in unix seconds. */
  readonly timestamp: number;
}

/** A message of a room's history: as it is sent again, with its delay, but to nobody yet. */
export class HistoryEntry {
  #chars: number | undefined;

  constructor(
    readonly stanza: Element,
    /** When it was sent, in unix seconds. */
    readonly timestamp: number,
  ) {}

  /** Characters of the stanza without its `to`; counted when first asked for. */
  get chars(): number {
    return (this.#chars ??= serialise(this.stanza).length);
  }
}

/** What the history keeps of a message that was sent to a room. */
export function historyEntry(roomJid: string, { stanza, timestamp }: PastMessage): HistoryEntry {
  const copy = cloneElement(stanza);
  delete copy.attrs["to"];
  copy.append(delayElement(roomJid, timestamp));
  return new HistoryEntry(copy, timestamp);
}
