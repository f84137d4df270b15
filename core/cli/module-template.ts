/** What `chorusctl module new` writes: a module that keeps score, to be changed into what its author has in mind. */

/** How things are called in a new module. */
export interface ModuleNames {
  /** Without `mod_`: `muc_karma`. */
  readonly name: string;
  /** `MucKarma` */
  readonly className: string;
  /** Prefix of its events: `muc-karma`. */
  readonly event: string;
  /** Of its npm package: `chorus-mod-muc-karma`. */
  readonly packageName: string;
}

/** The files of a new module, by name. @param version of Chorus, which it is written for */
export function moduleFiles(names: ModuleNames, language: "ts" | "js", version: string): Map<string, string> {
  const { name } = names;
  const files = new Map([
    ["package.json", manifest(names, language, version)],
    ["README.md", readme(names, language)],
    [`mod_${name}.${language}`, language === "ts" ? typeScript(names) : javaScript(names)],
    [`mod_${name}.test.${language}`, test(names, language)],
  ]);
  if (language === "ts") files.set("tsconfig.json", COMPILER);
  return files;
}

const COMPILER = `{
  "compilerOptions": {
    "target": "ES2023",
    "module": "nodenext",
    "types": ["node"],
    "strict": true,
    "noImplicitOverride": true,
    "noFallthroughCasesInSwitch": true,
    "noUncheckedIndexedAccess": true,
    "verbatimModuleSyntax": true,
    "isolatedModules": true,
    "experimentalDecorators": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true,
    "noEmit": true
  },
  "include": ["*.ts"]
}
`;

function manifest({ name, packageName }: ModuleNames, language: string, version: string): string {
  const file = `./mod_${name}.${language}`;
  return `${JSON.stringify(
    {
      name: packageName,
      version: "0.1.0",
      description: `mod_${name} for Chorus`,
      license: "MIT",
      type: "module",
      exports: file,
      files: [`mod_${name}.${language}`],
      chorus: { modules: { [name]: file } },
      scripts: {
        test: "chorusctl module test",
        check: `chorusctl module check mod_${name}.${language}`,
        ...(language === "ts" ? { types: "tsc" } : {}),
      },
      peerDependencies: { "chorus-muc": `^${version}` },
    },
    undefined,
    2,
  )}\n`;
}

function readme({ name, event, packageName }: ModuleNames, language: string): string {
  const types = language === "ts" ? "\n`npm run types` checks the types, where TypeScript is installed." : "";
  return `# mod_${name}

Keeps score in rooms: who says \`Romeo++\` gives Romeo a point, and the room says how many that makes.

## Enable

In a package of the folder with the configuration: \`npm install ${packageName}\`. Or put this folder into one that
\`plugin_paths\` names. Then:

\`\`\`lua
Component "conference.example.com" "muc"
    modules_enabled = { "${name}" }
\`\`\`

## Options

| Option | Type | Default | Meaning |
|---|---|---|---|
| \`${name}_points\` | integer | \`1\` | points for one \`++\`, 1 to 100 |

## Events

| Event | When | Payload | Result |
|---|---|---|---|
| \`${event}-given\` | somebody has got points, and the room was told | \`room\`, \`jid\`, \`points\` | none |

## Storage

With the room, as \`${name}\`: points by bare JID.

## To change it

\`npm test\` runs the tests, \`npm run check\` says what is wrong with the module, and
\`chorusctl module reload ${name}\` puts it into a running server while everybody stays in the room.${types}
`;
}

const DOC = `/**
 * Keeps score: who says \`Romeo++\` gives Romeo a point, and the room says how many that makes. Points are counted by
 * bare JID, so that they outlast nicks, and are stored with rooms that are persistent.
 */`;

function load({ name, event }: ModuleNames, typed: boolean): string {
  const scores = typed ? "<Readonly<Record<string, number>>>" : "";
  return `    const { module } = this;
    // Points for one \`++\`: 1 to 100, 1 by default.
    const worth = module.getOptionInteger("${name}_points", 1, 1, 100);
    const scores = module.roomState${scores}("${name}", { default: {}, persist: true });
    module.declareEvents({ "${event}-given": "notify" });

    module.hook("muc-broadcast-message", ({ room, stanza, onSent }) => {
      const nick = /^(\\S+)\\+\\+$/.exec(childText(stanza, "body") ?? "")?.[1];
      if (nick === undefined) return undefined;
      const praised = room.getOccupantByNick(\`\${room.jid}/\${nick}\`);
      // Nobody there of that name, or it is the sender.
      if (!praised || praised.nick === stanza.attrs["from"]) return undefined;
      // After the message itself; not at all, if somebody stops it.
      onSent(() => {
        const jid = praised.bareJid;
        const points = (scores.get(room)[jid] ?? 0) + worth;
        scores.set(room, { ...scores.get(room), [jid]: points });
        const text = \`\${nick} has \${points} points\`;
        room.broadcastMessage(xml("message", { type: "groupchat", from: room.jid }, xml("body", {}, text)));
        module.fireEvent("${event}-given", { room, jid, points });
      });
      return undefined;
    });`;
}

function typeScript(names: ModuleNames): string {
  return `import { childText, inject, injectable, ModuleApiToken, xml, type BareJid, type ModuleApi } from "chorus-muc";
import type { Room } from "chorus-muc/muc";

declare module "chorus-muc" {
  interface HostEvents {
    /** Somebody has got points, and the room was told. */
    "${names.event}-given": { readonly room: Room; readonly jid: BareJid; readonly points: number };
  }
}

${DOC}
@injectable()
export default class ${names.className} {
  static readonly requires = ["muc"];
  static readonly apiVersion = 1;

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
${load(names, true)}
  }
}
`;
}

function javaScript(names: ModuleNames): string {
  return `import { childText, ModuleApiToken, xml } from "chorus-muc";

${DOC}
export default class ${names.className} {
  static requires = ["muc"];
  static apiVersion = 1;
  /** What the constructor is given, in order. */
  static inject = [ModuleApiToken];

  constructor(module) {
    this.module = module;
  }

  load() {
${load(names, false)}
  }
}
`;
}

function test({ name }: ModuleNames, language: string): string {
  const text = language === "ts" ? ": string" : "";
  return `import { test } from "node:test";
import { guest } from "chorus-muc/muc";
import { startService } from "chorus-muc/testing";

const ROOM = "orchard@conference.localhost";

/** A service with the module as it is in this folder. */
const start = (options = "") =>
  startService({
    config: \`
      VirtualHost "localhost"
      Component "conference.localhost" "muc"
        muc_room_locking = false
        modules_enabled = { "${name}" }
        \${options}\`,
    pluginPaths: [import.meta.dirname],
    listen: false,
  });

/** What the room says. */
const told = (body${text}) => \`<message from="\${ROOM}" type="groupchat"><body>\${body}</body></message>\`;

test("who is praised gets a point, and the room is told", async (t) => {
  const service = await start();
  t.after(() => service.stop());
  const romeo = guest(service.client("romeo@localhost"));
  const juliet = guest(service.client("juliet@localhost"));
  await romeo.join(ROOM, "Romeo");
  await juliet.join(ROOM, "Juliet");

  juliet.say(ROOM, "Romeo++");
  await romeo.see(told("Romeo has 1 points"));
  await juliet.see(told("Romeo has 1 points"));

  romeo.say(ROOM, "Romeo++"); // of no use
  romeo.say(ROOM, "Mercutio++"); // nobody there of that name
  romeo.say(ROOM, "Juliet++");
  await juliet.see(\`<message from="\${ROOM}/Romeo" type="groupchat"><body>Romeo++</body></message>\`);
  await juliet.expect(\`<message from="\${ROOM}/Romeo" type="groupchat"><body>Mercutio++</body></message>\`);
  await juliet.expect(\`<message from="\${ROOM}/Romeo" type="groupchat"><body>Juliet++</body></message>\`);
  await juliet.expect(told("Juliet has 1 points"));
});

test("the operator says how much a praise is worth", async (t) => {
  const service = await start("${name}_points = 5");
  t.after(() => service.stop());
  const romeo = guest(service.client("romeo@localhost"));
  const juliet = guest(service.client("juliet@localhost"));
  await romeo.join(ROOM, "Romeo");
  await juliet.join(ROOM, "Juliet");
  juliet.say(ROOM, "Romeo++");
  await romeo.see(told("Romeo has 5 points"));
});

test("points and people stay when the module is reloaded", async (t) => {
  const service = await start();
  t.after(() => service.stop());
  const romeo = guest(service.client("romeo@localhost"));
  const juliet = guest(service.client("juliet@localhost"));
  await romeo.join(ROOM, "Romeo");
  await juliet.join(ROOM, "Juliet");
  juliet.say(ROOM, "Romeo++");
  await romeo.see(told("Romeo has 1 points"));

  await service.reload("${name}");
  juliet.say(ROOM, "Romeo++");
  await romeo.see(told("Romeo has 2 points"));
});
`;
}
