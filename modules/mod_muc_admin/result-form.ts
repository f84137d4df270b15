import { NS_DATA_FORM, xml, type Element, type Json } from "chorus-muc";
import { formElement, type ActionRow, type ActionTable, type FormField } from "chorus-muc/muc";

/** Rows of a table, as many as are shown at a time. */
export interface Page {
  readonly rows: readonly ActionRow[];
  /** After what the next page begins, if there is one: a value of the first column, or a number of rows. */
  readonly last: string | number | undefined;
}

/** A page of a table. @param after `last` of the page before */
export async function pageOf({ rows, columns }: ActionTable, after: Page["last"], size: number): Promise<Page> {
  if (typeof rows !== "function") {
    const start = typeof after === "number" ? after : 0;
    const page = rows.slice(start, start + size);
    return { rows: page, last: rows.length > start + size ? start + size : undefined };
  }
  const key = Object.keys(columns)[0] ?? "";
  const page: ActionRow[] = [];
  for await (const row of rows(typeof after === "string" ? after : undefined)) {
    if (page.length === size) return { rows: page, last: String(page.at(-1)?.[key]) };
    page.push(row);
  }
  return { rows: page, last: undefined };
}

function textsOf(value: Json | undefined): string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "boolean") return [value ? "1" : "0"];
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(textsOf);
  return [typeof value === "object" ? JSON.stringify(value) : String(value)];
}

/** Rows as items under a head (XEP-0004 §3.4). */
export function tableForm(node: string, title: string, columns: ActionTable["columns"], { rows }: Page): Element {
  const x = formElement([{ name: "FORM_TYPE", type: "hidden", value: node }], "result");
  x.children.unshift(xml("title", {}, title));
  const keys = Object.keys(columns);
  const head = keys.map((key) => xml("field", { var: key, label: columns[key], type: "text-single" }));
  x.append(xml("reported", {}, ...head));
  for (const row of rows) {
    const cells = keys.map((key) =>
      // A cell has one value only.
      xml("field", { var: key }, xml("value", {}, textsOf(row[key]).join(", "))),
    );
    x.append(xml("item", {}, ...cells));
  }
  return x;
}

/** What is known of one thing, as fields. */
export function recordForm(node: string, title: string, fields: ActionRow): Element {
  const known = Object.entries(fields).map(([name, value]): FormField => {
    if (typeof value === "boolean") return { name, type: "boolean", value };
    return { name, type: Array.isArray(value) ? "text-multi" : "text-single", value: textsOf(value) };
  });
  const x = formElement([{ name: "FORM_TYPE", type: "hidden", value: node }, ...known], "result");
  x.children.unshift(xml("title", {}, title));
  for (const field of x.getChildren("field", NS_DATA_FORM)) {
    if (field.attrs["var"] !== "FORM_TYPE") field.attrs["label"] = field.attrs["var"];
  }
  return x;
}
