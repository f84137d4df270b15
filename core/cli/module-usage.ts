/** How the commands for authors of modules are called. */
export const MODULE_USAGE = {
  check: "module check NAME|FILE|DIR [--config FILE]",
  new: "module new NAME [--directory DIR] [--js]",
  test: "module test [FILE|DIR…]",
} as const;
