/** Detach sequences in the input of a remote shell. */
import type {ActionId} from '../../actions/action-table.ts';
import {keyBytes} from '../../keymap/decode-keys.ts';
import {formatKeys, type Keymap} from '../../keymap/keymap.ts';

export type InputPart = {kind: 'pass'; bytes: Buffer} | {kind: 'detach'} | {kind: 'path'};

type Sequence = {bytes: Buffer; kind: 'detach' | 'path' | 'send-last-key'; lastKey: Buffer};

export class ShellKeys {
	readonly shown: string;
	readonly #sequences: readonly Sequence[];
	readonly #beginnings: ReadonlySet<number | undefined>;
	#held = Buffer.alloc(0);

	constructor(keymap: Keymap) {
		const terminal = keymap.get('terminal');
		const of = (action: ActionId, kind: Sequence['kind']) =>
			(terminal?.get(action)?.sequences ?? []).map(keys => {
				const bytes = Buffer.concat(keys.map(key => keyBytes(key)));
				return {bytes, kind, lastKey: keyBytes(keys.at(-1)!)};
			});
		this.#sequences = [...of('terminal.leave', 'detach'), ...of('terminal.path', 'path'), ...of('terminal.send-key', 'send-last-key')];
		this.#beginnings = new Set(this.#sequences.map(({bytes}) => bytes[0]));
		this.shown = (terminal?.get('terminal.leave')?.sequences ?? []).map(keys => formatKeys(keys)).join(' or ');
	}

	/** Splits the input at sequences. Keeps a partial sequence until the next call. */
	feed(typed: Buffer): InputPart[] {
		const parts: InputPart[] = [];
		let pass: number[] = [];
		const release = () => {
			if (pass.length > 0) {
				parts.push({kind: 'pass', bytes: Buffer.from(pass)});
				pass = [];
			}
		};

		for (const byte of typed) {
			// Fast path for large pastes: most bytes start no sequence.
			if (this.#held.length === 0 && !this.#beginnings.has(byte)) {
				pass.push(byte);
				continue;
			}

			this.#held = Buffer.concat([this.#held, Buffer.from([byte])]);
			const whole = this.#sequences.find(({bytes}) => bytes.equals(this.#held));
			if (whole) {
				this.#held = Buffer.alloc(0);
				if (whole.kind === 'send-last-key') {
					pass.push(...whole.lastKey);
				} else {
					release();
					parts.push({kind: whole.kind});
				}

				continue;
			}

			while (this.#held.length > 0 && this.#sequences.every(({bytes}) => !bytes.subarray(0, this.#held.length).equals(this.#held))) {
				pass.push(this.#held[0]!);
				this.#held = this.#held.subarray(1);
			}
		}

		release();
		return parts;
	}
}
