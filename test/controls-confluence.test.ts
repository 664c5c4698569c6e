// Negative controls: the connection with Confluence.
import { controls } from './controls/confluence.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the connection with Confluence', controls);
