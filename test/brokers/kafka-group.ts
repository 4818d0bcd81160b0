import {
  ILLEGAL_GENERATION,
  MEMBER_ID_REQUIRED,
  NONE,
  REBALANCE_IN_PROGRESS,
  UNKNOWN_MEMBER_ID,
} from '../../src/brokers/kafka/wire/error-codes.ts';
import { requests } from '../../src/brokers/kafka/wire/wire.ts';
import type { Clock, Timer } from '../../src/time.ts';
import type { FakeCluster, RequestName, WireCall } from '../support/fake-wire.ts';

const NOT_COORDINATOR = 16;

interface Joined {
  readonly errorCode: number;
  readonly generationId: number;
  readonly leader: string;
  readonly memberId: string;
  readonly members: { memberId: string; groupInstanceId: null; metadata: Buffer }[];
}

interface GroupMember {
  metadata: Buffer;
  readonly sessionTimeoutMs: number;
  /** Waits for all to have joined. */
  join: ((answer: Joined) => void) | undefined;
  /** Waits for the leader's assignment. */
  sync: ((answer: { errorCode: number; assignment: Buffer }) => void) | undefined;
  session: Timer | undefined;
}

const NO_BYTES = Buffer.alloc(0);

/** One group of the classic protocol, as its coordinator has it: a rebalance waits until all members have come again. */
export class FakeGroup {
  state: 'empty' | 'joining' | 'syncing' | 'stable' = 'empty';
  generation = 0;
  leader = '';
  /** Error codes to answer next instead of doing anything. */
  readonly refusals = new Map<RequestName, number[]>();
  readonly members = new Map<string, GroupMember>();
  /** Got an id and have not come with it yet: a rebalance waits for them too. */
  readonly pending = new Map<string, Timer>();
  readonly #cluster: FakeCluster;
  readonly #clock: Clock;
  #assignments = new Map<string, Buffer>();
  #patience: Timer | undefined;
  #ids = 0;

  constructor(cluster: FakeCluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    cluster.on(
      requests.joinGroup,
      async (call, _group, sessionMs, rebalanceMs, memberId, _i, _type, protocols) => {
        const metadata = protocols[0]?.metadata ?? NO_BYTES;
        const joined = await this.#join(call, { sessionMs, rebalanceMs, memberId, metadata });
        return {
          throttleTimeMs: 0,
          protocolType: 'consumer',
          protocolName: 'tmf-hub',
          skipAssignment: false,
          ...joined,
        };
      },
    );
    cluster.on(
      requests.syncGroup,
      async (call, _group, generation, memberId, _i, _type, _name, assignments) => {
        const synced = await this.#sync(call, generation, memberId, assignments);
        return { throttleTimeMs: 0, protocolType: 'consumer', protocolName: 'tmf-hub', ...synced };
      },
    );
    cluster.on(requests.heartbeat, (call, _group, generation, memberId) => {
      return { throttleTimeMs: 0, errorCode: this.#heartbeat(call, generation, memberId) };
    });
    cluster.on(requests.leaveGroup, (_call, _group, leaving) => {
      for (const { memberId } of leaving) this.remove(memberId);
      return { throttleTimeMs: 0, errorCode: NONE, members: [] };
    });
  }

  refuse(request: RequestName, ...codes: number[]): void {
    this.refusals.set(request, [...(this.refusals.get(request) ?? []), ...codes]);
  }

  /** It left, or its session is over, or an operator removed it. */
  remove(memberId: string): void {
    const member = this.members.get(memberId);
    this.#forgetPending(memberId);
    if (member) {
      member.session?.cancel();
      member.join?.(refused(UNKNOWN_MEMBER_ID));
      member.sync?.({ errorCode: UNKNOWN_MEMBER_ID, assignment: NO_BYTES });
      this.members.delete(memberId);
      if (this.state !== 'joining') this.#rebalance(member.sessionTimeoutMs);
    }
    this.#completeJoin();
  }

  #join(
    call: WireCall,
    asked: { sessionMs: number; rebalanceMs: number; memberId: string; metadata: Buffer },
  ): Joined | Promise<Joined> {
    const { sessionMs, rebalanceMs, memberId, metadata } = asked;
    const code = this.#refusal(call);
    if (code !== NONE) return refused(code);
    if (memberId === '') {
      const id = `member-${++this.#ids}`;
      this.pending.set(
        id,
        this.#clock.after(sessionMs, () => this.remove(id)),
      );
      return { ...refused(MEMBER_ID_REQUIRED), memberId: id };
    }
    const known = this.members.get(memberId);
    if (!known && !this.pending.has(memberId)) return refused(UNKNOWN_MEMBER_ID);
    this.#forgetPending(memberId);
    // A follower that says what it said before changes nothing.
    if (this.state === 'stable' && known && memberId !== this.leader && known.metadata.equals(metadata))
      return this.#joined(memberId);
    known?.session?.cancel();
    known?.join?.(refused(UNKNOWN_MEMBER_ID));
    return new Promise((join) => {
      const member = { metadata, sessionTimeoutMs: sessionMs, join, sync: known?.sync, session: undefined };
      this.members.set(memberId, member);
      this.#rebalance(rebalanceMs);
      this.#completeJoin();
    });
  }

  #rebalance(rebalanceMs: number): void {
    if (this.state === 'joining') return;
    this.state = 'joining';
    for (const member of this.members.values()) {
      member.sync?.({ errorCode: REBALANCE_IN_PROGRESS, assignment: NO_BYTES });
      member.sync = undefined;
    }
    this.#patience = this.#clock.after(rebalanceMs, () => this.#completeJoin(true));
  }

  #completeJoin(isLate = false): void {
    if (this.state !== 'joining') return;
    const waiting = [...this.members].filter(([, { join }]) => join);
    if (!isLate && (waiting.length < this.members.size || this.pending.size > 0)) return;
    this.#patience?.cancel();
    for (const [id, { join, session }] of this.members) {
      if (join) continue;
      session?.cancel();
      this.members.delete(id);
    }
    this.generation++;
    this.#assignments.clear();
    if (!this.members.has(this.leader)) this.leader = waiting[0]?.[0] ?? '';
    this.state = waiting.length > 0 ? 'syncing' : 'empty';
    for (const [id, member] of waiting) {
      this.#heard(id);
      member.join?.(this.#joined(id));
      member.join = undefined;
    }
  }

  #joined(memberId: string): Joined {
    const all = [...this.members].map(([id, { metadata }]) => ({
      memberId: id,
      groupInstanceId: null,
      metadata,
    }));
    const { generation: generationId, leader } = this;
    return { errorCode: NONE, generationId, leader, memberId, members: memberId === leader ? all : [] };
  }

  #sync(
    call: WireCall,
    generation: number,
    memberId: string,
    assignments: readonly { memberId: string; assignment: Buffer }[],
  ): { errorCode: number; assignment: Buffer } | Promise<{ errorCode: number; assignment: Buffer }> {
    const code = this.#refusal(call) || this.#check(generation, memberId);
    if (code !== NONE) return { errorCode: code, assignment: NO_BYTES };
    if (this.state === 'joining') return { errorCode: REBALANCE_IN_PROGRESS, assignment: NO_BYTES };
    this.#heard(memberId);
    if (this.state === 'syncing' && memberId !== this.leader)
      return new Promise((sync) => (this.members.get(memberId)!.sync = sync));
    if (this.state === 'syncing') {
      this.state = 'stable';
      this.#assignments = new Map(assignments.map((one) => [one.memberId, one.assignment]));
      for (const [id, member] of this.members) {
        member.sync?.({ errorCode: NONE, assignment: this.#assignments.get(id) ?? NO_BYTES });
        member.sync = undefined;
      }
    }
    return { errorCode: NONE, assignment: this.#assignments.get(memberId) ?? NO_BYTES };
  }

  #heartbeat(call: WireCall, generation: number, memberId: string): number {
    const code = this.#refusal(call) || this.#check(generation, memberId);
    if (code !== NONE) return code;
    this.#heard(memberId);
    return this.state === 'joining' ? REBALANCE_IN_PROGRESS : NONE;
  }

  #check(generation: number, memberId: string): number {
    if (!this.members.has(memberId)) return UNKNOWN_MEMBER_ID;
    return generation === this.generation ? NONE : ILLEGAL_GENERATION;
  }

  #refusal({ request, node }: WireCall): number {
    const code = this.refusals.get(request)?.shift();
    if (code !== undefined) return code;
    const coordinator = this.#cluster.nodes.get(this.#cluster.coordinatorOf('tmf-hub'));
    return coordinator?.host === node.host ? NONE : NOT_COORDINATOR;
  }

  /** Its session begins anew. One that waits for the others to join is there, however long that takes. */
  #heard(memberId: string): void {
    const member = this.members.get(memberId);
    if (!member) return;
    member.session?.cancel();
    member.session = this.#clock.after(member.sessionTimeoutMs, () => {
      if (!member.join) this.remove(memberId);
    });
  }

  #forgetPending(memberId: string): void {
    this.pending.get(memberId)?.cancel();
    this.pending.delete(memberId);
  }
}

function refused(errorCode: number): Joined {
  return { errorCode, generationId: -1, leader: '', memberId: '', members: [] };
}
