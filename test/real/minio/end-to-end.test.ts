import { declareEndToEnd } from '../end-to-end.ts';
import { startMinio } from './server.ts';

declareEndToEnd('MinIO', startMinio, {
  oddKey: 'dir/odd ..+%é😀',
  tagging: 'a=1&b=x%20y',
});
