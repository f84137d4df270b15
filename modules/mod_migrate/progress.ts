/** Milliseconds between two lines. */
const PAUSE_MS = 100;
/** Milliseconds that something must have taken before it is said how fast it goes. */
const SETTLED_MS = 1000;
const BAR_WIDTH = 10;
/** Columns of what is being brought over. */
const TITLE_WIDTH = 20;
/** A line that a terminal breaks in two cannot be put in place of the one before. */
const MAX_WIDTH = 79;

/** Shows how far a long command is, on a line of a terminal: how much of it, how fast, and how long it will take yet. */
export class Progress {
  #title: string | undefined;
  #beganAt = 0;
  #toldAt = -Infinity;

  /**
   * @param show puts a line in place of the one before; an empty one erases it; `undefined`: there is no terminal
   * @param now milliseconds
   */
  constructor(
    private readonly show: ((line: string) => void) | undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Says how far it is, if that is worth saying yet.
   * @param title what is being brought over; another begins anew
   * @param fraction of it that is done, 0 to 1, where that is known
   */
  tell(title: string, count: number, unit: string, fraction?: number): void {
    if (this.show === undefined) return;
    const now = this.now();
    if (title !== this.#title) {
      this.#title = title;
      this.#beganAt = now;
    } else if (now - this.#toldAt < PAUSE_MS) return;
    this.#toldAt = now;
    const elapsed = now - this.#beganAt;
    const parts = [shortened(title)];
    if (fraction !== undefined) parts.push(bar(fraction));
    parts.push(`${count} ${unit}`);
    if (elapsed >= SETTLED_MS && count > 0) {
      parts.push(`${Math.round((count * 1000) / elapsed)}/s`);
      if (fraction !== undefined && fraction > 0) parts.push(`${clock((elapsed * (1 - fraction)) / fraction)} left`);
    }
    this.show(parts.join(" ").slice(0, MAX_WIDTH));
  }

  /** Leaves nothing on the terminal. */
  end(): void {
    this.#title = undefined;
    this.show?.("");
  }
}

function bar(fraction: number): string {
  const done = Math.min(1, Math.max(0, fraction));
  const full = Math.floor(done * BAR_WIDTH);
  return `[${"#".repeat(full)}${".".repeat(BAR_WIDTH - full)}] ${String(Math.floor(done * 100)).padStart(3)} %`;
}

/** Minutes and seconds, with hours where there are any. */
function clock(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = String(seconds % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function shortened(title: string): string {
  return title.length <= TITLE_WIDTH ? title : `…${title.slice(1 - TITLE_WIDTH)}`;
}
