// Negative controls: gauges and the graceful stop.
import { controls } from './controls/ops.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('gauges and the end', controls);
