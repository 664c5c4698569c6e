// Negative controls: secrets that rotate.
import { controls } from './controls/keys.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the keys', controls);
