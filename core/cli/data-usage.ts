/** Usage of the commands that work on the data of a server that is not running. */
export const DATA_USAGE = {
  doctor: "doctor [--repair]",
  restore: "restore FILE [--force]",
} as const;
