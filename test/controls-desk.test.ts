// Negative controls: the desk.
import { controls } from './controls/desk.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the desk', controls);
