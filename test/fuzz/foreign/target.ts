import { inspect } from "node:util";
import { ProsodyFolder } from "../../modules/mod_migrate/prosody/prosody-data.js";
import { WHOLE } from "../../modules/mod_migrate/prosody/prosody-data.js";
import { Random } from "../../support/random.js";
import { minimise } from "../minimise.js";
import { seedAfter, type Target } from "../target.js";
import { mutateData } from "./mutate-data.js";
import { isAllowed, READERS, type DataReader } from "./readers.js";

/** One input in so many is a whole Prosody, with some files damaged. */
const WHOLE_ONES = 1000;
/** What reading a few kilobytes may take, on a machine that does other things, too. */
const LONGEST_MS = 2000;

/**
 * What reads the data of other servers: damaged data is told of, and nothing else comes of it. No exception but its own,
 * no reading without end, nothing that changes what every object is.
 */
export const dataTarget: Target = {
  name: "data",
  share: 0.2,
  async fuzz({ seed: first, inputs, found, progress }) {
    for (let index = 0; index < inputs; index++) {
      const seed = seedAfter(first, index);
      const random = new Random(seed);
      const isWhole = random.below(WHOLE_ONES) === 0;
      const what = isWhole ? await importDamaged(random) : await readDamaged(random);
      if (what !== undefined) found({ kind: "crash", seed, inputs: 1, what });
      progress?.(index);
    }
    return "";
  },
};

async function readDamaged(random: Random): Promise<string | undefined> {
  const reader = random.pick(READERS);
  const text = mutateData(random.pick(reader.corpus), random, () => random.pick(reader.corpus));
  const wrong = wrongWith(reader, text);
  if (wrong === undefined) return undefined;
  const same = (chars: readonly string[]): boolean =>
    wrongWith(reader, chars.join(""))?.slice(0, 30) === wrong.slice(0, 30);
  const small = (await minimise([...text], same)).join("");
  return `${reader.name}: ${wrong}\nin ${inspect(small, { maxStringLength: 2000 })}`;
}

function wrongWith(reader: DataReader, text: string): string | undefined {
  const start = performance.now();
  try {
    reader.read(text);
  } catch (error) {
    if (!isAllowed(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const took = performance.now() - start;
  if (took > LONGEST_MS) return `it took ${took} ms`;
  return pollution();
}

/** `chorusctl import prosody`, of what is half a mess: it ends, and says what it did with all there is. */
async function importDamaged(random: Random): Promise<string | undefined> {
  const files = Object.entries(WHOLE).map(([name, text]): [string, Buffer] => {
    const other = (): string => random.pick(Object.values(WHOLE));
    return [name, Buffer.from(random.below(3) === 0 ? mutateData(text, random, other) : text, "latin1")];
  });
  files.push([
    random.pick(Object.keys(WHOLE)).replace(".list", ".lidx"),
    Buffer.from(
      mutateData("\0".repeat(40), random, () => "x"),
      "latin1",
    ),
  ]);
  await using folder = await ProsodyFolder.make(Object.fromEntries(files));
  try {
    const { status, lines } = await folder.import();
    const isTold = lines.some((line) => line.startsWith("nothing was lost")) ? status === 0 : status === 1;
    return isTold ? pollution() : `status ${status} after\n${lines.join("\n")}`;
  } catch (error) {
    return `the import threw ${error instanceof Error ? String(error.stack) : String(error)}`;
  }
}

function pollution(): string | undefined {
  const polluted = Object.getOwnPropertyNames(Object.prototype).filter((name) => /^(polluted|x|a|b)$/.test(name));
  return polluted.length === 0 ? undefined : `every object has ${polluted.join()}`;
}
