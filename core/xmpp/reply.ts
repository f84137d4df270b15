import { Element, childElements, getChild, isElement, xml } from "./element.js";
import { CONDITION_CODES, StanzaError, parseCondition, type ErrorCondition, type ErrorType } from "./stanza-error.js";

/** Namespace of the defined error conditions (RFC 6120 §8.3). */
export const NS_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

const ERROR_TYPES: ReadonlySet<string> = new Set<ErrorType>(["auth", "cancel", "continue", "modify", "wait"]);

/**
 * The empty answer to a stanza: addresses swapped, `id` kept; an iq becomes a `result`, others keep their type.
 * @throws TypeError when asked to answer an error or a result, which is never done
 */
export function reply(stanza: Element): Element {
  const { to, from, id, type } = stanza.attrs as Record<string, string | undefined>;
  if (type === "error" || (stanza.name === "iq" && type === "result")) {
    throw new TypeError(`reply: a stanza of type ${type} is not answered`);
  }
  const answer = new Element(stanza.name);
  if (to !== undefined) answer.attrs["from"] = to;
  if (from !== undefined) answer.attrs["to"] = from;
  if (id !== undefined) answer.attrs["id"] = id;
  if (stanza.name === "iq") answer.attrs["type"] = "result";
  else if (type !== undefined) answer.attrs["type"] = type;
  return answer;
}

/** The `<error/>` element itself, with the numeric `code` beside the condition for old clients (XEP-0086). */
export function errorElement(error: StanzaError, from?: string): Element {
  const attrs: Record<string, string> = { type: error.type, code: String(CONDITION_CODES[error.condition]) };
  if (error.by !== undefined && error.by !== from) attrs["by"] = error.by;
  const condition = xml(error.condition, NS_STANZAS);
  if (error.extra?.uri !== undefined) condition.append(error.extra.uri);
  const element = xml("error", attrs, condition);
  if (error.text !== undefined) element.append(xml("text", NS_STANZAS, error.text));
  if (error.extra?.tag) element.append(error.extra.tag);
  return element;
}

/**
 * The error answer to a stanza (RFC 6120 §8.3.1): addresses swapped, `id` kept, the request's children left out.
 * @throws TypeError when the stanza is itself an error or a result
 */
export function errorReply(stanza: Element, error: StanzaError): Element {
  const answer = reply(stanza);
  answer.attrs["type"] = "error";
  answer.append(errorElement(error, answer.attrs["from"] as string | undefined));
  return answer;
}

/** Whether the stanza asks for an answer: an iq get or set. */
export function isRequest(stanza: Element): boolean {
  return stanza.name === "iq" && (stanza.attrs["type"] === "get" || stanza.attrs["type"] === "set");
}

/** Whether an error may be sent back: not to errors, not to iq results. */
export function mayBeAnswered(stanza: Element): boolean {
  const type: unknown = stanza.attrs["type"];
  return type !== "error" && !(stanza.name === "iq" && type === "result");
}

/**
 * The error inside a received stanza of type `error`; an unknown condition reads as `undefined-condition`.
 * @returns `undefined` when there is no `<error/>` child
 */
export function parseError(stanza: Element): StanzaError | undefined {
  const element = getChild(stanza, "error");
  if (!element) return undefined;
  const type = String(element.attrs["type"] ?? "");
  let condition: ErrorCondition = "undefined-condition";
  let uri: string | undefined;
  let text: string | undefined;
  let tag: Element | undefined;
  for (const child of childElements(element)) {
    if (child.attrs["xmlns"] !== NS_STANZAS) tag ??= child;
    else if (child.name === "text") text = child.text();
    else {
      condition = parseCondition(child.name) ?? condition;
      uri = child.children.some(isElement) ? undefined : child.text() || undefined;
    }
  }
  return new StanzaError({
    type: ERROR_TYPES.has(type) ? (type as ErrorType) : "cancel",
    condition,
    text,
    by: element.attrs["by"] as string | undefined,
    extra: { ...(uri === undefined ? {} : { uri }), ...(tag === undefined ? {} : { tag }) },
  });
}
