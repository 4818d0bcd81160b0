/** For each alert what makes it fire, and what looks like it and is all right. Values are promtool's: one per minute. */

/** What takes a day by default. */
export const SHORTER = { circuitOpenLong: '2h', pausedFor: '1h' } as const;

export interface AlertCase {
  /** Series of the gateway without namespace and job. */
  readonly bad: Readonly<Record<string, string>>;
  /** Makes it fire as well; where what is new and what becomes more are two things. */
  readonly alsoBad?: Readonly<Record<string, string>>;
  readonly good: Readonly<Record<string, string>>;
  /** It fires now, */
  readonly at: string;
  /** and not yet at this time; left out where it waits for nothing. */
  readonly before?: string;
}

const UP = { 'up{pod="a",instance="a"}': '1x90' };

export const alertCases: Readonly<Record<string, AlertCase>> = {
  TmfHubDown: { bad: { 'up{pod="a"}': '1x5 0x60' }, good: UP, at: '12m', before: '10m' },
  TmfHubReplicaDown: {
    bad: { ...UP, 'up{pod="b"}': '1x5 0x60' },
    good: { ...UP, 'up{pod="b"}': '1x5 0x5 1x60' },
    ...{ at: '17m', before: '15m' },
  },
  TmfHubRestarting: {
    bad: { 'process_start_time_seconds{pod="a"}': '100x10 200x10 300x10 400x60' },
    good: {
      'process_start_time_seconds{pod="a"}': '100x10',
      'process_start_time_seconds{pod="b"}': '_x10 300x60',
    },
    ...{ at: '50m', before: '25m' },
  },
  TmfHubNotReady: {
    bad: { 'tmf_hub_part_up{part="kafka",pod="a"}': '0x60', 'tmf_hub_part_up{part="kafka",pod="b"}': '1x60' },
    good: {
      'tmf_hub_part_up{part="kafka",pod="a"}': '0x3 1x60',
      'tmf_hub_part_up{part="orphans",pod="a"}': '0x60',
    },
    ...{ at: '6m', before: '4m' },
  },
  TmfHubOrphans: {
    bad: { 'tmf_hub_part_up{part="orphans",pod="a"}': '0x60' },
    good: {
      'tmf_hub_part_up{part="registry",pod="a"}': '0x60',
      'tmf_hub_part_up{part="orphans",pod="a"}': '1x60',
    },
    ...{ at: '6m', before: '4m' },
  },
  TmfHubStateUnknown: {
    bad: { ...UP, 'tmf_hub_part_up{part="kafka",pod="b",instance="b"}': '1x60' },
    good: {
      ...UP,
      'up{pod="b",instance="b"}': '0x60',
      'tmf_hub_part_up{part="kafka",pod="a",instance="a"}': '1x60',
    },
    ...{ at: '11m', before: '9m' },
  },
  TmfHubOverloaded: {
    bad: { 'nodejs_eventloop_lag_p99_seconds{pod="a"}': '0.9x60' },
    good: { 'nodejs_eventloop_lag_p99_seconds{pod="a"}': '0.9x10 0.1x60' },
    ...{ at: '16m', before: '14m' },
  },
  TmfHubLagGrowing: {
    bad: {
      'tmf_hub_lag_events{subscription="s",pod="a"}': '6000+100x60',
      'tmf_hub_lag_events{subscription="s",pod="b"}': '6000+100x60',
    },
    good: {
      // Much, but it becomes less; little, though it grows; waiting for an endpoint that is down.
      'tmf_hub_lag_events{subscription="less",pod="a"}': '90000-100x60',
      'tmf_hub_lag_events{subscription="little",pod="a"}': '0+10x60',
      'tmf_hub_lag_events{subscription="down",pod="a"}': '20000+100x60',
      'tmf_hub_circuit_state{subscription="down",state="open",pod="b"}': '1 0 1 0 1x60',
      'tmf_hub_circuit_state{subscription="down",state="probing",pod="b"}': '0 1 0 1 0x60',
    },
    ...{ at: '35m', before: '25m' },
  },
  TmfHubEventWaits: {
    // One event hangs. The other replica's oldest is younger, and the endpoint is down for some minutes now and then.
    bad: {
      'tmf_hub_oldest_unsettled_seconds{subscription="s",pod="a"}': '0+60x150',
      'tmf_hub_oldest_unsettled_seconds{subscription="s",pod="b"}': '600x150',
      'tmf_hub_circuit_state{subscription="s",state="open",pod="a"}': '0x55 1x9 0 1x9 0 1x9 0 1x9 0 1x60',
    },
    alsoBad: {
      // A replica that takes it over shows it a moment after the other has stopped to.
      'tmf_hub_oldest_unsettled_seconds{subscription="s",pod="a"}': '0+60x52 stale',
      'tmf_hub_oldest_unsettled_seconds{subscription="s",pod="b"}': '_x54 3240+60x90',
    },
    good: {
      // Retried, then delivered; catching up after an outage; a clock that is slow; an endpoint that is down; a moment.
      'tmf_hub_oldest_unsettled_seconds{subscription="retried",pod="a"}': '0+60x70 stale',
      'tmf_hub_oldest_unsettled_seconds{subscription="late",pod="a"}': '90000-60x150',
      'tmf_hub_oldest_unsettled_seconds{subscription="clock",pod="a"}': '7200 7230 7205 7210x20 7220x150',
      'tmf_hub_oldest_unsettled_seconds{subscription="down",pod="a"}': '0+60x150',
      'tmf_hub_circuit_state{subscription="down",state="open",pod="b"}': '1 0 1 0 1x150',
      'tmf_hub_circuit_state{subscription="down",state="probing",pod="b"}': '0 1 0 1 0x150',
      'tmf_hub_oldest_unsettled_seconds{subscription="busy",pod="a"}': '30x150',
    },
    ...{ at: '77m', before: '74m' },
  },
  TmfHubDeliveriesLate: {
    bad: {
      'tmf_hub_end_to_end_seconds_bucket{le="300"}': '0+9x60',
      'tmf_hub_end_to_end_seconds_bucket{le="3600"}': '0+10x60',
      'tmf_hub_end_to_end_seconds_bucket{le="+Inf"}': '0+10x60',
    },
    good: {
      'tmf_hub_end_to_end_seconds_bucket{le="300"}': '0+99x60',
      'tmf_hub_end_to_end_seconds_bucket{le="3600"}': '0+100x60',
      'tmf_hub_end_to_end_seconds_bucket{le="+Inf"}': '0+100x60',
    },
    ...{ at: '20m', before: '14m' },
  },
  TmfHubDeliveriesFailing: {
    bad: {
      'tmf_hub_deliveries_total{subscription="s",outcome="delivered"}': '0+1x60',
      'tmf_hub_deliveries_total{subscription="s",outcome="retry"}': '0+1x60',
      'tmf_hub_deliveries_total{subscription="s",outcome="rejected"}': '0+1x60',
    },
    good: {
      // Some of them; and so few that they are the probes of an endpoint that is down.
      'tmf_hub_deliveries_total{subscription="s",outcome="delivered"}': '0+6x60',
      'tmf_hub_deliveries_total{subscription="s",outcome="retry"}': '0+4x60',
      'tmf_hub_deliveries_total{subscription="down",outcome="delivered"}': '0x60',
      'tmf_hub_deliveries_total{subscription="down",outcome="retry"}': '0+1x60',
    },
    ...{ at: '30m', before: '9m' },
  },
  TmfHubCircuitOpen: {
    bad: {
      'tmf_hub_circuit_state{subscription="s",state="open",pod="a"}': '1 0 1 0 1 0x20 1x60',
      'tmf_hub_circuit_state{subscription="s",state="probing",pod="a"}': '0 1 0 1 0 1x20 0x60',
      'tmf_hub_circuit_state{subscription="s",state="closed",pod="b"}': '1x90',
    },
    good: {
      'tmf_hub_circuit_state{subscription="s",state="open",pod="a"}': '1x20 0 1x60',
      'tmf_hub_circuit_state{subscription="s",state="closed",pod="a"}': '0x20 1 0x60',
    },
    ...{ at: '31m', before: '29m' },
  },
  TmfHubCircuitOpenLong: {
    // It came back for some minutes in between.
    bad: { 'tmf_hub_circuit_state{subscription="s",state="open",pod="a"}': '1x60 0x5 1x100' },
    good: { 'tmf_hub_circuit_state{subscription="s",state="open",pod="a"}': '1x60 0x30 1x100' },
    ...{ at: '125m', before: '100m' },
  },
  TmfHubSubscriptionSuspended: {
    bad: { 'tmf_hub_subscriptions{state="suspended",pod="a"}': '1x60' },
    good: { 'tmf_hub_subscriptions{state="active",pod="a"}': '1x60' },
    ...{ at: '6m', before: '4m' },
  },
  TmfHubSubscriptionGone: {
    bad: { 'tmf_hub_subscriptions{state="gone",pod="a"}': '1x60' },
    good: { 'tmf_hub_subscriptions{state="paused",pod="a"}': '1x60' },
    ...{ at: '6m', before: '4m' },
  },
  TmfHubSubscriptionPaused: {
    bad: { 'tmf_hub_subscriptions{state="paused",pod="a"}': '1x90' },
    good: { 'tmf_hub_subscriptions{state="paused",pod="a"}': '1x30 0 1x90' },
    ...{ at: '61m', before: '59m' },
  },
  TmfHubDeadLettered: {
    // The first of its reason, of which there was no sample before.
    bad: { 'tmf_hub_dead_lettered_total{reason="rejected",pod="a"}': '_x20 1x60' },
    alsoBad: { 'tmf_hub_dead_lettered_total{reason="rejected",pod="a"}': '7x20 8x60' },
    good: {
      'tmf_hub_dead_lettered_total{reason="rejected",pod="a"}': '7x90',
      'tmf_hub_dead_lettered_total{reason="unreadable",pod="a"}': '0+1x90',
    },
    ...{ at: '22m', before: '19m' },
  },
  TmfHubDeadLettersPilingUp: {
    bad: { 'tmf_hub_dead_letters{pod="a"}': '101x90', 'tmf_hub_dead_letters{pod="b"}': '101x90' },
    good: { 'tmf_hub_dead_letters{pod="a"}': '60x90', 'tmf_hub_dead_letters{pod="b"}': '60x90' },
    ...{ at: '61m', before: '59m' },
  },
  TmfHubUnreadableEvents: {
    bad: { 'tmf_hub_dead_lettered_total{reason="unreadable",pod="a"}': '3x20 4x60' },
    alsoBad: { 'tmf_hub_dead_lettered_total{reason="unreadable",pod="a"}': '_x22 1x60' },
    good: {
      'tmf_hub_dead_lettered_total{reason="rejected",pod="a"}': '0+1x90',
      'tmf_hub_dead_lettered_total{reason="unreadable",pod="a"}': '3x90',
    },
    ...{ at: '25m', before: '20m' },
  },
  TmfHubRetentionHeadroomLow: {
    bad: {
      'tmf_hub_retention_headroom_seconds{pod="a"}': '80000-60x60',
      'tmf_hub_retention_headroom_seconds{pod="b"}': '600000x60',
    },
    good: { 'tmf_hub_retention_headroom_seconds{pod="a"}': '90000x60' },
    ...{ at: '6m', before: '4m' },
  },
  TmfHubRetentionHeadroomCritical: {
    bad: { 'tmf_hub_retention_headroom_seconds{pod="a"}': '20000-60x60' },
    good: { 'tmf_hub_retention_headroom_seconds{pod="a"}': '80000x60' },
    ...{ at: '6m', before: '4m' },
  },
  TmfHubEventsLost: {
    bad: { 'tmf_hub_retention_lost_total{subscription="s",pod="a"}': '_x70 3x90' },
    alsoBad: { 'tmf_hub_retention_lost_total{subscription="s",pod="a"}': '3x70 4x90' },
    good: { 'tmf_hub_retention_lost_total{subscription="s",pod="a"}': '3x160' },
    ...{ at: '72m', before: '69m' },
  },
};
