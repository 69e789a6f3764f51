/** Holds keys typed while a dialog or shell is prepared. */
import {keyBytes, type KeyInput} from '../../keymap/decode-keys.ts';
import {formatKeys, typedText, type Keymap} from '../../keymap/keymap.ts';
import type {Store} from '../frame/store.ts';

/** After this time keys apply to the visible screen. */
const limitMs = 5000;
/** A paste counts as one. */
const maxHeldInputs = 256;
const remindMs = 1000;
const saidAfterMs = 300;

export class CanceledError extends Error {
	override name = 'CanceledError';
}

type HoldOptions<Result> = {
	/** For example `reading ports`. */
	description: string;
	/** Whether held keys apply to the result; otherwise they are dropped. */
	opens?(result: Result): boolean;
};

type TypeAheadOptions = {
	pass(inputs: readonly KeyInput[]): void;
	/** `canCancel`: Esc ends the wait; of one that holds no keys, only in a view. `isReminder`: does not replace other messages. */
	show(text: string, how: {canCancel: boolean; holdsKeys?: boolean; isReminder?: boolean}): void;
	limitMs?: number;
	remindMs?: number;
};

/** `isOver`: its result is shown, but keys typed before are not passed on yet. */
type Preparation = {what: string; cancel(): void; timers: NodeJS.Timeout[]; isOver: boolean};

export function backKeys(keymap: Keymap): readonly string[] {
	return (keymap.get('global')?.get('view.back')?.sequences ?? []).flatMap(sequence =>
		sequence.length === 1 && typedText(sequence[0]!) === undefined ? sequence : [],
	);
}

export function createTypeAhead(store: Store, keymap: Keymap, pass: TypeAheadOptions['pass']): TypeAhead {
	const [back] = backKeys(keymap);
	return new TypeAhead({
		pass,
		show(text, {canCancel, holdsKeys = true, isReminder = false}) {
			const {dialog, notice, layers, pane} = store.state;
			const isInView = layers.length === 0 && pane === 'main';
			const isOffered = canCancel && (holdsKeys || isInView) && back !== undefined;
			if (dialog === null && (!isReminder || notice === null || notice.text === text)) {
				store.dispatchNow({
					type: 'notice',
					text,
					hint: isOffered ? `${formatKeys([back])} cancel` : '',
					canCancel: isOffered,
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
	#lasting: ReadonlyArray<{cancel(): void}> = [];
	#isFull = false;

	constructor(options: TypeAheadOptions) {
		this.#options = options;
	}

	/**
	Holds keys for up to 5 s, and passes them on after the caller had time to open a dialog.
	@throws CanceledError when the user canceled; `work` gets the signal
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
	Shows progress of work that may take a minute; keys keep their meaning. `say` changes the description.
	@throws CanceledError when the user canceled; `work` gets the signal
	*/
	async showProgress<Result>(what: string, work: (signal: AbortSignal, say: (what: string) => void) => Promise<Result>): Promise<Result> {
		const abort = new AbortController();
		const {promise: given, reject} = Promise.withResolvers<never>();
		const own = {
			cancel() {
				abort.abort();
				reject(new CanceledError(what));
			},
		};
		let now = what;
		const showWait = (isReminder: boolean) => {
			if (this.#lasting.at(-1) === own) {
				this.#options.show(`${now} …`, {canCancel: true, holdsKeys: false, isReminder});
			}
		};

		this.#lasting = [...this.#lasting, own];
		showWait(false);
		const reminder = setInterval(() => {
			showWait(true);
		}, this.#options.remindMs ?? remindMs).unref();
		try {
			return await Promise.race([
				work(abort.signal, to => {
					now = to;
					showWait(false);
				}),
				given,
			]);
		} finally {
			clearInterval(reminder);
			this.#lasting = this.#lasting.filter(one => one !== own);
		}
	}

	stopWaiting(): boolean {
		const last = this.#lasting.at(-1);
		this.#lasting = this.#lasting.slice(0, -1);
		last?.cancel();
		return last !== undefined;
	}

	/** The next key waits for what the caller does with the answer. */
	afterAnswer(): void {
		this.#end(
			this.#begin('', () => {}),
			true,
		);
	}

	get isHolding(): boolean {
		return this.#now !== null && !this.#now.isOver;
	}

	hold(input: KeyInput): boolean {
		if (this.#now === null) {
			return false;
		}

		// A missing key in the middle would change the meaning of the rest.
		this.#isFull ||= this.#held.length >= maxHeldInputs;
		if (!this.#isFull) {
			this.#held.push(input);
		}

		this.#say(this.#now);
		return true;
	}

	cancel(): boolean {
		const now = this.#now;
		if (now === null || now.what === '') {
			return false;
		}

		this.#leave(now);
		this.#held = [];
		now.cancel();
		return true;
	}

	takeBytes(): Buffer {
		return Buffer.concat(
			this.#held.splice(0).map(input => ('key' in input ? keyBytes(input.key) : Buffer.from('paste' in input ? input.paste : ''))),
		);
	}

	#begin(what: string, cancel: () => void): Preparation {
		const own: Preparation = {what, cancel, timers: [], isOver: false};
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

	#end(own: Preparation, isFor: boolean): void {
		own.isOver = true;
		for (const timer of own.timers) {
			clearTimeout(timer);
		}

		if (!isFor) {
			if (this.#now === own) {
				this.#leave(own);
				this.#held = [];
			}

			return;
		}

		// A dialog opens some promise turns later.
		setImmediate(() => {
			if (this.#now !== own) {
				return;
			}

			this.#leave(own);
			const held = this.#held.splice(0);
			if (held.length > 0) {
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
			this.#options.show(`${own.what} is taking long: dropped ${count === 1 ? 'the key' : `the ${count} keys`} typed meanwhile`, {
				canCancel: false,
			});
		}
	}

	#say(own: Preparation): void {
		if (own.what !== '') {
			const count = this.#held.length;
			this.#options.show(`${own.what} …${count === 0 ? '' : `  ${count} ${count === 1 ? 'key' : 'keys'} queued`}`, {canCancel: true});
		}
	}
}
