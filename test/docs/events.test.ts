/** docs/events.md says of every event what the code says: it is made of it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { declaredEvents, eventsPage, isOf } from "../../docs/tools/events-page.js";
import { liveDeclarations, liveKinds } from "../../docs/tools/handlers.js";
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
