import { declareEndToEnd } from '../end-to-end.ts';
import { startCeph } from './gateway.ts';

declareEndToEnd('Ceph', startCeph);
