import {
  childElements,
  domainOf,
  nodeOf,
  parseBareJid,
  StanzaError,
  type AdhocCommand,
  type AdhocRequest,
  type AdhocResult,
  type BareJid,
} from "chorus-muc";
import {
  formElement,
  parseSubmission,
  type ActionAnswer,
  type ActionArgument,
  type ActionRequest,
  type ActionTable,
  type Form,
  type FormField,
  type RoomAction,
} from "chorus-muc/muc";
import { textOf, type BoundAction } from "./bound-action.js";
import { fieldsOf } from "./settings.js";
import { pageOf, recordForm, tableForm, type Page } from "./result-form.js";
import { addSetting, prepareText, type Settings } from "./values.js";

/** Rows of a list that are shown at a time. */
const PAGE_ROWS = 100;

/** Names of ad-hoc commands begin with it. */
const NODE = "chorus:muc#";

/** What was filled in at the first stage. */
interface Filled extends Pick<ActionRequest, "texts" | "flags" | "settings"> {
  readonly room: BareJid | undefined;
}

/** Where a session is, after its first form. */
type State =
  | { readonly stage: "settings"; readonly filled: Filled }
  | { readonly stage: "page"; readonly filled: Filled; readonly after: Page["last"] };

/** Makes an ad-hoc command of an action, for admins of the service (XEP-0050). */
export function adhocOf(bound: BoundAction): AdhocCommand {
  return {
    name: bound.action.title,
    node: NODE + bound.action.name,
    permission: "admin",
    handler: (request, state) => new Session(bound, request).step(state as State | undefined),
  };
}

/** One request to a command, at whatever stage it is. */
class Session {
  readonly #bound: BoundAction;
  readonly #request: AdhocRequest;

  constructor(bound: BoundAction, request: AdhocRequest) {
    this.#bound = bound;
    this.#request = request;
  }

  get #action(): RoomAction {
    return this.#bound.action;
  }

  get #node(): string {
    return NODE + this.#action.name;
  }

  async step(state: State | undefined): Promise<AdhocResult | StanzaError> {
    const { action, form } = this.#request;
    if (action === "cancel") return { status: "canceled" };
    if (state?.stage === "page") {
      return action === "next" ? this.#run(state.filled, state.after) : { status: "completed" };
    }
    if (!form) return state ? this.#askSettings(state.filled) : this.#ask();
    if (state) return this.#submit(state.filled);
    const filled = this.#read(form);
    if (typeof filled === "string") return failed(filled);
    return this.#hasSettings ? this.#askSettings(filled) : this.#run(filled, undefined);
  }

  /** The room's own form is a second stage. */
  get #hasSettings(): boolean {
    return this.#action.target === "room" && this.#action.arguments.some(({ kind }) => kind === "settings");
  }

  #argumentForm(): Form {
    const { target, arguments: all } = this.#action;
    const own = this.#hasSettings ? all.filter(({ kind }) => kind !== "settings") : all;
    return [
      { name: "FORM_TYPE", type: "hidden", value: this.#node },
      ...(target === "host" ? [] : [{ name: "room", type: "jid-single", label: "Room", required: true } as const]),
      ...own.map(fieldOf),
    ];
  }

  #ask(): AdhocResult {
    const { title, summary } = this.#action;
    const header = { title, instructions: `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.` };
    const actions = this.#hasSettings ? (["next"] as const) : (["complete"] as const);
    return { status: "executing", actions, form: formElement(this.#argumentForm(), "form", {}, header) };
  }

  /** @returns what is wrong with it, if it cannot be understood */
  #read(x: NonNullable<AdhocRequest["form"]>): Filled | string {
    const { fields, errors } = parseSubmission(this.#argumentForm(), x);
    const [fault] = Object.entries(errors);
    if (fault) return `${fault[0]}: ${fault[1]}`;
    const texts: Record<string, string | undefined> = {};
    const flags = new Set<string>();
    const settings: Settings = new Map();
    for (const argument of this.#action.arguments) {
      const { name, kind } = argument;
      const value = fields[name];
      let problem: string | undefined;
      if (kind === "flag") {
        if (value === true) flags.add(name);
      } else if (kind === "settings") {
        const lines = Array.isArray(value) ? (value as readonly string[]) : [];
        problem = lines.map((line) => (line === "" ? undefined : addSetting(settings, line))).find(Boolean);
      } else if (typeof value === "string" && value !== "") {
        const read = prepareText(argument, value);
        if (typeof read === "string") problem = read;
        else texts[name] = read.value;
      }
      if (problem !== undefined) return `${name}: ${problem}`;
    }
    const room = this.#action.target === "host" ? undefined : this.#roomOf(String(fields["room"]));
    return typeof room === "object" ? room.problem : { room, texts, flags, settings };
  }

  #roomOf(text: string): BareJid | { readonly problem: string } {
    const jid = parseBareJid(text);
    if (jid === undefined || nodeOf(jid) === undefined) return { problem: `room: not the address of a room: ${text}` };
    return domainOf(jid) === this.#bound.host ? jid : { problem: `room: there is no ${jid}` };
  }

  #requestFor({ texts, flags, settings }: Filled): ActionRequest {
    return { actor: this.#request.from, online: true, texts, flags, settings };
  }

  async #askSettings(filled: Filled): Promise<AdhocResult> {
    const room = filled.room && (await this.#bound.muc.getRoomFromJid(filled.room));
    if (!room) return failed(`room: there is no ${String(filled.room)}`);
    const layout = room.getFormLayout(this.#request.from);
    const form = formElement(layout, "form", {}, { title: `Configuration for ${room.jid}` });
    return { status: "executing", actions: ["complete"], form, state: { stage: "settings", filled } satisfies State };
  }

  async #submit(filled: Filled): Promise<AdhocResult | StanzaError> {
    const room = filled.room && (await this.#bound.muc.getRoomFromJid(filled.room));
    const settings: Settings = new Map();
    for (const { name } of room ? fieldsOf(room, this.#request.from) : []) {
      const texts = textsIn(this.#request.form, name);
      if (texts) settings.set(name, texts);
    }
    return this.#run({ ...filled, settings }, undefined);
  }

  async #run(filled: Filled, after: Page["last"]): Promise<AdhocResult> {
    const answer = await this.#bound.run(filled.room, this.#requestFor(filled));
    return answer instanceof StanzaError ? failed(textOf(answer)) : this.#show(answer, filled, after);
  }

  async #show(answer: ActionAnswer, filled: Filled, after: Page["last"]): Promise<AdhocResult> {
    const { title } = this.#action;
    switch (answer.kind) {
      case "done":
        return { status: "completed", notes: [{ type: "info", text: answer.text }] };
      case "record":
        return { status: "completed", form: recordForm(this.#node, title, answer.fields) };
      case "value":
        return { status: "completed", form: recordForm(this.#node, title, { [answer.name]: answer.value }) };
      case "table":
        return this.#showPage(answer, filled, after);
      default:
        return answer satisfies never;
    }
  }

  async #showPage(table: ActionTable, filled: Filled, after: Page["last"]): Promise<AdhocResult> {
    const page = await pageOf(table, after, PAGE_ROWS);
    const form = tableForm(this.#node, this.#action.title, table.columns, page);
    if (page.last === undefined) return { status: "completed", form };
    const state: State = { stage: "page", filled, after: page.last };
    return { status: "executing", actions: ["next", "complete"], defaultAction: "next", form, state };
  }
}

function failed(text: string): AdhocResult {
  return { status: "completed", notes: [{ type: "error", text }] };
}

function fieldOf({ name, kind, label, required = false, choices = [] }: ActionArgument): FormField {
  switch (kind) {
    case "flag":
      return { name, type: "boolean", label, value: false };
    case "choice":
      return { name, type: "list-single", label, required, options: choices.map((value) => ({ value, label: value })) };
    case "jid":
      return { name, type: "jid-single", label, required };
    case "settings":
      return { name, type: "text-multi", label, required };
    default:
      return { name, type: "text-single", label, required };
  }
}

/** Texts of a field as submitted, if it was. */
function textsIn(form: AdhocRequest["form"], name: string): string[] | undefined {
  for (const field of form ? childElements(form) : []) {
    if (field.name !== "field" || field.attrs["var"] !== name) continue;
    return childElements(field).flatMap((child) => (child.name === "value" ? [child.text()] : []));
  }
  return undefined;
}
