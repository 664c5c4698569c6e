// Negative controls: the vault.
import { controls } from './controls/vault.ts';
import { watchDefences } from './support/controls.ts';

watchDefences('the vault', controls);
