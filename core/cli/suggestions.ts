/** Those of `candidates` that somebody may have meant by `word`, nearest first, at most three. */
export function suggestionsFor(word: string, candidates: Iterable<string>): string[] {
  const far = Math.max(1, Math.floor(word.length / 3)); // slips of the finger that are let pass
  return [...new Set(candidates)]
    .map((candidate) => ({
      candidate,
      distance: candidate.startsWith(word) && word !== "" ? 0 : editDistance(word, candidate),
    }))
    .filter(({ distance }) => distance <= far)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Characters to insert, delete or replace to get from one word to the other (Levenshtein). */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
