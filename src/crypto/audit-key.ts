// The record's key: derived from the app's own key by a name of its own, so that neither passes for the other.
import { hkdfSync } from 'node:crypto';

/** HKDF-SHA256 (RFC 5869) of a `SECRET_KEY`, 32 bytes as hex: one-way, so it may outlive the key that it came from. */
export function auditKeyOf(secret: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse record v1', 32)).toString('hex');
}
