import { credentials, openStore } from '../arrange.ts';
import { declareIntentFirst, framings } from './intent-first-at-store.ts';

declareIntentFirst(
  'the embedded store',
  async (t) => ({ url: (await openStore(t, 's3')).url, credentials }),
  Object.values(framings),
);
