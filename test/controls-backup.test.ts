// Negative controls: layouts, backup and restore.
import { controls } from './controls/backup.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('layouts, backup and restore', controls);
