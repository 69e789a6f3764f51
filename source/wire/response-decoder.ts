/** Which whole answers are in these bytes, when requests were sent without waiting for each other? */
import type {ResponseHead} from './response-head.ts';
import {ResponseParser} from './response-parser.ts';
import {ByteCollector} from './byte-collector.ts';

export type CompleteResponse = ResponseHead & {
	/** As it came: a `Content-Encoding` is not undone. */
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

	/** Some of an answer came, and not all. */
	get hasStarted(): boolean {
		return this.#parser.hasStarted;
	}

	/** The answers that are whole now. @throws SpokeError ERR_PROTOCOL for what is no HTTP/1 answer, or has a larger body */
	push(bytes: Buffer): CompleteResponse[] {
		this.#parser.push(bytes);
		return this.#takeComplete();
	}

	/** The answer that only the connection's end completes. @throws SpokeError ERR_PROTOCOL when one was cut short */
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
