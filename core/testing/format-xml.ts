/** Stanzas for people to read, and to compare: one element a line, attributes in alphabetical order. */
import { escapeXMLText } from "@xmpp/xml";
import { isElement, type Element } from "../xmpp/element.js";
import { escapeAttribute } from "../xmpp/template.js";
import { STRICT_ATTRIBUTE } from "./scansion.js";

/** The lines of an element. */
export function formatXml(element: Element, indent = ""): string[] {
  const attributes = Object.entries(element.attrs as Record<string, unknown>)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => [name === STRICT_ATTRIBUTE ? "scansion:strict" : name, String(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`)
    .join("");
  const open = `${indent}<${element.name}${attributes}`;
  const children = (element.children as unknown[]).filter((child) => isElement(child) || String(child).trim() !== "");
  if (children.length === 0) return [`${open}/>`];
  if (!children.some(isElement)) {
    return [`${open}>${children.map((child) => escapeXMLText(String(child))).join("")}</${element.name}>`];
  }
  const inner = children.flatMap((child) =>
    isElement(child) ? formatXml(child, `${indent}  `) : [`${indent}  ${escapeXMLText(String(child).trim())}`],
  );
  return [`${open}>`, ...inner, `${indent}</${element.name}>`];
}

/** Compares two lists of lines: `  ` in both, `- ` only in the first, `+ ` only in the second. */
export function diffLines(before: readonly string[], after: readonly string[]): string[] {
  // Lengths of the longest common subsequence of the two tails.
  const common = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const row = common[i];
      if (row) row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push(`  ${before[i] ?? ""}`);
      i++;
      j++;
    } else if (i < before.length && (j === after.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(`- ${before[i++] ?? ""}`);
    } else {
      lines.push(`+ ${after[j++] ?? ""}`);
    }
  }
  return lines;
}
