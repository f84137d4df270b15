import { StanzaError, xml, type Element, type ErrorCondition, type ErrorType } from "chorus-muc";
import { invalidField, parseSubmission, type Form, type FormValue } from "chorus-muc/muc";
import type { Order, Wanted } from "./rooms.js";
import { Terms } from "./terms.js";

/** Channel search (XEP-0433). */
const NS = "urn:xmpp:channel-search:0";
export const NS_SEARCH = `${NS}:search`;
const NS_PARAMS = `${NS}:search-params`;
const NS_ERROR = `${NS}:error`;
export const ANONYMITY_NONE = `{${NS}:anonymity}none`;
const ORDERS: ReadonlyMap<string, Order> = new Map([
  [`{${NS}:order}nusers`, "nusers"],
  [`{${NS}:order}address`, "address"],
]);
const DEFAULT_ORDER = `{${NS}:order}nusers`;
export const SERVICE_TYPE = "xep-0045";

/** The form that is shown, with the values that count where none is submitted (XEP-0433 §4.2.1). */
export const SEARCH_FORM: Form = [
  { name: "FORM_TYPE", type: "hidden", value: NS_PARAMS },
  { name: "q", type: "text-single", label: "Search for" },
  { name: "all", type: "boolean", label: "Return all entries (ignore search terms)", value: false },
  { name: "sinname", type: "boolean", label: "Search in name", value: true },
  { name: "sindescription", type: "boolean", label: "Search in description", value: true },
  { name: "sinaddress", type: "boolean", label: "Search in address", value: true },
  { name: "min_users", type: "text-single", label: "Minimum number of users", datatype: "xs:integer", value: "0" },
  {
    name: "types",
    type: "list-multi",
    label: "Service types",
    value: [SERVICE_TYPE],
    options: [{ value: SERVICE_TYPE, label: "XEP-0045 Multi User Chats" }],
  },
  {
    name: "key",
    type: "list-single",
    label: "Sort results by",
    value: DEFAULT_ORDER,
    options: [
      { value: `{${NS}:order}nusers`, label: "Number of online users" },
      { value: `{${NS}:order}address`, label: "Address" },
    ],
  },
];

/** As submitted: other types of service are no mistake, and other orders have an error of their own. */
const SUBMITTED: Form = [
  ...SEARCH_FORM.map((field) => {
    return field.name === "types" || field.name === "key" ? { ...field, options: undefined as never } : field;
  }),
  // COMPAT: the example in XEP-0433 §4.2.1 has another name than its table.
  { name: "sinaddr", type: "boolean" },
];

/** What is asked for. */
export interface SearchRequest extends Wanted {
  readonly order: Order;
  /** Rooms of XEP-0045 are among what is asked for. */
  readonly isForRooms: boolean;
}

/** An error with a condition of XEP-0433 §4.2.2. */
export function searchError(
  type: ErrorType,
  condition: ErrorCondition,
  name: string,
  text?: string,
  vars: readonly string[] = [],
): StanzaError {
  const tag = xml(name, { xmlns: NS_ERROR }, ...vars.map((name) => xml("var", {}, name)));
  return new StanzaError({ type, condition, text, extra: { tag } });
}

/** Reads a submitted form; what is not in it counts as it is in the form that is shown (XEP-0433 §5). */
export function readRequest(x: Element): SearchRequest | StanzaError {
  const { fields, present, errors, formType } = parseSubmission(SUBMITTED, x);
  if (formType !== NS_PARAMS) {
    return new StanzaError({ type: "modify", condition: "bad-request", text: "Form is not of type search-params" });
  }
  const [wrong] = Object.entries(errors);
  if (wrong) return invalidField(...wrong);
  const valueOf = (name: string): FormValue => {
    return present.includes(name) ? fields[name] : SEARCH_FORM.find((field) => field.name === name)?.value;
  };
  const order = ORDERS.get(String(valueOf("key")));
  if (!order) return searchError("modify", "feature-not-implemented", "invalid-sort-key");
  const minOccupants = Number(valueOf("min_users") ?? 0);
  if (minOccupants < 0) return invalidField("min_users", "Less than none");
  const types = valueOf("types");
  const places = {
    address: (present.includes("sinaddr") ? fields["sinaddr"] : valueOf("sinaddress")) === true,
    name: valueOf("sinname") === true,
    description: valueOf("sindescription") === true,
  };
  const terms = readTerms(valueOf("q"), valueOf("all") === true, Object.values(places).some(Boolean));
  if (terms instanceof StanzaError) return terms;
  const isForRooms = !Array.isArray(types) || types.length === 0 || types.includes(SERVICE_TYPE);
  return { terms, places, minOccupants, order, isForRooms };
}

function readTerms(q: FormValue, isForAll: boolean, isSomewhere: boolean): Terms | undefined | StanzaError {
  const isGiven = typeof q === "string" && q !== "";
  if (isGiven && isForAll) {
    const text = "Cannot both return all entries and search for something.";
    return searchError("modify", "bad-request", "conflicting-fields", text, ["all", "q"]);
  }
  if (isForAll) return undefined;
  if (!isGiven) return searchError("cancel", "bad-request", "no-search-conditions");
  if (!isSomewhere) {
    const text = "Cannot search for something neither in name nor description nor address.";
    const vars = ["q", "sinname", "sindescription", "sinaddress"];
    return searchError("modify", "bad-request", "conflicting-fields", text, vars);
  }
  const terms = Terms.parse(q);
  return terms instanceof Terms ? terms : searchError("modify", "bad-request", "invalid-search-terms", terms);
}
