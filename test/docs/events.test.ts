/** docs/events.md says of every event what the code says: it is made of it. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { declaredEvents, eventsPage, isOf } from "../../docs/tools/events-page.js";
import { liveDeclarations, liveKinds } from "../../docs/tools/handlers.js";
import { codeIn } from "../../docs/tools/markdown.js";
import { moduleNames, Sources } from "../../docs/tools/sources.js";

const PROJECT = resolve(import.meta.dirname, "../../..");
const sources = new Sources(PROJECT);
const modules = moduleNames(PROJECT);
const declared = [...declaredEvents(sources, modules).values()].flat();
const fired = ["core", ...modules].flatMap((part) => [...sources.eventsFiredBy(part)]);

test("docs/events.md is what the code says; if not: npm run docs:events", async () => {
  assert.equal(readFileSync(join(PROJECT, "docs/events.md"), "utf8"), await eventsPage(PROJECT));
});

test("every event that is declared is described, and there once", () => {
  assert.ok(declared.length > 70);
  const names = declared.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  assert.deepEqual(
    declared.filter(({ text }) => text === "").map(({ name }) => name),
    [],
  );
});

/** Stanzas and items fire events whose names are put together at run time, from what is in them. */
const MADE_UP = /^(\?$|<…>|pre-<…>|iq-<…>|(message|presence|iq|iq-\w+|item-\w+)\/<)/;

test("every event that is declared is fired, and every one that is fired is declared", () => {
  const isFired = (name: string): boolean => MADE_UP.test(name) || fired.some((event) => isOf(event, name));
  assert.deepEqual(
    declared.map(({ name }) => name).filter((name) => !isFired(name)),
    [],
  );
  const isDeclared = (event: string): boolean => MADE_UP.test(event) || declared.some(({ name }) => isOf(event, name));
  assert.deepEqual(
    fired.filter((event) => !isDeclared(event)),
    [],
  );
});

const exampleOf = (name: string): string => name.replace("<address>", "bare").replace(/<\w+>/, "x");

test("events of hosts and rooms are declared at run time, too, so that misspelt hooks are found", async () => {
  const known = await liveDeclarations(modules);
  const isKnown = (event: string): boolean =>
    known.some((name) => (name.endsWith("*") ? event.startsWith(name.slice(0, -1)) : event === name));
  const byPart = declaredEvents(sources, modules);
  const names = ["core", "muc"].flatMap((part) => byPart.get(part) ?? []).map(({ name }) => exampleOf(name));
  assert.deepEqual(
    names.filter((name) => !isKnown(name)),
    [],
  );
});

test("results mean at run time what their types say", async () => {
  const kinds = await liveKinds(
    modules,
    declared.map(({ name }) => exampleOf(name)),
  );
  for (const { name, kind } of declared) assert.equal(kinds.get(exampleOf(name)), kind, name);
});

/** What the design lets wait; and what has come since: forms in messages, registrations, searches, binding, stopping. */
const SUSPENDABLE = [
  "muc-room-pre-create",
  "muc-room-pre-restore",
  "muc-occupant-pre-join",
  "muc-occupant-pre-change",
  "muc-occupant-pre-leave",
  "muc-occupant-groupchat",
  "muc-private-message",
  "muc-pre-invite",
  "muc-pre-decline",
  "muc-registration-submitted",
  "iq-get/<address>/<payload>",
  "iq-set/<address>/<payload>",
  "iq/<address>",
  "iq/<address>/<payload>",
  "muc-pre-set-affiliation",
  "muc-pre-set-role",
  "muc-pre-room-destroy",
];
const SUSPENDABLE_LATER = [
  "muc-form-submitted/<type>",
  "muc-registration-pre-remove",
  "muc-find-messages",
  "pre-resource-bind",
  "host-disco-items",
  "server-stopping",
];

test("those events may be asynchronous which the design says, and no others", () => {
  const suspendable = declared.filter(({ kind }) => kind === "suspendable").map(({ name }) => name);
  assert.deepEqual(suspendable.sort(), [...SUSPENDABLE, ...SUSPENDABLE_LATER].sort());
});

const DESIGN = join(process.env["CHORUS_REFERENCE"] ?? resolve(PROJECT, "../shared/reference"), "../design.md");
const withoutDesign = existsSync(DESIGN) ? undefined : `no ${DESIGN} (set CHORUS_REFERENCE)`;

test("the list of asynchronous events is that of the design", { skip: withoutDesign }, () => {
  const [, told = ""] = /\*\*Suspendable\*\*[^:]*:(.*)/.exec(readFileSync(DESIGN, "utf8")) ?? [];
  // A name may be cut short, as "-pre-change" behind "muc-occupant-pre-join"; methods are named, too.
  const listed = codeIn(told).flatMap((code) => {
    if (code.startsWith("-pre-")) return [`muc-occupant${code}`];
    if (code === "iq-*") return SUSPENDABLE.filter((name) => name.startsWith("iq"));
    return /^muc-/.test(code) ? [code] : [];
  });
  assert.deepEqual(listed.sort(), [...SUSPENDABLE].sort());
});
