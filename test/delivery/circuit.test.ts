import { Circuit } from '../../src/delivery/circuit.ts';
import { SETTINGS } from '../support/sim-gateway.ts';
import { ids } from './scene.ts';

const settings = { ...SETTINGS.circuit, rejectionThreshold: 4 };
const down = (circuit: Circuit, now = 0): Circuit => {
  circuit.failed('e', true, now);
  return circuit;
};

describe('opens', () => {
  test('when different events fail in a row, as many as the threshold', () => {
    const circuit = new Circuit(settings);
    for (const id of ids(4)) circuit.failed(id, false, 0);
    expect(circuit.state).toBe('closed');
    circuit.failed('e4', false, 0);
    expect(circuit.state).toBe('open');
  });

  test('not because one event fails again and again', () => {
    const circuit = new Circuit(settings);
    for (let i = 0; i < 100; i++) circuit.failed('e', false, 0);
    expect(circuit.state).toBe('closed');
  });

  test('not when somebody succeeds between', () => {
    const circuit = new Circuit(settings);
    for (let i = 0; i < 100; i++) {
      circuit.failed(`e${i}`, false, 0);
      if (i % 4 === 3) circuit.succeeded();
    }
    expect(circuit.state).toBe('closed');
  });

  test('at once when the failure says that the endpoint is down', () => {
    expect(down(new Circuit(settings)).state).toBe('open');
  });

  test('RULES 12: after rejections in a row, which a success or a failure of another kind interrupts', () => {
    const circuit = new Circuit(settings);
    for (let i = 0; i < 3; i++) circuit.rejected(0);
    circuit.succeeded();
    for (let i = 0; i < 3; i++) circuit.rejected(0);
    circuit.failed('e', false, 0);
    for (let i = 0; i < 3; i++) circuit.rejected(0);
    expect(circuit.state).toBe('closed');
    circuit.rejected(0);
    expect(circuit.state).toBe('open');
  });

  test('once: what fails while it is open neither opens it again nor moves the next probe', () => {
    const circuit = down(new Circuit(settings));
    circuit.failed('other', true, 900);
    expect(circuit.probeAt).toBe(1_000);
  });
});

describe('probes', () => {
  test('go out one at a time, after 1 s, 2 s, 4 s ... 60 s', () => {
    const circuit = down(new Circuit(settings));
    let now = 0;
    const pauses: number[] = [];
    for (let i = 0; i < 9; i++) {
      pauses.push(circuit.probeAt - now);
      expect(circuit.takeProbe(circuit.probeAt - 1)).toBe(false);
      now = circuit.probeAt;
      expect(circuit.takeProbe(now)).toBe(true);
      expect(circuit.takeProbe(now)).toBe(false);
      expect(circuit.state).toBe('probing');
      circuit.probeFailed(now);
      expect(circuit.state).toBe('open');
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000));
    expect(circuit.failedProbes).toBe(9);
  });

  test('the pauses begin anew with each outage', () => {
    const circuit = down(new Circuit(settings));
    for (let i = 0; i < 5; i++) {
      circuit.takeProbe(circuit.probeAt);
      circuit.probeFailed(circuit.probeAt);
    }
    circuit.succeeded();
    down(circuit, 500_000);
    expect(circuit.probeAt).toBe(501_000);
    expect(circuit.failedProbes).toBe(0);
  });

  test('wait for as long as the listener asked, and for the longest that it asked for', () => {
    const circuit = down(new Circuit(settings));
    circuit.askedToWait(90_000);
    circuit.askedToWait(30_000);
    expect(circuit.takeProbe(89_999)).toBe(false);
    expect(circuit.takeProbe(90_000)).toBe(true);
    circuit.probeFailed(90_000);
    expect(circuit.probeAt).toBe(92_000);
  });

  test('what was asked for is forgotten with the outage, and means nothing without one', () => {
    const circuit = down(new Circuit(settings));
    circuit.askedToWait(90_000);
    circuit.succeeded();
    circuit.askedToWait(90_000);
    expect(down(circuit, 100).probeAt).toBe(1_100);
  });

  test('one that came to nothing lets another go at once', () => {
    const circuit = down(new Circuit(settings));
    circuit.takeProbe(1_000);
    circuit.probeAbandoned();
    expect(circuit.state).toBe('open');
    expect(circuit.takeProbe(1_000)).toBe(true);
  });

  test('a failure that was no probe is none', () => {
    const circuit = down(new Circuit(settings));
    circuit.probeFailed(500);
    expect(circuit).toMatchObject({ failedProbes: 0, probeAt: 1_000 });
  });
});

describe('closes', () => {
  test('with the first success', () => {
    const circuit = new Circuit(settings);
    expect(circuit.succeeded()).toBe(false);
    expect(down(circuit).succeeded()).toBe(true);
    expect(circuit.state).toBe('closed');
  });

  test('RULES 11: with an answer that speaks of the event, when nothing had answered before', () => {
    const circuit = down(new Circuit(settings));
    expect(circuit.answered()).toBe(false);
    circuit.takeProbe(1_000);
    expect(circuit.answered()).toBe(true);
    expect(circuit.state).toBe('closed');
  });

  test('not with such an answer when it opened because of such answers', () => {
    const circuit = new Circuit(settings);
    for (const id of ids(5)) circuit.failed(id, false, 0);
    circuit.takeProbe(1_000);
    expect(circuit.answered()).toBe(false);
    expect(circuit.state).toBe('probing');
  });
});

test('is overdue when it was open for long enough, without a break', () => {
  const circuit = down(new Circuit({ ...settings, suspendAfter: 10_000 }));
  expect(circuit.isOverdue(9_999)).toBe(false);
  expect(circuit.isOverdue(10_000)).toBe(true);
  circuit.succeeded();
  expect(circuit.isOverdue(10_000)).toBe(false);
  down(circuit, 20_000);
  expect(circuit.isOverdue(29_999)).toBe(false);
});
