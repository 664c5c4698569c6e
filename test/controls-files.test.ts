// Negative controls: files that cannot be used, and files that are no longer there.
import { controls } from './controls/files.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('files', controls);
