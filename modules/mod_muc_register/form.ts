import { StanzaError, type Element } from "chorus-muc";
import { NS_ROOM_REGISTER, parseSubmission, type Form, type FormField, type FormValue } from "chorus-muc/muc";

/** Field of the nick. */
export const FIELD_NICK = "muc#register_roomnick";

/** The form, with the fields that modules add. */
export function registrationForm(extra: readonly FormField[]): Form {
  return [
    { name: "FORM_TYPE", type: "hidden", value: NS_ROOM_REGISTER },
    { name: FIELD_NICK, type: "text-single", label: "Nickname", required: true },
    ...extra,
  ];
}

function badRequest(text: string): StanzaError {
  return new StanzaError({ type: "modify", condition: "bad-request", text });
}

/** Reads a submitted form. @returns the values by field name, or what is wrong with it */
export function readRegistration(
  form: Form,
  x: Element | undefined,
): Readonly<Record<string, FormValue>> | StanzaError {
  if (!x) return badRequest("Missing dataform");
  const type: unknown = x.attrs["type"];
  if (type !== undefined && type !== "submit") return badRequest("Not a submitted form");
  const { fields, errors, formType } = parseSubmission(form, x);
  if (formType !== NS_ROOM_REGISTER) return badRequest("Error in form");
  const faults = Object.entries(errors).map(([name, fault]) => `${name}: ${fault}`);
  return faults.length > 0 ? badRequest(`Error in form: ${faults.join(", ")}`) : fields;
}
