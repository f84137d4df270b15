import { randomUUID } from "node:crypto";
import { xml, type Element } from "../xmpp/element.js";
import { NS_PING } from "../xmpp/namespaces.js";

/** Round trips of a client (XEP-0199) whose answers its user never sees. */
export class Pings {
  readonly #pending = new Map<string, (answered: boolean) => void>();

  /** Sends a ping and waits. An error is an answer, too. @returns false when none came in time */
  async send(send: (stanza: Element) => void, to: string, timeoutMs: number): Promise<boolean> {
    const id = `ping-${randomUUID()}`;
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => this.#settle(id, false), timeoutMs);
      this.#pending.set(id, (answered) => {
        clearTimeout(timer);
        resolve(answered);
      });
      send(xml("iq", { type: "get", id, to }, xml("ping", NS_PING)));
    });
  }

  /** Whether a received stanza answers one of them, and so is nobody else's. */
  takes(stanza: Element): boolean {
    const { id, type } = stanza.attrs as Record<string, string | undefined>;
    return (
      stanza.name === "iq" && id !== undefined && (type === "result" || type === "error") && this.#settle(id, true)
    );
  }

  /** No answer will come any more. */
  end(): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id, false);
  }

  #settle(id: string, answered: boolean): boolean {
    const settle = this.#pending.get(id);
    this.#pending.delete(id);
    settle?.(answered);
    return settle !== undefined;
  }
}
