import { childElements, getChild, StanzaError, xml, type Element } from "chorus-muc";
import { formElement, formTypeOf, getForm, NS_DATA_VALIDATE, parseSubmission, type Form } from "chorus-muc/muc";
import { NS_MAM, NS_RSM } from "./namespaces.js";
import { endOfStamp, parseStamp } from "./time.js";

/** Ids that one query may name: each has to be looked up. */
const MAX_IDS = 1000;

/** Fields that can be filtered by (XEP-0313 §4.1). */
const FORM: Form = [
  { name: "FORM_TYPE", type: "hidden", value: NS_MAM },
  { name: "with", type: "jid-single" },
  { name: "start", type: "text-single", datatype: "xs:dateTime" },
  { name: "end", type: "text-single", datatype: "xs:dateTime" },
  { name: "before-id", type: "text-single" },
  { name: "after-id", type: "text-single" },
  { name: "ids", type: "list-multi" },
];

/** What somebody asks of an archive. */
export interface ArchiveRequest {
  /** Put on every result. */
  readonly queryId: string | undefined;
  /** Newest first within the page (XEP-0313 §4.3.4). */
  readonly isFlipped: boolean;
  readonly with: string | undefined;
  /** Unix seconds, both inclusive. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly beforeId: string | undefined;
  readonly afterId: string | undefined;
  readonly ids: readonly string[] | undefined;
  /** Size of the page; 0: only the count. */
  readonly max: number;
  /** The page before this entry; `""`: the last page. */
  readonly before: string | undefined;
  /** The page after this entry. */
  readonly after: string | undefined;
}

type Filter = Pick<ArchiveRequest, "with" | "start" | "end" | "beforeId" | "afterId" | "ids">;
type Paging = Pick<ArchiveRequest, "max" | "before" | "after">;

/** Sizes of pages. */
export interface PageLimits {
  readonly max: number;
  readonly byDefault: number;
}

function badRequest(text: string): StanzaError {
  return new StanzaError({ type: "modify", condition: "bad-request", text });
}

/** The form with the fields that a query may have (XEP-0313 §4.1.5). */
export function queryForm(): Element {
  const x = formElement(FORM);
  const ids = childElements(x).find(({ attrs }) => attrs["var"] === "ids");
  ids?.append(xml("validate", { xmlns: NS_DATA_VALIDATE, datatype: "xs:string" }, xml("open")));
  return xml("query", { xmlns: NS_MAM }, x);
}

/** Reads a `<query/>`. What cannot be read is refused, with what is wrong about it. */
export function parseQuery(query: Element, limits: PageLimits): ArchiveRequest | StanzaError {
  const filter = parseFilter(query);
  if (filter instanceof StanzaError) return filter;
  const paging = parsePaging(query, limits);
  if (paging instanceof StanzaError) return paging;
  const queryId = query.attrs["queryid"] as string | undefined;
  return { queryId, isFlipped: getChild(query, "flip-page", NS_MAM) !== undefined, ...filter, ...paging };
}

function parseFilter(query: Element): Filter | StanzaError {
  const x = getForm(query);
  const none = { with: undefined, start: undefined, end: undefined };
  if (!x) return { ...none, beforeId: undefined, afterId: undefined, ids: undefined };
  if (x.attrs["type"] !== "submit") return badRequest("The form is not of type submit");
  if (formTypeOf(x) !== NS_MAM) return badRequest(`The form's FORM_TYPE is not ${NS_MAM}`);
  const stranger = childElements(x).find(
    (field) => field.name === "field" && !FORM.some(({ name }) => name === field.attrs["var"]),
  );
  if (stranger) {
    const text = `Unknown field: ${String(stranger.attrs["var"])}`;
    return new StanzaError({ type: "cancel", condition: "feature-not-implemented", text });
  }
  const { fields, errors } = parseSubmission(FORM, x);
  const [wrong] = Object.entries(errors);
  if (wrong) return badRequest(`${wrong[0]}: ${wrong[1]}`);
  // An empty field asks for nothing.
  const text = (name: string): string | undefined => (fields[name] === "" ? undefined : (fields[name] as string));
  const times = parseTimes(text("start"), text("end"));
  if (times instanceof StanzaError) return times;
  const ids = fields["ids"] as readonly string[] | undefined;
  if (ids && ids.length > MAX_IDS) {
    const why = `ids: more than ${MAX_IDS}`;
    return new StanzaError({ type: "modify", condition: "policy-violation", text: why });
  }
  return {
    with: text("with"),
    ...times,
    beforeId: text("before-id"),
    afterId: text("after-id"),
    ids: ids?.length === 0 ? undefined : ids,
  };
}

function parseTimes(start: string | undefined, end: string | undefined): Pick<Filter, "start" | "end"> | StanzaError {
  const from = start === undefined ? undefined : parseStamp(start);
  const to = end === undefined ? undefined : parseStamp(end);
  if (start !== undefined && from === undefined) return badRequest("start: not a date and time of XEP-0082");
  if (end !== undefined && to === undefined) return badRequest("end: not a date and time of XEP-0082");
  if (from !== undefined && to !== undefined && from > to) return badRequest("start is later than end");
  return { start: from, end: to === undefined ? undefined : endOfStamp(to) };
}

/** XEP-0059. */
function parsePaging(query: Element, limits: PageLimits): Paging | StanzaError {
  const set = getChild(query, "set", NS_RSM);
  if (!set) return { max: limits.byDefault, before: undefined, after: undefined };
  const text = (name: string): string | undefined => getChild(set, name, NS_RSM)?.text();
  if (getChild(set, "index", NS_RSM)) {
    const why = "Pages by index are not offered";
    return new StanzaError({ type: "cancel", condition: "feature-not-implemented", text: why });
  }
  const max = text("max")?.trim();
  if (max !== undefined && !/^\d+$/.test(max)) return badRequest("max: not a number of messages");
  return {
    max: max === undefined ? limits.byDefault : Math.min(Number(max), limits.max),
    before: text("before"),
    after: text("after") || undefined,
  };
}
