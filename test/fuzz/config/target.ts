import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../../core/config/config-error.js";
import { loadConfigText } from "../../../core/config/load.js";
import type { ConfigProblem } from "../../../core/config/config.js";
import { packageRoot } from "../../../core/package.js";
import { Random } from "../../support/random.js";
import { minimise } from "../minimise.js";
import { seedAfter, type Target } from "../target.js";
import { mutateLua } from "./mutate-lua.js";

/** What an evaluation gets, and what it may take with all that is around it. */
const LIMITS = { timeoutMs: 1000, memoryBytes: 32 * 1024 * 1024 };
const LONGEST_MS = 20_000;
const FILE = "/nowhere/prosody.cfg.lua";
/** Evaluations at a time; each has a thread of its own. */
const AT_ONCE = 2;

/** Another way to write what people have in their configurations. */
const CONFIGURATION = `
admins = { "admin@example.com" }; plugin_paths = {}
modules_enabled = {
    "roster"; -- a comment
    "saslauth", "disco",
}
local domain = "example.com"
c2s_require_encryption = not false
limits = { c2s = { rate = "10kb/s", burst = "2s" } }
archive_expires_after = "1w"
VirtualHost(domain)
    ssl = { key = "certs/" .. domain .. ".key", certificate = "certs/" .. domain .. ".crt" }
Component ("conference." .. domain) "muc"
    name = [[Rooms
of ours]]
    muc_room_default_history_length = 20
    if os.getenv("HOME") then restrict_room_creation = "local" end
    for _, name in ipairs { "muc_mam", "muc_limits" } do modules_enabled = { name } end
Component "upload.example.com" "http_file_share"
`;

/** The reader of configurations: it ends, with a configuration or a ConfigError, and says where each problem is. */
export const configTarget: Target = {
  name: "config",
  share: 0.0005,
  async fuzz({ seed: first, inputs, found, progress }) {
    const sources = [readFileSync(join(packageRoot(), "prosody.cfg.lua.example"), "utf8"), CONFIGURATION];
    const lines = sources.flatMap((source) => source.split("\n"));
    let next = 0;
    const work = async (): Promise<void> => {
      for (let index = next++; index < inputs; index = next++) {
        const seed = seedAfter(first, index);
        const random = new Random(seed);
        const text = mutateLua(random.pick(sources), random, () => random.pick(lines));
        const wrong = await wrongWith(text);
        if (wrong !== undefined) {
          const same = async (some: readonly string[]): Promise<boolean> =>
            (await wrongWith(some.join("\n")))?.slice(0, 20) === wrong.slice(0, 20);
          const small = (await minimise(text.split("\n"), same, 100)).join("\n");
          found({ kind: "crash", seed, inputs: 1, what: `${wrong}\nin ${JSON.stringify(small)}` });
        }
        progress?.(index);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return "";
  },
};

/** What is wrong with how a text is read; `undefined`: nothing. */
async function wrongWith(text: string): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no end within ${LONGEST_MS} ms`), LONGEST_MS);
  });
  const read = loadConfigText(text, { file: FILE, env: {}, ...LIMITS }).then(
    ({ problems }) => wrongAmong(problems, text),
    (error: unknown) => (error instanceof ConfigError ? wrongAmong(error.problems, text) : `threw ${String(error)}`),
  );
  try {
    return await Promise.race([read, hang]);
  } finally {
    clearTimeout(timer);
  }
}

function wrongAmong(problems: readonly ConfigProblem[], text: string): string | undefined {
  const lines = text.split("\n").length;
  const lost = problems.find(({ position }) => {
    if (position === undefined) return true;
    return position.file === FILE && !(position.line >= 1 && position.line <= lines);
  });
  if (lost) return `a problem without a place: ${JSON.stringify(lost)}`;
  const broken = problems.find(({ message }) => message.startsWith("the evaluator failed"));
  if (broken) return broken.message;
  const polluted = Object.keys(Object.prototype);
  return polluted.length > 0 ? `every object has ${polluted.join()}` : undefined;
}
