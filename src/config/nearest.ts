/** "Did you mean": the known name that a mistyped one most likely stands for. */

/** Undefined when nothing is near: at most a third of the letters (at least one) may differ. Case, `-`, `_` and `.` do not count. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = bare(name);
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(wanted, bare(candidate));
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}

/** Levenshtein: how many letters to add, remove or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
