import {
  ClockToken,
  inject,
  injectable,
  ModuleApiToken,
  type Clock,
  type CronTask,
  type MapStore,
  type ModuleApi,
} from "chorus-muc";

/** A task with the module that wants it done: an item `task`, which `module.cron` adds. */
interface TaskItem {
  readonly module: ModuleApi;
  readonly task: CronTask;
}

/** Seconds. */
const PERIODS = { hourly: 3600, daily: 86_400, weekly: 604_800 } as const;
const SHORTEST = 60;
/** A task is due a little early, rather than one check late. */
const EARLY = 0.995;

/** `MODULE/name`: what the time of a task's last run is stored under. */
function idOf({ module, task }: TaskItem): string {
  const name = task.name ?? (typeof task.when === "string" ? task.when : "task");
  return `${module.name}/${name.toLowerCase().replace(/\W/g, "_")}`;
}

/**
 * Runs what modules want done every hour, day or week (`module.cron`, `hourly`, `daily`, `weekly`), also over restarts:
 * the time of each last run is in the store `cron`. The tasks of a host are run one after the other.
 *
 * How often a task is run can be said by an option, `MODULE_NAME_period`.
 */
@injectable()
export default class Cron {
  readonly #tasks = new Set<TaskItem>();
  /** Unix seconds of the last runs; in memory only for global modules, which have no storage. */
  readonly #lastRuns = new Map<string, number>();
  #store: MapStore<number> | undefined;
  #running = false;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    const { module } = this;
    if (!module.isGlobal) this.#store = module.openStore<number, "map">("cron", "map");
    const initialDelay = module.getOptionPeriod("cron_initial_delay", 1, 0);
    const checkDelay = module.getOptionPeriod("cron_check_delay", 3600, SHORTEST);
    const spread = module.getOptionNumber("cron_spread_factor", 0, 0, 1);
    module.handleItems<TaskItem>(
      "task",
      (item) => this.#tasks.add(item),
      (item) => this.#tasks.delete(item),
    );
    // Many servers on one machine need not all begin in the same second.
    const delay = (seconds: number): number => seconds * (1 + (Math.random() - 0.5) * spread);
    void module.onReady(() => {
      module.addTimer(delay(initialDelay), () => {
        void this.#round();
        return delay(checkDelay);
      });
    });
  }

  async #round(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (const item of [...this.#tasks]) {
      try {
        if (this.#tasks.has(item)) await this.#visit(item);
      } catch (error) {
        item.module.log("error", "the task %s failed: %s", idOf(item), error);
      }
    }
    this.#running = false;
  }

  async #visit(item: TaskItem): Promise<void> {
    const id = idOf(item);
    const { module, task } = item;
    const byDefault = typeof task.when === "string" ? PERIODS[task.when] : task.when.period;
    const period = Math.max(SHORTEST, module.getOptionPeriod(`${id.replace(/[/-]/g, "_")}_period`) ?? byDefault);
    const now = this.clock.now() / 1000;
    const last = this.#lastRuns.get(id) ?? (await this.#store?.get(null, id));
    if (last !== undefined && last + EARLY * period > now) return;
    module.log("debug", "running the task %s", id);
    await task.run(task, now);
    this.#lastRuns.set(id, now);
    await this.#store?.set(null, id, now);
  }
}
