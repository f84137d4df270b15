/** `chorusctl module new`: a folder with a module to start from. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ModuleFinder } from "../modules/finder.js";
import { packageVersion } from "../package.js";
import { EXIT_USAGE, type CommandIo } from "./command.js";
import { moduleFiles, type ModuleNames } from "./module-template.js";

function namesOf(name: string): ModuleNames {
  const words = name.split("_");
  return {
    name,
    className: words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(""),
    event: words.join("-"),
    packageName: `chorus-mod-${words.join("-")}`,
  };
}

/** What is wrong with the name of a new module. */
function faultOf(name: string): string | undefined {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) {
    return `expected a name of small letters, digits and single underscores, such as muc_karma, got "${name}"`;
  }
  return new ModuleFinder([]).find(name) ? `mod_${name} comes with Chorus: choose another name` : undefined;
}

/** @returns 0, or 1 when nothing was written */
export async function newModule(args: readonly string[], io: CommandIo): Promise<number> {
  let call;
  try {
    call = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { directory: { type: "string" }, js: { type: "boolean", default: false } },
    });
  } catch (error) {
    io.error(error instanceof Error ? error.message : String(error));
    return EXIT_USAGE;
  }
  const [given, ...tooMany] = call.positionals;
  if (given === undefined || tooMany.length > 0) return EXIT_USAGE;
  const name = given.replace(/^mod_/, "");
  const fault = faultOf(name);
  if (fault !== undefined) {
    io.error(fault);
    return 1;
  }
  const language = call.values.js ? "js" : "ts";
  const shown = call.values.directory ?? `mod_${name}`;
  const folder = resolve(shown);
  const files = moduleFiles(namesOf(name), language, packageVersion());
  const taken = [...files.keys()].filter((file) => existsSync(join(folder, file)));
  if (taken.length > 0) {
    io.error(`${shown} has ${taken.join(", ")} already: nothing was written`);
    return 1;
  }
  await mkdir(folder, { recursive: true });
  // Never in the place of a file that has come into being meanwhile.
  for (const [file, text] of files) await writeFile(join(folder, file), text, { flag: "wx" });
  for (const file of files.keys()) io.print(join(relative(".", folder), file));
  io.print("");
  io.print(`npm test --prefix ${shown}    runs its tests`);
  io.print(
    `plugin_paths = { ${JSON.stringify(join(relative(".", folder), "..") || ".")} } and modules_enabled = { "${name}" } load it`,
  );
  return 0;
}
