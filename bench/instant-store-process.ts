// The instant store as a process of its own: prints `port N` and runs until its input ends.

import { startInstantStore } from './instant-store.ts';

const store = await startInstantStore({ bodyBytes: Number(process.argv[2] ?? 4096) });
process.stdout.write(`port ${store.port}\n`);
process.stdin.resume();
process.stdin.on('end', () => void store.close());
