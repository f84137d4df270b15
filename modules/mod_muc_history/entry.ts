import { cloneWithoutAttribute, Element, serialise } from "chorus-muc";
import { delayElement, type SentMessage } from "chorus-muc/muc";

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

/** Some entry {@link HistoryEntry.isGone}: most processes never see one, and need not look for it with each message. */
let someAreGone = false;

/** Those of a history that were not given up. */
export function withoutGone(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  return someAreGone && entries.some(({ isGone }) => isGone) ? entries.filter(({ isGone }) => !isGone) : entries;
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
  #stanza: Element | undefined;
  readonly #message: SentMessage | Element;
  readonly #roomJid: string;

  /** @param message as it was sent, or a tree of the entry's own, which has its delay */
  constructor(
    roomJid: string,
    message: SentMessage | Element,
    /** When it was sent, in unix seconds. */
    readonly timestamp: number,
  ) {
    this.#roomJid = roomJid;
    this.#message = message;
  }

  /** The message with its delay. A tree is made of it when first asked for: most messages leave the history before. */
  get stanza(): Element {
    return (this.#stanza ??= this.#toElement());
  }

  #toElement(): Element {
    const message = this.#message;
    if (message instanceof Element) return message;
    const stanza = message.toElement();
    stanza.append(delayElement(this.#roomJid, this.timestamp));
    return stanza;
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

  /** It is kept back, perhaps. @param takeOut takes it out of the history: nobody gets it */
  await(fate: Fate, takeOut: () => void): void {
    this.isPending = true;
    fate.onSent(() => {
      this.isPending = false;
      this.#settle?.resolve();
    });
    fate.onFailure(() => {
      this.isGone = true;
      someAreGone = true;
      this.#giveUp();
      takeOut();
    });
  }

  #giveUp(): void {
    this.#settle?.reject(new Error("the message was not sent"));
  }
}

/** What the history keeps of a message that was sent to a room some time ago. */
export function historyEntry(roomJid: string, { stanza, timestamp }: PastMessage): HistoryEntry {
  const own = cloneWithoutAttribute(stanza, "to");
  own.append(delayElement(roomJid, timestamp));
  return new HistoryEntry(roomJid, own, timestamp);
}
