// Negative controls: the allow-list.
import { controls } from './controls/access.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the allow-list', controls);
