// The store itself: what keeps it one deployment's, and what makes a refusal be seen.
import { controls } from './controls/store.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the store', controls);
