// Negative controls: the start, and the locks it may have to wait for.
import { controls } from './controls/start.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the start', controls);
