import type { joinGroupV9, syncGroupV5 } from '@platformatic/kafka';
import { requests, type Node, type Wire } from '../wire/wire.ts';

const PROTOCOL_TYPE = 'consumer';
/** Members that know another way of sharing are refused by the group. */
const PROTOCOL = 'tmf-hub';

/** What a member of one group says to its coordinator. Answers may hold error codes; no answer is a rejection. */
export class GroupRequests {
  readonly #wire: Wire;
  readonly #group: string;
  readonly #sessionTimeoutMs: number;

  constructor(wire: Wire, group: string, sessionTimeoutMs: number) {
    this.#wire = wire;
    this.#group = group;
    this.#sessionTimeoutMs = sessionTimeoutMs;
  }

  /** Answered when all members have joined, or after a session's time without those that did not. */
  join(node: Node, memberId: string, metadata: Buffer): Promise<joinGroupV9.JoinGroupResponse> {
    const timeout = this.#sessionTimeoutMs;
    const protocols = [{ name: PROTOCOL, metadata }];
    return this.#wire.call(
      ...(['join', node, requests.joinGroup, this.#group, timeout, timeout] as const),
      ...([memberId, null, PROTOCOL_TYPE, protocols, null] as const),
    );
  }

  /** `assignments` of the leader, none of the others. */
  sync(
    node: Node,
    { memberId, generationId }: { readonly memberId: string; readonly generationId: number },
    assignments: syncGroupV5.SyncGroupRequestAssignment[],
  ): Promise<syncGroupV5.SyncGroupResponse> {
    return this.#wire.call(
      ...(['join', node, requests.syncGroup, this.#group, generationId, memberId, null] as const),
      ...([PROTOCOL_TYPE, PROTOCOL, assignments] as const),
    );
  }

  /** Answers an error code. */
  async heartbeat(node: Node, memberId: string, generation: number): Promise<number> {
    const call = ['member', node, requests.heartbeat, this.#group, generation, memberId, null] as const;
    return (await this.#wire.call(...call)).errorCode;
  }

  /** Never rejects: who is not heard is missed after a session's time. */
  async leave(node: Node, memberId: string): Promise<void> {
    const member = { memberId, groupInstanceId: null, reason: 'shutting down' };
    await this.#wire.call('member', node, requests.leaveGroup, this.#group, [member]).catch(() => undefined);
  }
}
