import { childElements, cloneElement, Element, isElement } from "../../../core/xmpp/element.js";
import type { Random } from "../../support/random.js";

/** What real stanzas are made of, to put somewhere else. */
export interface Pool {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly texts: readonly string[];
  readonly elements: readonly Element[];
  readonly namespaces: readonly string[];
}

const EVIL: readonly string[] = [
  ...["", " ", "0", "-1", "1", "NaN", "1e999", "99999999999999999999", "true", "null", "undefined", "[object Object]"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "../../etc/passwd", "%00", "%2F"],
  ...[
    "@",
    "/",
    "@/",
    "a@",
    "@b",
    "a@b/",
    "localhost",
    "conference.localhost",
    "conference.localhost/x",
    "room@conference.localhost",
  ],
  ...[
    "room@conference.localhost/",
    "room@conference.localhost/Ada",
    "hall@conference.localhost/Ben",
    "nobody@conference.localhost",
  ],
  ...[
    "ada@localhost",
    "ada@localhost/study",
    "ben@localhost",
    "ADA@LOCALHOST/Study",
    "admin@localhost",
    "ada@elsewhere.example/x",
  ],
  ...["é", "𝕬da", "\u202eadA", "a\u0301", "\u200b", "ﬃ", "x".repeat(1100), "é".repeat(600), "2025-01-01T00:00:00Z"],
  ...[
    "9999-99-99T99:99:99Z",
    "get",
    "set",
    "result",
    "error",
    "unavailable",
    "groupchat",
    "chat",
    "owner",
    "outcast",
    "none",
    "member",
  ],
  ...[
    "{{sessionid#0}}",
    "{{id#0}}",
    "{{id#3}}",
    "{{node#0}}",
    "{{node#5}}",
    "{{stanza-id#0}}",
    "{{occupant-id#0}}",
    "moderator",
    "visitor",
  ],
];

/** Gathers what stanzas are made of. */
export function poolOf(stanzas: readonly Element[]): Pool {
  const values = new Map<string, Set<string>>();
  const texts = new Set<string>();
  const elements: Element[] = [];
  const walk = (element: Element): void => {
    elements.push(element);
    for (const [name, value] of Object.entries(element.attrs as Record<string, string>)) {
      const known = values.get(name) ?? new Set();
      values.set(name, known.add(value));
    }
    for (const child of element.children as unknown[]) {
      if (isElement(child)) walk(child);
      else texts.add(String(child));
    }
  };
  for (const stanza of stanzas) walk(stanza);
  return {
    values: new Map([...values].map(([name, known]) => [name, [...known]])),
    texts: [...texts],
    elements,
    namespaces: [...(values.get("xmlns") ?? [])],
  };
}

type TreeMutation = (element: Element, random: Random, pool: Pool) => void;

const MUTATIONS: readonly TreeMutation[] = [
  // Another value for an attribute.
  (element, random, pool) => {
    const names = Object.keys(element.attrs as object);
    if (names.length === 0) return;
    const name = random.pick(names);
    element.attrs[name] = random.below(2) === 0 ? random.pick(EVIL) : random.pick(pool.values.get(name) ?? EVIL);
  },
  // An attribute less, or more.
  (element, random) => {
    const names = Object.keys(element.attrs as object);
    if (names.length > 0) element.attrs[random.pick(names)] = undefined;
  },
  (element, random, pool) => {
    const name = random.pick([...pool.values.keys()]);
    element.attrs[name] = random.below(3) === 0 ? random.pick(EVIL) : random.pick(pool.values.get(name) ?? EVIL);
  },
  // Another text.
  (element, random, pool) => {
    const text = random.below(2) === 0 ? random.pick(EVIL) : random.pick(pool.texts);
    element.children = [...childElements(element), ...(text === "" ? [] : [text])];
  },
  // A child less, one twice, in another order, or of something else.
  (element, random) => {
    element.children.splice(random.below(element.children.length + 1), 1);
  },
  (element, random) => {
    const children = childElements(element);
    if (children.length > 0) element.append(cloneElement(random.pick(children)));
  },
  (element) => {
    element.children.reverse();
  },
  (element, random, pool) => {
    element.append(cloneElement(random.pick(pool.elements)));
  },
  // What is in it, in it once more.
  (element, random, pool) => {
    const inner = cloneElement(element);
    element.children = [];
    for (let depth = random.below(20), at = element; depth > 0; depth--) {
      const next = new Element(random.pick(pool.elements).name, {});
      at.append(next);
      at = next;
      if (depth === 1) at.append(inner);
    }
  },
  // Another name, another namespace.
  (element, random, pool) => {
    element.name = random.pick(pool.elements).name;
  },
  (element, random, pool) => {
    element.attrs["xmlns"] = random.below(4) === 0 ? random.pick(EVIL) : random.pick(pool.namespaces);
  },
];

/** A copy of a stanza that is another one: somewhere in it something was changed, once or a few times. */
export function mutateTree(stanza: Element, random: Random, pool: Pool): Element {
  const copy = cloneElement(stanza);
  for (let times = random.pick([1, 1, 1, 2, 3, 6]); times > 0; times--) {
    const places = within(copy);
    // The name of the stanza itself stays: anything else ends the stream.
    const mutation = random.pick(MUTATIONS);
    const place = random.pick(places);
    const name = copy.name;
    mutation(place, random, pool);
    copy.name = name;
  }
  copy.attrs["xmlns"] = undefined;
  return copy;
}

function within(element: Element): Element[] {
  return [element, ...childElements(element).flatMap(within)];
}
