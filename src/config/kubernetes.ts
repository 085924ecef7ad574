// Kubernetes puts variables about every service of a namespace into each of its containers. A service called
// `replicar` or `replicar-…` gives names that begin like ours, and those are nobody's typo.
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables

const prefix = 'REPLICAR(?:_[A-Z0-9_]+)?';
const address = '(?:[0-9.]+|[0-9A-Fa-f:]+)';
const url = '(?:tcp|udp|sctp)://.+';

/** What is injected, name and value: a value of another form was set by a person. */
const injected: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [new RegExp(`^${prefix}_SERVICE_HOST$`), new RegExp(`^${address}$`)],
  [new RegExp(`^${prefix}_SERVICE_PORT(?:_[A-Z0-9_]+)?$`), /^\d+$/],
  [new RegExp(`^${prefix}_PORT$`), new RegExp(`^${url}$`)],
  [new RegExp(`^${prefix}_PORT_\\d+_(?:TCP|UDP|SCTP)$`), new RegExp(`^${url}$`)],
  [new RegExp(`^${prefix}_PORT_\\d+_(?:TCP|UDP|SCTP)_PROTO$`), /^(?:tcp|udp|sctp)$/],
  [new RegExp(`^${prefix}_PORT_\\d+_(?:TCP|UDP|SCTP)_PORT$`), /^\d+$/],
  [new RegExp(`^${prefix}_PORT_\\d+_(?:TCP|UDP|SCTP)_ADDR$`), new RegExp(`^${address}$`)],
];

export function isInjectedByKubernetes(name: string, value: string): boolean {
  return injected.some(([names, values]) => names.test(name) && values.test(value));
}
