// Negative controls: the front door.
import { controls } from './controls/front-door.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the front door', controls);
