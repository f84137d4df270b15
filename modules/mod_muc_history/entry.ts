import { serialise, type Element } from "chorus-muc";

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
