import { DIRECTIVES } from "./directives.js";
import { EVALUATE } from "./evaluate.js";
import { LIBRARY } from "./library.js";
import { OPTION_PROXY } from "./option-proxy.js";
import { STATE } from "./state.js";
import { VALUES } from "./values.js";

/**
 * The Lua half of the evaluator: one chunk, in which each part sees the locals of those before it. It defines
 * `evaluate(file)`, whose result is JSON: `[[name, type, module, file, line], …]` of the sections and
 * `[[section, option, value, file, line, kind of place], …]` of the options.
 *
 * `host_*` are functions of the JavaScript half (`worker.ts`). Those that can fail answer with a string whose first
 * character tells: `=` before a result, `!` before the reason. Chunks are named `<N>` after the number of their file,
 * as Lua shortens long names in its messages.
 */
export const PRELUDE = [STATE, VALUES, LIBRARY, OPTION_PROXY, DIRECTIVES, EVALUATE].join("\n");
