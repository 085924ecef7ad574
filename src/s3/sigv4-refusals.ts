// The refusals of a signature, with S3's own codes, statuses and texts.

import {
  streamingSigned,
  streamingSignedTrailer,
  streamingUnsignedTrailer,
  unsignedPayload,
} from './sigv4.ts';

export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export function faultOfPayloadHash(value: string | undefined): Refused | undefined {
  if (value === undefined) {
    return refusal(
      400,
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    );
  }
  if (/^[0-9a-f]{64}$/.test(value) || payloadWords.has(value)) return undefined;
  return refusal(
    400,
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 value.',
  );
}

const payloadWords: ReadonlySet<string> = new Set([
  unsignedPayload,
  streamingSigned,
  streamingSignedTrailer,
  streamingUnsignedTrailer,
]);

export function refusal(status: number, code: string, message: string): Refused {
  return { kind: 'refused', status, code, message };
}

export function malformed(why: string): Refused {
  return refusal(
    400,
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; ${why}`,
  );
}

export function badQuery(why: string): Refused {
  return refusal(400, 'AuthorizationQueryParametersError', why);
}

export const doesNotMatch = refusal(
  403,
  'SignatureDoesNotMatch',
  'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
);

export const unsupportedMechanism = refusal(
  400,
  'InvalidRequest',
  'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
);
