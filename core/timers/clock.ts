/** The time. A fake one is in the test kit. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Calls `fn` once, at or after `atMs`; the one hook that the timer heap needs. */
  wakeAt(
    atMs: number,
    fn: () => void,
  ): {
    /** Lets it be; harmless when it has been called. */
    cancel(): void;
  };
}

/** A timer of `module.addTimer`. */
export interface Timer {
  /** Ends it; harmless when it has ended. */
  stop(): void;
  /** Moves it to `seconds` from now. */
  reschedule(seconds: number): void;
}
