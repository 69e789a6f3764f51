/** Detach keys: parsing, and detection in the input. */
import {SpokeError} from '../errors/spoke-error.ts';

export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/**
`ctrl-p,ctrl-q`, `a`, `DEL`, as in kubectl.
@throws SpokeError ERR_USAGE
@see https://github.com/moby/term/blob/main/ascii.go
*/
export function parseDetachKeys(keys: string): Buffer {
	return Buffer.from(
		keys.split(',').map(key => {
			const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
			if (control !== undefined) {
				return control.toUpperCase().codePointAt(0)! - 0x40;
			}

			if (key === 'DEL') {
				return 0x7f;
			}

			if (key.length !== 1) {
				throw new SpokeError(
					'ERR_USAGE',
					`unknown key ${JSON.stringify(key)} in --detach-keys: it must be one character, ctrl- and a letter or one of @[\\]^_, or DEL`,
				);
			}

			return key.codePointAt(0)!;
		}),
	);
}

/** Buffers a partial match. */
export class DetachKeys {
	readonly #keys: Buffer;
	#matched = 0;

	constructor(keys: Buffer) {
		this.#keys = keys;
	}

	/** Bytes after the keys are dropped. */
	feed(typed: Buffer): {pass: Buffer; detached: boolean} {
		const pass: number[] = [];
		for (const byte of typed) {
			if (byte !== this.#keys[this.#matched]) {
				pass.push(...this.#keys.subarray(0, this.#matched));
				this.#matched = 0;
			}

			if (byte === this.#keys[this.#matched]) {
				this.#matched++;
			} else {
				pass.push(byte);
			}

			if (this.#matched === this.#keys.length) {
				return {pass: Buffer.from(pass), detached: true};
			}
		}

		return {pass: Buffer.from(pass), detached: false};
	}
}
