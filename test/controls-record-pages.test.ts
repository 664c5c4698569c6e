// Negative controls: the record’s pages and privacy.
import { controls } from './controls/record-pages.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the record’s pages and privacy', controls);
