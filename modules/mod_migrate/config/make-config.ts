/** Writes a configuration for Chorus before an import, where there is none. */
import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { CommandIo, ConfigMaking, MadeConfig } from "chorus-muc";
import type { ImportCall } from "../prosody/command-line.js";
import type { Source } from "../prosody/source.js";
import { chorusConfig, type ChorusConfig, type Mode, type ProsodySide } from "./chorus-config.js";

/** Settings may be taken out of it so often until it is right: one is enough, unless one makes up for another. */
const MOST_ROUNDS = 5;

/** Makes the configuration that an import of this source goes into. @returns the exit status, if it cannot be made */
export async function makeConfig(
  source: Source,
  call: ImportCall & { readonly mode: Mode },
  io: CommandIo,
  making: ConfigMaking,
): Promise<MadeConfig | number> {
  const file = resolve(making.cwd, making.file);
  const refusal = call.mode === "attached" ? whyNotAttached(source, call) : undefined;
  if (refusal !== undefined) {
    io.error(refusal);
    return 1;
  }
  const made = chorusConfig(source.config, {
    mode: call.mode,
    hosts: source.hosts.map(({ name }) => name),
    dataPath: dataPathFor(file),
  });
  await settle(made, making);
  const text = made.text.toString();
  const tell = call.isJson ? io.error : io.print;
  if (call.isDryRun) {
    for (const line of withoutSecrets(text, made.prosodySide).trimEnd().split("\n")) tell(line);
    tell("");
  } else {
    try {
      // Whoever has the secret can be the service.
      await writeFile(file, text, { mode: 0o600, flag: "wx" });
    } catch (error) {
      io.error(`${making.file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      return 1;
    }
    tell(`${making.file}: written; only its owner may read it`);
  }
  for (const side of made.prosodySide) {
    for (const line of prosodyLines(side, made, making.file, call)) tell(line);
  }
  return { text, isWritten: !call.isDryRun };
}

/** Takes settings out that Chorus finds something wrong with, each with what that is. */
async function settle({ text }: ChorusConfig, { check }: ConfigMaking): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const problems = await check(text.toString());
    const taken = problems.filter(
      ({ position, message }) => position !== undefined && text.takeOut(position.line, message),
    );
    if (taken.length === 0) return;
  }
}

/** Why there is nothing to attach, or more than rooms is asked for. */
function whyNotAttached({ config, hosts }: Source, call: ImportCall): string | undefined {
  const named = call.hosts.length > 0 ? hosts.find(({ kind }) => kind === "accounts") : undefined;
  if (named) return `--host: ${named.name} has accounts, which stay with Prosody when Chorus is attached to it`;
  if (hosts.some(({ kind }) => kind === "muc")) return undefined;
  return `${config.file} has no Component "…" "muc": there is nothing to attach`;
}

/** A folder beside the configuration that has nothing in it yet; of one in `/etc`, in `/var/lib`, where data belongs. */
function dataPathFor(file: string): string {
  const name = file.startsWith("/etc/") ? "/var/lib/chorus" : "data";
  for (let n = 2, path = name; ; path = `${name}-${n++}`) if (isFree(resolve(dirname(file), path))) return path;
}

function isFree(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

/** What to change on Prosody's side. */
function prosodyLines(
  { component, position, before, after, modules }: ProsodySide,
  { text }: ChorusConfig,
  file: string,
  { showSecrets, isDryRun }: ImportCall,
): string[] {
  const secret = after[1].slice(after[1].indexOf('"'));
  const [head, line] = after;
  const lines = [
    `for ${component}, in Prosody's configuration, ${position.file}:${position.line}:`,
    `    ${before}`,
    "becomes",
    `    ${head}`,
    `    ${showSecrets && !isDryRun ? line : line.replace(secret, '"…"')}`,
  ];
  if (isDryRun) lines.push("with a secret that is made when this is done");
  else if (!showSecrets)
    lines.push(`where … is the secret of ${file}:${text.numberOf(secret)} (--show-secrets prints it)`);
  if (modules) lines.push(`and modules_enabled of that section, ${modules.file}:${modules.line}, is taken out`);
  return lines;
}

function withoutSecrets(text: string, sides: readonly ProsodySide[]): string {
  return sides.reduce((shown, { after: [, line] }) => shown.replace(line.slice(line.indexOf('"')), '"…"'), text);
}
