import { setFlagsFromString } from "node:v8";

/** How much the heap may grow between two collections, in percent of what the one before has left in it. */
const GROWTH_PERCENT = 30;
/** V8 decides by itself, and lets it grow to four times that. */
const BY_ITSELF = 0;

/**
 * Has V8 collect garbage earlier, until what is returned is called. What is read and written record by record leaves little but
 * garbage, and nobody else is served meanwhile: memory is then worth more than the time that collecting takes.
 *
 * There is no limit that could be reached: what is needed is had, as ever. The flag is one that V8 looks at in each
 * collection; a V8 without it goes on as it did.
 */
export function keepHeapSmall(): () => void {
  setGrowth(GROWTH_PERCENT);
  return () => {
    setGrowth(BY_ITSELF);
  };
}

function setGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
