// Values that all of s3/ shares.

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A store to talk to: where it is and with whose key. */
export interface Endpoint {
  /** `http://host:port` or `https://host:port`, without a path. */
  readonly url: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** PEM text of the certificate authority to trust, for https. */
  readonly ca?: string;
}
