// Negative controls: the check-up.
import { controls } from './controls/doctor.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the check-up', controls);
