import { declareEndToEnd } from '../end-to-end.ts';
import { startMinio } from './server.ts';

declareEndToEnd('MinIO', startMinio);
