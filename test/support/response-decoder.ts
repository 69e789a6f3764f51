/** Complete responses out of bytes. */
import {ResponseParser} from '../../source/wire/response-parser.ts';
import type {ResponseHead} from '../../source/wire/response-head.ts';

export type CompleteResponse = ResponseHead & {body: Buffer};

export class ResponseDecoder {
	readonly parser: ResponseParser;
	#complete: CompleteResponse[] = [];

	/** `methods`: of the requests, in order; GET after the last. */
	constructor({maxBodyBytes, methods = []}: {maxBodyBytes: number; methods?: string[]}) {
		let head: ResponseHead | undefined;
		let body: Buffer[] = [];
		this.parser = new ResponseParser({
			limits: () => ({hasBody: methods.shift() !== 'HEAD', maxBodyBytes}),
			onHead(start) {
				head = start;
			},
			onBodyChunk(bytes, from, to) {
				body.push(bytes.subarray(from, to));
			},
			onEnd: () => {
				this.#complete.push({...head!, body: Buffer.concat(body)});
				body = [];
			},
		});
	}

	get hasStarted(): boolean {
		return this.parser.hasStarted;
	}

	push(bytes: Buffer): CompleteResponse[] {
		this.parser.push(bytes);
		return this.#complete.splice(0);
	}

	end(): CompleteResponse | undefined {
		this.parser.end();
		return this.#complete.splice(0)[0];
	}
}
