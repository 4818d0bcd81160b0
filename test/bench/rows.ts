import { Pool } from 'undici';
import { BODY } from './event.ts';
import { measure, median, type Load, type Measurement } from './measure.ts';

export const DELIVERIES = Number(process.env['BENCH_DELIVERIES'] ?? 30_000);
export const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** Requests under way at one time, of each subscription. */
export const CONCURRENCY = 32;

export interface Work extends Pick<Measurement, 'perSecond' | 'cpuMicros'> {
  /** CPU time of the broker's process, in microseconds for each delivery; undefined where it is none of ours. */
  readonly brokerMicros?: number | undefined;
}

export interface Row extends Work {
  readonly ofBare: number;
  readonly cpuOfBare: number;
  /** CPU time as a multiple of the rival's, where it has one. */
  readonly cpuOfRival?: number | undefined;
}

/** One of those that a row compares. */
export interface Contender {
  readonly name: string;
  readonly run: () => Promise<Work>;
  /** The most CPU time that is meant to be used, as a multiple of the rival's or else of the bare loop's. */
  readonly target?: number;
  /** The name of the contender that it is measured by, beside the bare loop. */
  readonly rival?: string;
}

/** Rows of deliveries, each beside a bare undici loop with the same payload and listener. */
export class Rows {
  readonly all: Record<string, Row> = {};
  readonly #load: Load;

  constructor(load: Load) {
    this.#load = load;
  }

  /** What a user would write by hand: request, dump the body, next. */
  async bareLoop(): Promise<Measurement> {
    const pool = new Pool(this.#load.url, { connections: CONCURRENCY, allowH2: false });
    const body = Buffer.from(BODY);
    let left = DELIVERIES;
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const answer = await pool.request({ method: 'POST', path: '/bare', headers: JSON_TYPE, body });
        await answer.body.dump();
      }
    };
    const received = await this.#load.expect(DELIVERIES);
    const result = await measure(DELIVERIES, async () => {
      await Promise.all([...Array.from({ length: CONCURRENCY }, worker), received()]);
    });
    await pool.close();
    return result;
  }

  /**
   * Each round runs the bare loop and then the contenders, so that all of it sees the same machine; prints and keeps
   * the medians over the rounds.
   */
  async compare(...contenders: readonly Contender[]): Promise<void> {
    const rounds = contenders.map((): Row[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      const bare = await this.bareLoop();
      const works = new Map<string, Work>();
      for (const { name, run } of contenders) works.set(name, await run());
      contenders.forEach(({ name, rival = '' }, i) => {
        const work = works.get(name)!;
        const { perSecond, cpuMicros } = work;
        const rivals = works.get(rival);
        rounds[i]?.push({
          ...work,
          ofBare: perSecond / bare.perSecond,
          cpuOfBare: cpuMicros / bare.cpuMicros,
          cpuOfRival: rivals && cpuMicros / rivals.cpuMicros,
        });
      });
    }
    contenders.forEach(({ name, target }, i) => {
      const row = medians(rounds[i] ?? []);
      this.all[name] = row;
      print(name, row, target);
    });
  }
}

/** Says whether a figure is as small as it is meant to be. */
export function verdict(value: number, target: number, unit: string): string {
  return `target <= ${target}${unit}: ${value <= target ? 'met' : 'missed'}`;
}

function medians(rounds: readonly Row[]): Row {
  const of = (pick: (row: Row) => number): number => median(rounds.map(pick));
  const brokerMicros = of(({ brokerMicros = NaN }) => brokerMicros);
  const cpuOfRival = of(({ cpuOfRival = NaN }) => cpuOfRival);
  return {
    perSecond: of((row) => row.perSecond),
    cpuMicros: of((row) => row.cpuMicros),
    ofBare: of((row) => row.ofBare),
    cpuOfBare: of((row) => row.cpuOfBare),
    ...(Number.isFinite(brokerMicros) && { brokerMicros }),
    ...(Number.isFinite(cpuOfRival) && { cpuOfRival }),
  };
}

function print(
  name: string,
  { perSecond, cpuMicros, ofBare, cpuOfBare, cpuOfRival, brokerMicros }: Row,
  target?: number,
) {
  const columns = [
    `${perSecond.toFixed(0)}/s`.padStart(9),
    `${cpuMicros.toFixed(1)} us CPU`.padStart(14),
    `${(ofBare * 100).toFixed(0)} % of bare`.padStart(14),
    `${cpuOfBare.toFixed(2)}x CPU`.padStart(11),
    ...(brokerMicros === undefined ? [] : [`${brokerMicros.toFixed(1)} us at the broker`.padStart(24)]),
    ...(cpuOfRival === undefined ? [] : [`${cpuOfRival.toFixed(2)}x CPU by hand`]),
    ...(target === undefined ? [] : [verdict(cpuOfRival ?? cpuOfBare, target, 'x CPU')]),
  ];
  console.log(name.padEnd(52), ...columns);
}

export const JSON_TYPE = { 'content-type': 'application/json' };
