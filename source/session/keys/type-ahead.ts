/** What becomes of keys that are typed while what a key asked for is being prepared: they are held in order for it, and dropped where it does not come. */
import {keyBytes} from '../../keymap/key-bytes.ts';
import type {KeyInput} from '../../keymap/decode-keys.ts';
import {formatKeys, typedText} from '../../keymap/key-name.ts';
import type {Keymap} from '../../keymap/keymap.ts';
import type {Store} from '../store.ts';

/** Longer than this nobody types blind; then a key means what is on the screen again. */
const limitMs = 5000;
/** So many keys; a pasted text is one. */
const mostInputs = 256;
/** How often a long wait is told again, where nothing else is. */
const remindMs = 1000;
/** A wait that is shorter is not worth a word. */
const saidAfterMs = 300;

/** Thrown into a handler whose dialog is not wanted any more. */
export class CanceledError extends Error {
	override name = 'GivenUp';
}

export type HoldOptions<Result> = {
	/** What is waited for, as the last row says it: `reading ports`. */
	description: string;
	/** Whether the result leads to what the held keys are for; else they are dropped. */
	opens?(result: Result): boolean;
};

export type TypeAheadOptions = {
	/** Keys whose time has come, in order. */
	pass(inputs: readonly KeyInput[]): void;
	/** For the last row. `canCancel`: it lasts, and Esc ends it. `isReminder`: it takes nothing else away from there. */
	tell(text: string, how: {canCancel: boolean; isReminder?: boolean}): void;
	limitMs?: number;
	remindMs?: number;
};

type Preparation = {what: string; giveUp(): void; timers: NodeJS.Timeout[]};

/** What goes one step back and is never text. */
export function backKeys(keymap: Keymap): readonly string[] {
	return (keymap.get('global')?.get('view.back')?.sequences ?? []).flatMap(sequence =>
		sequence.length === 1 && typedText(sequence[0]!) === undefined ? sequence : [],
	);
}

/** The session's: what it says stands in the last row, unless a dialog is open. */
export function createTypeAhead(store: Store, keymap: Keymap, pass: TypeAheadOptions['pass']): TypeAhead {
	const [back] = backKeys(keymap);
	return new TypeAhead({
		pass,
		tell(text, {canCancel: mayGiveUp, isReminder = false}) {
			const {overlay, notice} = store.state;
			if (overlay === null && (!isReminder || notice === null || notice.text === text)) {
				store.now({
					type: 'notice',
					text,
					hint: mayGiveUp && back !== undefined ? `${formatKeys([back])} drops it` : '',
					isPassing: true,
					now: Date.now(),
				});
			}
		},
	});
}

export class TypeAhead {
	readonly #options: TypeAheadOptions;
	#now: Preparation | null = null;
	#held: KeyInput[] = [];
	/** Long waits, the newest last. */
	#lasting: ReadonlyArray<{giveUp(): void}> = [];
	#isFull = false;

	constructor(options: TypeAheadOptions) {
		this.#options = options;
	}

	/**
	Waits for `work`, and holds meanwhile what is typed for a few seconds. What is held is passed on when whoever waited had time to open a dialog, or began to prepare another thing.
	@throws CanceledError when the person did not want it any more; `work` hears of it by its signal.
	*/
	async during<Result>(
		{description: what, opens = () => true}: HoldOptions<Result>,
		work: (signal: AbortSignal) => Promise<Result>,
	): Promise<Result> {
		const abort = new AbortController();
		const {promise: given, reject} = Promise.withResolvers<never>();
		const own = this.#begin(what, () => {
			abort.abort();
			reject(new CanceledError(what));
		});
		let isFor = false;
		try {
			const result = await Promise.race([work(abort.signal), given]);
			isFor = opens(result);
			return result;
		} finally {
			this.#end(own, isFor);
		}
	}

	/**
	Waits for what may take a minute: keys mean what is on the screen, and it is told all the while. `say` changes what is waited for.
	@throws CanceledError when the person did not want it any more; `work` hears of it by its signal.
	*/
	async showProgress<Result>(what: string, work: (signal: AbortSignal, say: (what: string) => void) => Promise<Result>): Promise<Result> {
		const abort = new AbortController();
		const {promise: given, reject} = Promise.withResolvers<never>();
		const own = {
			giveUp() {
				abort.abort();
				reject(new CanceledError(what));
			},
		};
		let now = what;
		const tell = (isReminder: boolean) => {
			if (this.#lasting.at(-1) === own) {
				this.#options.tell(`${now} …`, {canCancel: true, isReminder});
			}
		};

		this.#lasting = [...this.#lasting, own];
		tell(false);
		const reminder = setInterval(() => {
			tell(true);
		}, this.#options.remindMs ?? remindMs).unref();
		try {
			return await Promise.race([
				work(abort.signal, to => {
					now = to;
					tell(false);
				}),
				given,
			]);
		} finally {
			clearInterval(reminder);
			this.#lasting = this.#lasting.filter(one => one !== own);
		}
	}

	/** Ends the newest of the long waits; false when there is none. */
	stopWaiting(): boolean {
		const last = this.#lasting.at(-1);
		this.#lasting = this.#lasting.slice(0, -1);
		last?.giveUp();
		return last !== undefined;
	}

	/** A dialog was answered: the next key waits for what its asker makes of it. */
	afterAnswer(): void {
		this.#end(
			this.#begin('', () => {}),
			true,
		);
	}

	/** Takes a key to hold; false when nothing is being prepared, and it means what it means. */
	hold(input: KeyInput): boolean {
		if (this.#now === null) {
			return false;
		}

		// One that is missing in the middle would change what the others mean.
		this.#isFull ||= this.#held.length >= mostInputs;
		if (!this.#isFull) {
			this.#held.push(input);
		}

		this.#say(this.#now);
		return true;
	}

	/** Nobody wants it any more. True when something was being prepared. */
	giveUp(): boolean {
		const now = this.#now;
		if (now === null || now.what === '') {
			return false;
		}

		this.#leave(now);
		this.#held = [];
		now.giveUp();
		return true;
	}

	/** What is held, as the terminal sent it: for a shell that opens. */
	takeBytes(): Buffer {
		return Buffer.concat(
			this.#held.splice(0).map(input => ('key' in input ? keyBytes(input.key) : Buffer.from('paste' in input ? input.paste : ''))),
		);
	}

	#begin(what: string, giveUp: () => void): Preparation {
		const own: Preparation = {what, giveUp, timers: []};
		if (this.#now === null) {
			this.#isFull = false;
		} else {
			this.#leave(this.#now);
		}

		this.#now = own;
		if (what !== '') {
			own.timers.push(
				setTimeout(() => {
					this.#say(own);
				}, saidAfterMs),
				setTimeout(() => {
					this.#expire(own);
				}, this.#options.limitMs ?? limitMs),
			);
		}

		return own;
	}

	/** Not at once: a dialog opens some turns of the promises later. */
	#end(own: Preparation, isFor: boolean): void {
		for (const timer of own.timers) {
			clearTimeout(timer);
		}

		setImmediate(() => {
			if (this.#now !== own) {
				return;
			}

			this.#leave(own);
			const held = this.#held.splice(0);
			if (isFor && held.length > 0) {
				this.#options.pass(held);
			}
		});
	}

	#leave(own: Preparation): void {
		for (const timer of own.timers) {
			clearTimeout(timer);
		}

		this.#now = null;
	}

	#expire(own: Preparation): void {
		this.#leave(own);
		const count = this.#held.splice(0).length;
		if (count > 0) {
			this.#options.tell(
				`${own.what} takes long: ${count === 1 ? 'the key' : `${count} keys`} typed meanwhile ${count === 1 ? 'is' : 'are'} dropped`,
				{canCancel: false},
			);
		}
	}

	#say(own: Preparation): void {
		if (own.what !== '') {
			const count = this.#held.length;
			this.#options.tell(`${own.what} …${count === 0 ? '' : `  ${count} ${count === 1 ? 'key waits' : 'keys wait'}`}`, {canCancel: true});
		}
	}
}
