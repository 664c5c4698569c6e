// Negative controls: the library.
import { controls } from './controls/library.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the library', controls);
