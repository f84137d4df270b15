import { NS_DATA_FORM, StanzaError, xml, type Element } from "chorus-muc";
import {
  formElement,
  invalidField,
  parseSubmission,
  resultSet,
  type Form,
  type FormFieldType,
  type PageRange,
} from "chorus-muc/muc";
import type { FoundRoom, FoundRooms } from "./rooms.js";
import { Terms } from "./terms.js";

/** Search by fields (XEP-0055). */
export const NS_DIRECTORY = "jabber:iq:search";

/** A form, as the fields of people that the protocol began with say nothing of rooms (XEP-0055 §3). */
const FORM: Form = [
  { name: "FORM_TYPE", type: "hidden", value: NS_DIRECTORY },
  { name: "name", type: "text-single", label: "Name" },
  { name: "description", type: "text-single", label: "Description" },
  { name: "address", type: "text-single", label: "Address" },
];
const INSTRUCTIONS = "Fill in one or more fields to find rooms.";

/** What is told of each room. */
const REPORTED: readonly (readonly [name: string, type: FormFieldType, label: string])[] = [
  ["jid", "jid-single", "Address"],
  ["name", "text-single", "Name"],
  ["description", "text-single", "Description"],
  ["num_users", "text-single", "Number of occupants"],
];

/** The fields that rooms can be searched by. */
export function directoryForm(): Element {
  const form = formElement(FORM, "form", {}, { title: "Search for rooms", instructions: INSTRUCTIONS });
  return xml("iq", {}, xml("query", { xmlns: NS_DIRECTORY }, xml("instructions", {}, INSTRUCTIONS), form));
}

/**
 * What a submitted form looks for: rooms that have all words of each field.
 * @param mayBeAll whether nothing at all may be looked for
 */
export function readDirectorySearch(
  x: Element | undefined,
  mayBeAll: boolean,
): ((room: FoundRoom) => boolean) | StanzaError {
  if (!x) return new StanzaError({ type: "modify", condition: "bad-request", text: "Not a form" });
  const { fields } = parseSubmission(FORM, x);
  const wanted: (readonly [terms: Terms, textOf: (room: FoundRoom) => string | undefined])[] = [];
  for (const [name, textOf] of [
    ["name", (room: FoundRoom) => room.name],
    ["description", (room: FoundRoom) => room.description],
    ["address", (room: FoundRoom) => room.jid],
  ] as const) {
    const text = fields[name];
    if (typeof text !== "string" || text === "") continue;
    const terms = Terms.parse(text);
    if (!(terms instanceof Terms)) return invalidField(name, terms);
    wanted.push([terms, textOf]);
  }
  if (wanted.length === 0 && !mayBeAll) return new StanzaError({ type: "cancel", condition: "not-allowed" });
  return (room) => wanted.every(([terms, textOf]) => terms.areIn([textOf(room)]));
}

/** A page of results; nothing at all where nothing was found (XEP-0055 §2.1). */
export function directoryResult(found: FoundRooms, range: PageRange, isPaged: boolean): Element {
  const query = xml("query", { xmlns: NS_DIRECTORY });
  const page = found.rooms.slice(range.start, range.end);
  if (page.length > 0) {
    const reported = REPORTED.map(([name, type, label]) => xml("field", { var: name, type, label }));
    const head = xml("field", { var: "FORM_TYPE", type: "hidden" }, xml("value", {}, NS_DIRECTORY));
    query.append(
      xml("x", { xmlns: NS_DATA_FORM, type: "result" }, head, xml("reported", {}, ...reported), ...page.map(item)),
    );
  }
  const isPart = page.length < found.size;
  if (isPaged || isPart) query.append(resultSet(found, range, page.at(0)?.jid, page.at(-1)?.jid));
  return xml("iq", {}, query);
}

function item({ jid, name, description, occupants }: FoundRoom): Element {
  const values = { jid, name, description, num_users: occupants === undefined ? undefined : String(occupants) };
  const fields = Object.entries(values).flatMap(([name, text]) => {
    return text === undefined ? [] : [xml("field", { var: name }, xml("value", {}, text))];
  });
  return xml("item", {}, ...fields);
}
