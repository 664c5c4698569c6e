// Negative controls: the gate.
import { controls } from './controls/gate.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the gate', controls);
