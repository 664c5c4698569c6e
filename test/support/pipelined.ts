// A client that keeps its connection and sends several requests at once, byte for byte as the test writes them.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type RawResponse, readResponse } from './raw.ts';

export interface PipelinedRequest {
  /** Head and body; each character is one byte. */
  readonly text: string;
  /** Whether the response has no body whatever its headers say. */
  readonly isHead: boolean;
}

export interface Pipeline {
  /**
   * Sends all of them before the first response.
   * @returns the responses in their order; undefined for each that did not come before the server closed the connection
   */
  ask(requests: readonly PipelinedRequest[]): Promise<(RawResponse | undefined)[]>;
  /** Ends the connection; the next request begins another one. */
  close(): void;
}

/** @param timeoutMs after which a request without a response counts as closed by the server */
export function createPipeline(port: number, timeoutMs = 10_000): Pipeline {
  let kept: Socket | undefined;

  async function connected(): Promise<Socket> {
    if (kept && !kept.destroyed && kept.writable) return kept;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    kept = socket;
    await once(socket, 'connect');
    return socket;
  }

  return {
    async ask(requests) {
      const socket = await connected();
      const responses: RawResponse[] = [];
      let received = Buffer.alloc(0);
      await new Promise<void>((resolve) => {
        let timer: NodeJS.Timeout;
        const finish = () => {
          clearTimeout(timer);
          socket.off('data', onData).off('close', onClose);
          resolve();
        };
        const read = (isClosed: boolean) => {
          while (responses.length < requests.length) {
            const found = readResponse(received, requests[responses.length]?.isHead === true, isClosed);
            if (!found) return;
            received = received.subarray(found.length);
            responses.push(found.response);
            if (/close/i.test(found.response.header('connection') ?? '')) socket.end();
          }
          finish();
        };
        const onData = (chunk: Buffer) => {
          received = Buffer.concat([received, chunk]);
          read(false);
        };
        const onClose = () => {
          read(true);
          finish();
        };
        timer = setTimeout(() => socket.destroy(), timeoutMs);
        socket.on('data', onData).on('close', onClose);
        socket.write(Buffer.from(requests.map(({ text }) => text).join(''), 'latin1'));
      });
      return requests.map((_, i) => responses[i]);
    },
    close() {
      kept?.destroy();
    },
  };
}
