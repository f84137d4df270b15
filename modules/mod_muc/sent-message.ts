import { cloneWithoutAttribute, parseStanza, StanzaTemplate, type Element } from "chorus-muc";

/** A message to a room as it goes to the occupants, for whoever keeps it: the text that they get, not one more tree. */
export class SentMessage {
  #content: Element | StanzaTemplate;

  /** @param stanza as it will be turned into text */
  constructor(stanza: Element) {
    this.#content = stanza;
  }

  /** The engine's: it was turned into text. */
  became(template: StanzaTemplate): void {
    this.#content = template;
  }

  /** A tree of the caller's own, without `to`: of what was sent, or of what the message has come to so far. */
  toElement(): Element {
    const content = this.#content;
    if (content instanceof StanzaTemplate) return parseStanza(content.unaddressed());
    return cloneWithoutAttribute(content, "to");
  }
}
