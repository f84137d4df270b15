/** docs/porting-from-lua.md: everything that Prosody offers to modules is on it, and its right side is real. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { joinRoom } from "chorus-muc/muc";
import { startService } from "../../core/testing/service.js";
import { codeBlocksOf, codeIn, rowsOf, sectionsOf } from "../../docs/tools/markdown.js";
import { LEFT_OUT, PROSODY_MEMBERS } from "../core/modules/prosody-members.js";
import { MUC_EXPORTS, MUC_LEFT_OUT, OCCUPANT_MEMBERS, ROOM_MEMBERS } from "../modules/mod_muc/prosody-rooms.js";
import { enter } from "../support/room-stanzas.js";

const PROJECT = resolve(import.meta.dirname, "../../..");
const REFERENCE = process.env["CHORUS_REFERENCE"] ?? resolve(PROJECT, "../shared/reference");
const page = readFileSync(join(PROJECT, "docs/porting-from-lua.md"), "utf8");

const tables = sectionsOf(page).map(({ heading, text }) => ({ heading, rows: rowsOf(text).slice(1) }));
const leftOutRows = tables.find(({ heading }) => heading === "## Left out")?.rows ?? [];
const rows = tables.flatMap(({ heading, rows: of }) => (heading === "## Left out" ? [] : of));

const camelCase = (name: string): string =>
  name.startsWith("_") ? name : name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const plain = (name: string): string => name.replace(/^module\./, "");
const namesMember = (code: string, object: string, name: string): boolean =>
  new RegExp(`\\b${object}[.:]${name}\\b`).test(code);

/** Every member of an object: its name in Lua, the object's, and the name here. */
const MEMBERS: readonly (readonly [object: string, lua: string, here: string])[] = [
  ...PROSODY_MEMBERS.map(plain).map(
    (name) => ["module", name, name === "global" ? "isGlobal" : camelCase(name)] as const,
  ),
  ...ROOM_MEMBERS.map((name) => ["room", name, camelCase(name)] as const),
  ...OCCUPANT_MEMBERS.map((name) => ["occupant", name, camelCase(name)] as const),
  ...MUC_EXPORTS.map((name) => ["muc", name, camelCase(name)] as const),
];

/** Each name, as `object.member`, with its reason. */
const REASONS = new Map(
  [...Object.entries(LEFT_OUT), ...Object.entries(MUC_LEFT_OUT)].map(([name, reason]) => [
    /[.:]/.test(name) ? name.replace(":", ".") : `module.${name}`,
    reason,
  ]),
);

test("every member of Prosody's module object, rooms, occupants and mod_muc is answered, or left out", () => {
  const wrong = MEMBERS.filter(([object, lua, here]) => {
    if (REASONS.has(`${object}.${lua}`)) return false;
    return !rows.some(
      ([left = "", right = ""]) =>
        codeIn(left).some((code) => namesMember(code, object, lua)) &&
        codeIn(right).some((code) => namesMember(code, object, here)),
    );
  });
  assert.deepEqual(wrong, []);
});

test("what is left out is told with its reason, and nothing else is", () => {
  const told = new Map(
    leftOutRows.flatMap(([names = "", reason = ""]) =>
      codeIn(names).map((name) => [name.replace(":", "."), reason] as const),
    ),
  );
  assert.deepEqual(Object.fromEntries([...told].sort()), Object.fromEntries([...REASONS].sort()));
  const known = new Set(MEMBERS.map(([object, lua]) => `${object}.${lua}`));
  assert.deepEqual(
    [...told.keys()].filter((name) => !known.has(name)),
    [],
  );
});

/** What the code on the right side of the tables speaks of. */
const AROUND = `
import { createHash, createHmac, randomBytes, randomUUID } from "node:crypto";
import { Events, StanzaError, bare, childElements, childText, cloneElement, domainOf, errorReply, formatDateTime,
  getChild, joinJid, nodeOf, parseBareJid, parseDateTime, parseError, parseFullJid, parseJid, parseStanza,
  removeChildren, reply, resourceOf, splitJid, xml } from "chorus-muc";
import type { BareJid, Clock, Element, FullJid, Hosts, ModuleApi, OccupantJid, Origin } from "chorus-muc";
import { NS_MUC_USER, formElement, formTypeOf, getForm, parseSubmission } from "chorus-muc/muc";
import type { Form, Muc, Occupant, OccupantDraft, Room } from "chorus-muc/muc";
declare const module: ModuleApi, room: Room, occupant: Occupant, draft: OccupantDraft, muc: Muc;
declare const stanza: Element, element: Element, x: Element, error: StanzaError, origin: Origin, form: Form;
declare const text: string, bareJid: BareJid, realJid: FullJid, nick: OccupantJid, clock: Clock, hosts: Hosts;
`;

/** Compiles texts as files of the project, as strictly as the project itself. @returns what is wrong with them */
function faultsOf(texts: readonly string[]): string[] {
  const files = new Map(texts.map((text, index) => [join(PROJECT, "test", `page-${index}.ts`), text]));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    strict: true,
    noImplicitReturns: true,
    noUncheckedIndexedAccess: true,
    experimentalDecorators: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getCurrentDirectory = () => PROJECT;
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, language, ...rest) => {
    const text = files.get(path);
    return text === undefined
      ? getSourceFile(path, language, ...rest)
      : ts.createSourceFile(path, text, language, true);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((found) => {
      const { line } = ts.getLineAndCharacterOfPosition(found.file as ts.SourceFile, found.start ?? 0);
      const code = (found.file as ts.SourceFile).text.split("\n")[line] ?? "";
      return `${code.trim()}: ${ts.flattenDiagnosticMessageText(found.messageText, " ")}`;
    });
  });
}

const modules = codeBlocksOf(page).flatMap(({ language, code }) => (language === "ts" ? [code] : []));

test("what stands on the right side compiles", () => {
  const right = rows.flatMap(([, cell = ""]) => codeIn(cell));
  assert.ok(right.length > 150);
  const statements = right.map((code) => `export async function _${right.indexOf(code)}() { ${code}; }`);
  assert.deepEqual(faultsOf([[AROUND, ...new Set(statements)].join("\n"), ...modules]), []);
  assert.notDeepEqual(faultsOf([`${AROUND} room.getNonsense();`]), [], "what is wrong would be found");
});

test("the module of the page greets who enters for the first time, and keeps nicks for the staff", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chorus-porting-"));
  try {
    writeFileSync(join(folder, "mod_muc_greeting.ts"), modules[0] ?? "");
    await using service = await startService({
      config: `VirtualHost "localhost"
        Component "rooms.localhost" "muc"
          muc_room_locking = false
          modules_enabled = { "muc_greeting" }`,
      pluginPaths: [folder],
      listen: false,
    });
    const room = "tea@rooms.localhost";
    const [ada, ben] = [service.client("ada@localhost"), service.client("ben@localhost")];
    await joinRoom(ada, room, "Admin");
    ada.send(`
      <iq type="set" id="c" to="${room}"><query xmlns="http://jabber.org/protocol/muc#owner">
        <x xmlns="jabber:x:data" type="submit">
          <field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>
          <field var="muc#roomconfig_greeting"><value>Have a cup</value></field>
        </x></query></iq>`);
    await ada.see('<iq type="result" id="c"/>');
    ben.send(enter(room, "Moderator"));
    await ben.expect(`
      <presence type="error" from="${room}/Moderator">
        <error type="cancel" code="409" by="${room}">
          <conflict xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
          <text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">That nickname is for the staff</text>
        </error>
        <x xmlns="http://jabber.org/protocol/muc"/>
      </presence>`);
    const greeting = `<message type="groupchat" from="${room}"><body>Have a cup</body></message>`;
    await joinRoom(ben, room, "Ben");
    await ben.see(greeting);
    ben.send(`<presence type="unavailable" to="${room}/Ben"/>`);
    await ben.see(`<presence type="unavailable" from="${room}/Ben"/>`);
    await joinRoom(ben, room, "Ben");
    await ben.see('<message type="groupchat"><subject/></message>');
    await ben.expectNothing();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const missing = existsSync(join(REFERENCE, "prosody-muc-events.md"))
  ? undefined
  : `no reference of Prosody's rooms in ${REFERENCE} (set CHORUS_REFERENCE)`;

test("the lists of what rooms, occupants and mod_muc offer are those of the reference", { skip: missing }, () => {
  const text = readFileSync(join(REFERENCE, "prosody-muc-events.md"), "utf8");
  const chapter = text.slice(text.indexOf("## 2. Room object"), text.indexOf("## 4. Stanza behaviour"));
  const sections = new Map(sectionsOf(chapter).map((section) => [section.heading, section.text]));
  const namesIn = (code: string): string[] => (/^_?\w+/.exec(code) ?? []).map(String);
  const firstCells = (heading: string): string[][] => rowsOf(sections.get(heading) ?? "").slice(1);

  const fields = (sections.get("## 2. Room object") ?? "").split("\n")[0] ?? "";
  const methods = firstCells("### 2.2 Room methods").flatMap(([name = "", , meaning = ""]) => {
    if (name.startsWith("`handle_*`")) {
      const endings = codeIn(meaning.slice(meaning.indexOf("stanza handlers"), meaning.indexOf("Looked up")));
      return endings.flatMap((ending) => {
        const stem = ending.replace(/\(.*$/, "");
        const [, choices] = /\{(.*)\}/.exec(stem) ?? [];
        return (choices?.split(",") ?? [""]).map((choice) => `handle_${stem.replace(/\{.*\}/, choice)}`);
      });
    }
    const names = codeIn(name).flatMap(namesIn);
    return name.startsWith("get/set ") ? names.flatMap((of) => [`get_${of}`, `set_${of}`]) : names;
  });
  const inFields = codeIn(fields.replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "")).flatMap(namesIn);
  assert.deepEqual([...new Set([...inFields, ...methods])].sort(), [...ROOM_MEMBERS].sort());

  const occupant = firstCells("## 3. Occupant object").flatMap(([cell = ""]) =>
    codeIn(cell.replaceAll(/\{[^}]*\}/g, "")).flatMap(namesIn),
  );
  assert.deepEqual([...new Set(occupant)].sort(), [...OCCUPANT_MEMBERS].sort());

  const muc = firstCells('### 2.1 mod_muc exports (via `module:depends "muc"`)').flatMap(([cell = ""]) =>
    codeIn(cell).flatMap(namesIn),
  );
  assert.deepEqual([...new Set(muc)].sort(), [...MUC_EXPORTS].sort());
});
