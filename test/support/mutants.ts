/** Changes a script's expectations one at a time, to show that the runner notices each. */
import { childElements, cloneElement, xml, type Element } from "../../core/xmpp/element.js";
import { strictElements } from "../../core/testing/matcher.js";
import type { Script } from "../../core/testing/scansion.js";

/** A script with one expectation changed. */
export interface Mutant {
  /** `prosody/muc_register.scs:33: presence > x: another value of code`. */
  readonly what: string;
  /** Index of the changed step. */
  readonly step: number;
  readonly script: Script;
}

/** A value that no service ever sends. */
const NOWHERE = "mutant-5c0f";

interface Change {
  readonly what: string;
  /** Only where the element is compared strictly: elsewhere it changes nothing. */
  readonly strictOnly?: boolean;
  /** Changes an element in place; does nothing where it does not apply. */
  readonly apply: (element: Element) => void;
}

/** The changes that may be made to one element of an expected stanza. */
function changesOf(element: Element): Change[] {
  const changes: Change[] = [
    { what: "another name", apply: (target) => (target.name = NOWHERE) },
    { what: "another namespace", apply: (target) => (target.attrs["xmlns"] = NOWHERE) },
    { what: "an attribute that is not sent", apply: (target) => (target.attrs[NOWHERE] = "1") },
    { what: "a child that is not sent", apply: (target) => target.append(xml(NOWHERE)) },
  ];
  for (const name of Object.keys(element.attrs as object)) {
    if (name.startsWith("xmlns") || name === "scansion-strict") continue;
    changes.push({ what: `another value of ${name}`, apply: (target) => (target.attrs[name] = NOWHERE) });
    changes.push({
      what: `${name} left out, which is sent`,
      strictOnly: true,
      apply: (target) => Reflect.deleteProperty(target.attrs as object, name),
    });
  }
  if (childElements(element).length === 0) {
    changes.push({ what: "another text", apply: (target) => (target.children = [NOWHERE]) });
  }
  for (const [index, child] of childElements(element).entries()) {
    changes.push({
      what: `child ${index + 1}, <${child.name}/>, left out, which is sent`,
      strictOnly: true,
      apply: (target) => {
        const leaving = childElements(target)[index];
        target.children = target.children.filter((other: unknown) => other !== leaving);
      },
    });
  }
  return changes;
}

/** Every script that differs from this one in one expectation. */
export function* mutantsOf(script: Script): Generator<Mutant> {
  for (const [index, step] of script.steps.entries()) {
    if (step.kind !== "receives") continue;
    const strict = strictElements(step.stanza);
    for (const [position, { element, path }] of walk(step.stanza).entries()) {
      for (const change of changesOf(element)) {
        if (change.strictOnly === true && !strict.has(element)) continue;
        const stanza = cloneElement(step.stanza);
        const target = walk(stanza)[position];
        if (target === undefined) throw new TypeError("a copy has as many elements as its original");
        change.apply(target.element);
        const steps = script.steps.map((other, at) => (at === index ? { ...step, stanza } : other));
        yield {
          what: `${script.file}:${step.line}: ${path}: ${change.what}`,
          step: index,
          script: { ...script, steps },
        };
      }
    }
  }
}

function walk(element: Element, parent = ""): { element: Element; path: string }[] {
  const path = parent === "" ? element.name : `${parent} > ${element.name}`;
  return [{ element, path }, ...childElements(element).flatMap((child) => walk(child, path))];
}
