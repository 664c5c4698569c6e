// Negative controls: the record.
import { controls } from './controls/record.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the record', controls);
