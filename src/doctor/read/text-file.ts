// Reads a whole text file, or says why it cannot, as the end of a sentence.
import { faultAdvice } from '../../files/file-fault.ts';
import { fileFaultOf } from '../../files/file-refused.ts';
import { readOrdinaryFile } from '../../files/ordinary-file.ts';
import { type FileText, notThere } from './env-file.ts';

export function readText(path: string): FileText {
  try {
    // A byte-order mark is kept: some readers fail on it, and a check must see it.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(readOrdinaryFile({ path })) };
  } catch (error) {
    const fault = fileFaultOf(error);
    if (fault === 'missing' || fault === 'not-a-folder') return { why: notThere };
    if (fault !== undefined) return { why: faultAdvice(fault) };
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      return { why: 'is not UTF-8' };
    throw error;
  }
}
