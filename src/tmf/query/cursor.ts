/** How many characters were looked at: reading must stay linear in the text, and tests check that it does. */
export interface Steps {
  count: number;
}

/** A place in a text that only ever moves forward. */
export class Cursor {
  readonly text: string;
  at = 0;
  readonly #steps: Steps;

  constructor(text: string, steps: Steps) {
    this.text = text;
    this.#steps = steps;
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  /** Another one at the start of the same text. */
  again(): Cursor {
    return new Cursor(this.text, this.#steps);
  }

  /** The character here; '' at the end. */
  get char(): string {
    return this.text.charAt(this.at);
  }

  next(count = 1): void {
    this.#steps.count += count;
    this.at += count;
  }

  /** Moves over blanks. */
  blanks(): void {
    while (!this.ended && isBlank(this.char)) this.next();
    this.#steps.count += 1;
  }

  /** Moves over `word` if it stands here. */
  take(word: string): boolean {
    this.#steps.count += 1;
    if (!this.text.startsWith(word, this.at)) return false;
    this.next(word.length);
    return true;
  }

  /** Moves to the first character that ends what is read, or to the end; answers what it passed. */
  until(ends: (char: string, at: number) => boolean): string {
    const start = this.at;
    while (!this.ended && !ends(this.char, this.at)) this.next();
    this.#steps.count += 1;
    return this.text.slice(start, this.at);
  }
}

export function isBlank(char: string): boolean {
  return char.trim() === '';
}
