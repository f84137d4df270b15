/** How `chorusctl scenario` is called. */
export const SCENARIO_USAGE =
  "scenario [--config FILE | --host H --port P] [--in-order] [--room-suffix[=SUFFIX]] [--timeout SECONDS] [--verbose] FILE.scs…";
