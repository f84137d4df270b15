import { inspect } from "node:util";
import { DEFAULT_STREAM_LIMITS, type StreamLimits } from "../../../core/xmpp/stream-parser.js";
import { Random } from "../../support/random.js";
import { recordedTexts } from "../corpus.js";
import { minimise } from "../minimise.js";
import { seedAfter, type Course, type Target } from "../target.js";
import { Expat, expatIsMissing } from "./expat.js";
import { bytesOf, mutate, type Bytes } from "./mutate.js";
import { conditionOf, cut, isSame, readWithChorus, type Arrival, type ChorusReading, type Reading } from "./reading.js";
import { explain } from "./rules.js";
import { compareWays, readPlain } from "./ways.js";

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a.example' version='1.0' xml:lang='en'>";
const HEADER_BYTES = Buffer.from(HEADER);
/** Narrow ones, so that real stanzas come near them. */
const NARROW: StreamLimits = { maxStanzaBytes: 400, maxDepth: 4, maxAttributes: 6 };
const WIDE: StreamLimits = { maxStanzaBytes: 2 ** 31, maxDepth: 2 ** 31, maxAttributes: 2 ** 31 };
/** Inputs that are on their way to expat at a time. */
const BATCH = 2000;

/**
 * The parser of streams against libexpat: the same header, stanzas and end, or the same reason to refuse the stream,
 * wherever the input is cut into chunks, and whether a plain stanza is read as one or not; and what is passed on is
 * again what was read.
 */
export const parserTarget: Target = {
  name: "parser",
  share: 1,
  missing: expatIsMissing,
  async fuzz(course) {
    using expat = new Expat();
    const corpus = recordedTexts().map(bytesOf);
    const explained = new Map<string, number>();
    let plain = 0;
    let pending: Promise<void> = Promise.resolve();
    for (let done = 0; done < course.inputs; done += BATCH) {
      const count = Math.min(BATCH, course.inputs - done);
      const batch = Array.from({ length: count }, (_, index) => {
        const seed = seedAfter(course.seed, done + index);
        const arrival = arrivalOf(seed, corpus);
        plain += readPlain(arrival, HEADER_BYTES).length;
        return { seed, arrival, verdict: judge(arrival, expat) };
      });
      await pending;
      pending = tell(batch, expat, course, explained);
      course.progress?.(done + count);
    }
    await pending;
    const rules = [...explained].sort(([, a], [, b]) => b - a).map(([rule, times]) => `  ${times} × ${rule}`);
    return [
      `stanzas read as plain ones: ${plain}`,
      `differences that rules explain: ${rules.length === 0 ? "none" : ""}`,
      ...rules,
    ].join("\n");
  },
};

interface Judged {
  readonly seed: number;
  readonly arrival: Arrival;
  readonly verdict: Promise<Verdict>;
}

async function tell(
  batch: readonly Judged[],
  expat: Expat,
  course: Course,
  explained: Map<string, number>,
): Promise<void> {
  for (const { seed, arrival, ...judged } of batch) {
    const verdict = await judged.verdict;
    if (verdict.kind === "explained") explained.set(verdict.rule, (explained.get(verdict.rule) ?? 0) + 1);
    if (verdict.kind === "same" || verdict.kind === "explained") continue;
    const small = await smallest(arrival, expat, verdict.key);
    course.found({ kind: verdict.kind, seed, inputs: 1, what: `${verdict.what}\nin ${small}` });
  }
}

type Verdict =
  | { readonly kind: "same" }
  | { readonly kind: "explained"; readonly rule: string }
  | {
      readonly kind: "crash" | "difference";
      readonly what: string;
      /** The same for inputs of one fault. */ readonly key: string;
    };

async function judge(arrival: Arrival, expat: Expat): Promise<Verdict> {
  let chorus: ChorusReading;
  let difference: string | undefined;
  try {
    chorus = readWithChorus(arrival);
    difference = compareWays(arrival, HEADER_BYTES);
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: "crash", what, key: String(error) };
  }
  if (difference !== undefined) return { kind: "difference", what: difference, key: "ways" };
  const [reference, passedOn] = await Promise.all([expat.read(arrival), readAgain(chorus, expat)]);
  if (passedOn !== undefined) return passedOn;
  if (isSame(chorus, reference)) return { kind: "same" };
  const rule = await explain({ arrival, chorus, expat: reference, read: (other) => expat.read(other) });
  if (rule !== undefined) return { kind: "explained", rule };
  const { fault } = reference;
  const lengths = Math.sign(chorus.told.length - reference.told.length);
  return {
    kind: "difference",
    what: `${summary(chorus)}\nexpat: ${summary(reference)} ${inspect(fault)}`,
    key: `${outcomeText(chorus)} ${outcomeText(reference)} ${fault?.kind ?? ""} ${lengths}`,
  };
}

/** What others make of the stanzas that are passed on to them; `undefined` when it is what Chorus made of them. */
async function readAgain({ told, written }: ChorusReading, expat: Expat): Promise<Verdict | undefined> {
  if (written.length === 0) return undefined;
  const bytes = Buffer.from(`${HEADER}${written.join("")}</stream:stream>`);
  const again = await expat.read({ bytes, limits: WIDE, cuts: [] });
  const isAsBefore = again.outcome.kind === "end" && told.slice(1).join("\0") === again.told.slice(1).join("\0");
  if (isAsBefore) return undefined;
  return { kind: "difference", key: "passed on", what: `passed on: ${written.join("")}\nexpat: ${summary(again)}` };
}

function outcomeText(reading: Reading): string {
  return conditionOf(reading) ?? reading.outcome.kind;
}

function summary(reading: Reading): string {
  return `${outcomeText(reading)} after ${inspect(reading.told.slice(1), { breakLength: Infinity, maxStringLength: 400 })}`;
}

/** The header and a few stanzas, broken, in chunks. */
function arrivalOf(seed: number, corpus: readonly Bytes[]): Arrival {
  const random = new Random(seed);
  const stanzas = Array.from({ length: 1 + random.below(3) }, () => random.pick(corpus));
  const end = random.below(4) === 0 ? "" : "</stream:stream>";
  const space = random.pick(["", "", " ", "\r\n"]);
  // The header is broken now and then only: nothing behind it is looked at then.
  const breaksHeader = random.below(12) === 0;
  const body = stanzas.join(space) + end;
  const other = (): Bytes => random.pick(corpus);
  const text = breaksHeader ? mutate(HEADER + body, random, other) : HEADER + mutate(body, random, other);
  const bytes = Buffer.from(text, "latin1");
  const limits = random.below(8) === 0 ? NARROW : DEFAULT_STREAM_LIMITS;
  return { bytes, limits, cuts: cut(bytes.length, random) };
}

/** A small input with the same fault, as text; at once or byte by byte if that is enough. */
async function smallest(arrival: Arrival, expat: Expat, key: string): Promise<string> {
  const start = arrival.bytes.indexOf(HEADER_BYTES) === 0 ? HEADER_BYTES.length : 0;
  const fails = async (body: Uint8Array, isBytewise: boolean): Promise<boolean> => {
    const bytes = Buffer.concat([arrival.bytes.subarray(0, start), body]);
    const cuts = isBytewise ? [...bytes.keys()].map((at) => at + 1) : [bytes.length];
    const candidate = { bytes, limits: arrival.limits, cuts };
    const verdict = await judge(candidate, expat);
    return "key" in verdict && verdict.key === key;
  };
  const body = arrival.bytes.subarray(start);
  for (const isBytewise of [false, true]) {
    if (!(await fails(body, isBytewise))) continue;
    const items = await minimise([...body], (bytes) => fails(Uint8Array.from(bytes), isBytewise));
    return `${inspect(Buffer.from(items).toString("latin1"))} ${isBytewise ? "byte by byte" : "at once"}`;
  }
  return `${inspect(arrival.bytes.toString("latin1"))} cut at ${arrival.cuts.join()}`;
}
