/** Every member of Prosody's `module` object is there, under its name in camelCase, or is left out with a reason. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { LEFT_OUT, PROSODY_MEMBERS } from "./prosody-members.js";

const ROOT = resolve(import.meta.dirname, "../../../..");
const REFERENCE = process.env["CHORUS_REFERENCE"] ?? resolve(ROOT, "../shared/reference");

/** Members of the interface `ModuleApi` by name, each with the Lua originals that its `@prosody` tags name. */
function documentedMembers(): Map<string, { readonly lua: string[]; readonly hasText: boolean }> {
  const path = join(ROOT, "core/modules/api.ts");
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const found = new Map<string, { lua: string[]; hasText: boolean }>();
  for (const statement of source.statements) {
    if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== "ModuleApi") continue;
    for (const member of statement.members) {
      const name = member.name?.getText(source) ?? "";
      const entry = found.get(name) ?? { lua: [], hasText: false };
      found.set(name, entry);
      for (const tag of ts.getJSDocTags(member)) {
        if (tag.tagName.text !== "prosody") continue;
        const lua = /^module[.:](\w+)/.exec(ts.getTextOfJSDocComment(tag.comment) ?? "")?.[1];
        if (lua !== undefined) entry.lua.push(lua);
      }
      entry.hasText ||= ts
        .getJSDocCommentsAndTags(member)
        .some((doc) => ts.isJSDoc(doc) && (ts.getTextOfJSDocComment(doc.comment) ?? "") !== "");
    }
  }
  return found;
}

const members = documentedMembers();
const camelCase = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const plain = (name: string): string => name.replace(/^module\./, "");

test("each member of Prosody's module object is in the interface, or left out with a reason", () => {
  const named = new Map([...members].flatMap(([name, { lua }]) => lua.map((original) => [original, name] as const)));
  for (const member of PROSODY_MEMBERS) {
    if (LEFT_OUT[member] !== undefined) {
      assert.equal(named.has(plain(member)), false, `${member} is there, and said to be left out`);
      continue;
    }
    const expected = plain(member) === "global" ? "isGlobal" : camelCase(plain(member));
    assert.equal(named.get(plain(member)), expected, `${member} is no member, or has no @prosody tag`);
  }
  for (const [original] of named) {
    assert.ok(
      PROSODY_MEMBERS.some((member) => plain(member) === original),
      `Prosody has no ${original}`,
    );
  }
});

test("each member of the interface is documented", () => {
  for (const [name, { hasText }] of members) assert.ok(hasText, `${name} has no doc comment`);
});

const missing = existsSync(join(REFERENCE, "prosody-module-api.md"))
  ? undefined
  : `no reference of Prosody's module API in ${REFERENCE} (set CHORUS_REFERENCE)`;

test("the list of Prosody's members is that of the reference", { skip: missing }, () => {
  const text = readFileSync(join(REFERENCE, "prosody-module-api.md"), "utf8");
  const chapter = text.slice(text.indexOf("## 1. The `module` object"), text.indexOf("## 2. Module life cycle"));
  const firstCells = chapter.split("\n").flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? []);
  const listed = firstCells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) => {
      if (/^module[.:]/.test(code)) return [code.replace(/\(.*$/, "").replace(/^module:/, "")];
      if (/^hourly\/daily\/weekly/.test(code)) return ["hourly", "daily", "weekly"];
      return [code.replace(/\(.*$/, "")];
    }),
  );
  // An alias that is said in brackets behind the name it stands for.
  const names = new Set(listed.filter((name) => name !== "hook_stanza"));
  assert.deepEqual([...names].sort(), [...PROSODY_MEMBERS].sort());
});
