/** Which whole answers are in these bytes, when requests were sent without waiting for each other? */
import type {ResponseHead} from './response-head.ts';
import {ResponseParser} from './response-parser.ts';
import {ByteCollector} from './byte-collector.ts';

export type CompleteResponse = ResponseHead & {
	/** As it came: a `Content-Encoding` is not undone. */
	body: Buffer;
};

export class ResponseDecoder {
	readonly #parts: ResponseParser;
	#whole: CompleteResponse[] = [];
	#head: ResponseHead | undefined;
	readonly #body = new ByteCollector();

	constructor({largestBody}: {largestBody: number}) {
		this.#parts = new ResponseParser(
			{
				head: head => {
					this.#head = head;
				},
				body: (bytes, from, to) => {
					this.#body.add(bytes.subarray(from, to));
				},
				end: () => {
					this.#whole.push({...this.#head!, body: this.#body.take()});
				},
			},
			{largestBody},
		);
	}

	/** Some of an answer came, and not all. */
	get begun(): boolean {
		return this.#parts.begun;
	}

	/** The answers that are whole now. @throws SpokeError ERR_PROTOCOL for what is no HTTP/1 answer, or has a larger body */
	push(bytes: Buffer): CompleteResponse[] {
		this.#parts.push(bytes);
		return this.#taken();
	}

	/** The answer that only the connection's end completes. @throws SpokeError ERR_PROTOCOL when one was cut short */
	end(): CompleteResponse | undefined {
		this.#parts.end();
		return this.#taken()[0];
	}

	#taken(): CompleteResponse[] {
		const whole = this.#whole;
		this.#whole = [];
		return whole;
	}
}
