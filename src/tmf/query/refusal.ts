/** Why a query is not accepted: a place in its text and a sentence for the engineer who wrote it. */

export interface QueryRefusal {
  readonly ok: false;
  /** 400: wrong or not understood. 501: valid, but not supported. */
  readonly status: 400 | 501;
  readonly reason: string;
  /** Index in the text where the trouble starts. */
  readonly position: number;
}

/** Thrown inside this folder only: a refusal ends the reading wherever it is noticed. */
export class Refused extends Error {
  readonly position: number;
  readonly status: 400 | 501;

  constructor(reason: string, position: number, status: 400 | 501 = 400) {
    super(reason);
    this.position = position;
    this.status = status;
  }

  get refusal(): QueryRefusal {
    return { ok: false, status: this.status, reason: this.message, position: this.position };
  }
}

const SHOWN_LENGTH = 60;
const SHOWN_NAMES = 60;

/** For a sentence: in quotes, and cut short. */
export function quoted(text: string): string {
  return text.length > SHOWN_LENGTH ? `'${text.slice(0, SHOWN_LENGTH)}...'` : `'${text}'`;
}

export function listed(known: ReadonlyMap<string, string>): string {
  const names = [...known.values()];
  const more = names.length - SHOWN_NAMES;
  return more > 0 ? `${names.slice(0, SHOWN_NAMES).join(', ')} and ${more} more` : names.join(', ');
}
