// The circuit breaker of one store, as a state machine. Pure.
//
//   closed ─ unreached, or three doubtful failures in a row ─▶ open ─ a probe is answered ─▶ half-open
//   half-open ─ any further failure of the kind ─▶ open        half-open ─ a task is answered ─▶ closed

export type BreakerState =
  | { readonly kind: 'closed'; readonly strikes: number }
  | { readonly kind: 'half-open' }
  | { readonly kind: 'open' };

/**
 * How a store failed to answer: `unreached`, nobody was there; `doubtful`, a connection was cut, an answer did
 * not come in time or was a bare 502 to 504, which may be about one object only.
 */
export type Silence = 'unreached' | 'doubtful';

/** One bad key that is cut again and again must not close the way for its neighbours. */
const strikesMax = 3;

export const closed: BreakerState = { kind: 'closed', strikes: 0 };

export function afterSilence(state: BreakerState, silence: Silence): BreakerState {
  if (state.kind !== 'closed' || silence === 'unreached') return { kind: 'open' };
  const strikes = state.strikes + 1;
  return strikes >= strikesMax ? { kind: 'open' } : { kind: 'closed', strikes };
}

/** A late answer to what was sent before the breaker opened proves nothing about now. */
export function afterAnswer(state: BreakerState): BreakerState {
  return state.kind === 'open' ? state : closed;
}

export function afterProbe(state: BreakerState, isAnswered: boolean): BreakerState {
  if (state.kind !== 'open') return state;
  return isAnswered ? { kind: 'half-open' } : state;
}
