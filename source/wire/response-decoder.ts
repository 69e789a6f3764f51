/** Decoder of complete responses to pipelined requests. */
import type {ResponseHead} from './response-head.ts';
import {ResponseParser} from './response-parser.ts';
import {ByteCollector} from './byte-collector.ts';

export type CompleteResponse = ResponseHead & {
	/** `Content-Encoding` is not decoded. */
	body: Buffer;
};

export class ResponseDecoder {
	readonly #parser: ResponseParser;
	#complete: CompleteResponse[] = [];
	#head: ResponseHead | undefined;
	readonly #body = new ByteCollector();

	constructor({maxBodyBytes}: {maxBodyBytes: number}) {
		this.#parser = new ResponseParser(
			{
				onHead: head => {
					this.#head = head;
				},
				onBodyChunk: (bytes, from, to) => {
					this.#body.add(bytes.subarray(from, to));
				},
				onEnd: () => {
					this.#complete.push({...this.#head!, body: this.#body.take()});
				},
			},
			{maxBodyBytes},
		);
	}

	get hasStarted(): boolean {
		return this.#parser.hasStarted;
	}

	/** @throws SpokeError ERR_PROTOCOL for invalid HTTP/1 or a body above the maximum */
	push(bytes: Buffer): CompleteResponse[] {
		this.#parser.push(bytes);
		return this.#takeComplete();
	}

	/** @throws SpokeError ERR_PROTOCOL for a truncated response */
	end(): CompleteResponse | undefined {
		this.#parser.end();
		return this.#takeComplete()[0];
	}

	#takeComplete(): CompleteResponse[] {
		const whole = this.#complete;
		this.#complete = [];
		return whole;
	}
}
