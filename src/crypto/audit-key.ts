// The audit record's key, derived from SECRET_KEY under its own label so that neither key can stand in for the other.
import { hkdfSync } from 'node:crypto';

/** HKDF-SHA256 (RFC 5869) of a `SECRET_KEY`, 32 bytes as hex. One-way, so it may outlive the key it was derived from. */
export function auditKeyOf(secret: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse record v1', 32)).toString('hex');
}
