/** What is typed for a remote shell: detach sequences, lines without a terminal, and the keys after its end. */
import {StringDecoder} from 'node:string_decoder';
import type {ActionId} from '../actions/action-table.ts';
import {createKeyDecoder, keyBytes} from '../keymap/decode-keys.ts';
import {describeKeys, resolveKey, formatKeys, type Keymap} from '../keymap/keymap.ts';

export type InputPart = {kind: 'pass'; bytes: Buffer} | {kind: 'detach'} | {kind: 'path'};

type Sequence = {bytes: Buffer; kind: 'detach' | 'path' | 'send-last-key'; lastKey: Buffer};

export type ExitChoice = 'back' | 'why' | 'rerun';

const meanings: Readonly<Record<string, ExitChoice>> = {why: 'why', 'ended.new-shell': 'rerun'};

/** Without `view.back`, which the key has done. */
const showing = /^(?:move\..*|view\.(?!back|zoom).*|help\.open|messages\.open|palette\.open)$/;

type LineEditorOutput = {
	echo: string;
	/** Complete lines. */
	send: string;
	/** Ctrl-D on an empty line. */
	isEnd: boolean;
	/** Ctrl-C. */
	isInterrupt: boolean;
};

/** The line editor ignores them. */
const keySequence = /\u001B(?:\[[\d;?]*[ -/]*[@-~]|O[ -~])?/g;

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

/** Keys on the plain screen after a shell. */
export class ExitKeys {
	readonly #keymap: Keymap;
	readonly #decoder = createKeyDecoder();
	readonly #chosen = Promise.withResolvers<ExitChoice>();
	#deafUntil = Infinity;
	#canRerun = false;
	#lastKey: string | null = null;

	constructor(keymap: Keymap) {
		this.#keymap = keymap;
	}

	hintLine(where: string, {canRerun}: {canRerun: boolean}): string {
		this.#canRerun = canRerun;
		const hints = describeKeys(this.#keymap, 'ended').filter(
			({action, keys}) => keys.length > 0 && meanings[action.id] !== undefined && (canRerun || action.id !== 'ended.new-shell'),
		);
		return [
			...hints.map(({keys, action}) => `${keys[0]!}: ${action.title}`),
			`${hints.length > 0 ? 'any other' : 'Any'} key: back to ${where}`,
		].join('  ');
	}

	feed(bytes: Buffer): void {
		const inputs = this.#decoder.decode(bytes);
		const all = this.#decoder.isWaiting ? [...inputs, ...this.#decoder.flush()] : inputs;
		if (performance.now() < this.#deafUntil) {
			return;
		}

		for (const input of all) {
			// A late terminal report is not a key.
			if ('report' in input || 'mouse' in input) {
				continue;
			}

			this.#lastKey = 'key' in input ? input.key : null;
			const resolved = 'key' in input ? resolveKey(this.#keymap, 'ended', [], input.key) : null;
			const meaning = resolved?.kind === 'matched' ? (meanings[resolved.action] ?? 'back') : 'back';
			this.#chosen.resolve(meaning === 'rerun' && !this.#canRerun ? 'back' : meaning);
			return;
		}
	}

	/** What the key that led back does in the view, if it only moves or shows something. */
	viewAction(context: string): ActionId | null {
		const resolved = this.#lastKey === null ? null : resolveKey(this.#keymap, context, [], this.#lastKey);
		return resolved?.kind === 'matched' && showing.test(resolved.action) ? resolved.action : null;
	}

	goBack(): void {
		this.#chosen.resolve('back');
	}

	/** Ignores keys for `ignoreInputMs`: they were meant for the remote program. */
	async next({ignoreInputMs}: {ignoreInputMs: number}): Promise<ExitChoice> {
		this.#deafUntil = performance.now() + ignoreInputMs;
		return this.#chosen.promise;
	}
}

/** A line editor like a terminal in canonical mode. */
export class LineEditor {
	readonly #utf8 = new StringDecoder('utf8');
	#line: string[] = [];

	feed(bytes: Uint8Array): LineEditorOutput {
		const out: LineEditorOutput = {echo: '', send: '', isEnd: false, isInterrupt: false};
		for (const character of this.#utf8.write(Buffer.from(bytes)).replaceAll(keySequence, '')) {
			this.#onCharacter(character, out);
		}

		return out;
	}

	#onCharacter(character: string, out: LineEditorOutput): void {
		switch (character) {
			case '\r':
			case '\n': {
				out.send += `${this.#line.join('')}\n`;
				out.echo += '\r\n';
				this.#line = [];
				break;
			}

			case '\b':
			case '\u007F': {
				out.echo += this.#line.length > 0 ? '\b \b' : '';
				this.#line.pop();
				break;
			}

			case '\u0015': {
				out.echo += '\b \b'.repeat(this.#line.length);
				this.#line = [];
				break;
			}

			case '\u0003': {
				out.isInterrupt = true;
				break;
			}

			case '\u0004': {
				out.send += this.#line.join('');
				out.isEnd ||= this.#line.length === 0;
				this.#line = [];
				break;
			}

			default: {
				if (character >= ' ' || character === '\t') {
					this.#line.push(character);
					out.echo += character;
				}
			}
		}
	}
}
