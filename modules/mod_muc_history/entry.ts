import { cloneWithoutAttribute, serialise, type Element } from "chorus-muc";
import { delayElement } from "chorus-muc/muc";

/** A message as it was sent to a room's occupants. */
export interface PastMessage {
  readonly stanza: Element;
  /** When it was sent, in unix seconds. */
  readonly timestamp: number;
}

/** What tells when a message that is on its way is sent, or not. */
interface Fate {
  onSent(fn: () => void): void;
  onFailure(undo: () => void): void;
}

/** A message of a room's history: as it is sent again, with its delay, but to nobody yet. */
export class HistoryEntry {
  #chars: number | undefined;
  /** The message is kept back, and may never be sent. */
  isPending = false;
  /** The message was kept back, and was not sent. A step that fails later may put it back into the history all the same. */
  isGone = false;
  #sent: Promise<void> | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (why: Error) => void } | undefined;
  readonly #stanza: Element;
  #withoutDelayOf: string | undefined;

  /**
   * @param stanza a tree of the entry's own
   * @param withoutDelayOf the room whose delay is not in it yet
   */
  constructor(
    stanza: Element,
    /** When it was sent, in unix seconds. */
    readonly timestamp: number,
    withoutDelayOf?: string,
  ) {
    this.#stanza = stanza;
    this.#withoutDelayOf = withoutDelayOf;
  }

  /** The message with its delay, which is put on when first asked for: most messages leave the history before. */
  get stanza(): Element {
    if (this.#withoutDelayOf !== undefined) {
      this.#stanza.append(delayElement(this.#withoutDelayOf, this.timestamp));
      this.#withoutDelayOf = undefined;
    }
    return this.#stanza;
  }

  /** Characters of the stanza without its `to`; counted when first asked for. */
  get chars(): number {
    return (this.#chars ??= serialise(this.stanza).length);
  }

  /** While the message is kept back: resolves when it is sent, rejects when nobody gets it. */
  get sent(): Promise<void> | undefined {
    if (!this.isPending) return undefined;
    if (!this.#sent) {
      this.#sent = new Promise((resolve, reject) => {
        this.#settle = { resolve, reject };
      });
      this.#sent.catch(() => undefined);
      if (this.isGone) this.#giveUp();
    }
    return this.#sent;
  }

  /** It is kept back, perhaps. */
  await(fate: Fate): void {
    this.isPending = true;
    fate.onSent(() => {
      this.isPending = false;
      this.#settle?.resolve();
    });
    fate.onFailure(() => {
      this.isGone = true;
      this.#giveUp();
    });
  }

  #giveUp(): void {
    this.#settle?.reject(new Error("the message was not sent"));
  }
}

/** What the history keeps of a message that was sent to a room. */
export function historyEntry(roomJid: string, { stanza, timestamp }: PastMessage): HistoryEntry {
  return new HistoryEntry(cloneWithoutAttribute(stanza, "to"), timestamp, roomJid);
}
