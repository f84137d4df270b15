import { escapeAttribute } from "chorus-muc";
import { itemsOf, listOf, atomOf, textOf, type Term } from "./term.js";
import { misshapen } from "./text-error.js";

const MAX_DEPTH = 120;
/** What a name cannot have in XML, whatever else it may. */
const NO_NAME = /[\s<>&'"/=]|^$/;

/** XML of an element as ejabberd keeps it: `{xmlel, Name, Attributes, Children}`. @throws TextError */
export function elementText(term: Term | undefined, depth = 0): string {
  const [tag, name, attributes, children] = itemsOf(term, 4) ?? [];
  if (atomOf(tag) !== "xmlel") throw misshapen("expected an element");
  if (depth > MAX_DEPTH) throw misshapen(`more than ${MAX_DEPTH} elements in one another`);
  const start = nameOf(name) + listOf(attributes).map(attributeText).join("");
  return `<${start}>${listOf(children)
    .map((child) => childText(child, depth))
    .join("")}</${nameOf(name)}>`;
}

function attributeText(term: Term): string {
  const [name, value] = itemsOf(term, 2) ?? [];
  return ` ${nameOf(name)}="${escapeAttribute(textOf(value))}"`;
}

function childText(term: Term, depth: number): string {
  const [tag, text] = itemsOf(term, 2) ?? [];
  return atomOf(tag) === "xmlcdata" ? escapeAttribute(textOf(text)) : elementText(term, depth + 1);
}

function nameOf(term: Term | undefined): string {
  const name = textOf(term);
  if (NO_NAME.test(name)) throw misshapen(`${JSON.stringify(name)} is no name in XML`);
  return name;
}
