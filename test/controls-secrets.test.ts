// Negative controls: the generator of secrets.
import { controls } from './controls/secrets.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('secrets', controls);
