/** Holds keys typed while a dialog or shell is prepared, so that they reach what opens, or nobody. */
import {rejectOnAbort} from '../../base/async/clock.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import {keyBytes, type KeyInput} from '../keymap/decode-keys.ts';
import {formatKeys, typedText, type Keymap} from '../keymap/keymap.ts';
import type {Store} from '../frame/store.ts';

/** After this time keys apply to the visible screen. */
const holdMs = 5000;
/** A paste counts as one. */
const maxHeldInputs = 256;
const remindEveryMs = 1000;
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

/** `isOver`: its result is shown, but keys typed before are not passed on yet. An answer has no `abort`: it cannot be canceled. */
type Wait = {what: string; abort?: AbortController; isOver: boolean};

export function backKeys(keymap: Keymap): readonly string[] {
	return (keymap.get('global')?.get('view.back')?.sequences ?? []).flatMap(sequence =>
		sequence.length === 1 && typedText(sequence[0]!) === undefined ? sequence : [],
	);
}

export class TypeAhead {
	readonly #store: Pick<Store, 'state' | 'dispatchNow'>;
	readonly #back: string | undefined;
	readonly #pass: (inputs: readonly KeyInput[]) => void;
	readonly #limits: {holdMs: number; remindEveryMs: number};
	#now: Wait | null = null;
	#held: KeyInput[] = [];
	#lasting: Wait[] = [];
	/** Inputs that were not held, and so went to the screen. */
	passed = 0;

	constructor(
		store: Pick<Store, 'state' | 'dispatchNow'>,
		keymap: Keymap,
		pass: (inputs: readonly KeyInput[]) => void,
		limits = {holdMs, remindEveryMs},
	) {
		this.#store = store;
		[this.#back] = backKeys(keymap);
		this.#pass = pass;
		this.#limits = limits;
	}

	/**
	Holds keys for up to 5 s, and passes them on after the caller had time to open a dialog. A later wait takes over those of an earlier one.
	@throws CanceledError when the user canceled; `work` gets the signal
	*/
	async during<Result>(
		{description: what, opens = () => true}: HoldOptions<Result>,
		work: (signal: AbortSignal) => Promise<Result>,
	): Promise<Result> {
		const abort = new AbortController();
		const wait: Wait = {what, abort, isOver: false};
		this.#now = wait;
		const timers = [
			setTimeout(() => {
				this.#say(wait);
			}, saidAfterMs),
			setTimeout(() => {
				this.#expire(wait);
			}, this.#limits.holdMs),
		];
		let isFor = false;
		try {
			const result = await rejectOnAbort(async () => work(abort.signal), abort.signal);
			isFor = opens(result);
			return result;
		} finally {
			for (const timer of timers) {
				clearTimeout(timer);
			}

			if (isFor) {
				this.#passSoon(wait);
			} else {
				this.#drop(wait);
			}
		}
	}

	/**
	Shows progress of work that may take a minute; keys keep their meaning. `say` changes the description.
	@throws CanceledError when the user canceled; `work` gets the signal
	*/
	async showProgress<Result>(what: string, work: (signal: AbortSignal, say: (what: string) => void) => Promise<Result>): Promise<Result> {
		const abort = new AbortController();
		const wait: Wait = {what, abort, isOver: false};
		const show = (isReminder: boolean) => {
			if (this.#lasting.at(-1) === wait) {
				const {layers, pane} = this.#store.state;
				this.#show(`${wait.what} …`, layers.length === 0 && pane === 'main', isReminder);
			}
		};

		this.#lasting.push(wait);
		show(false);
		const reminder = setInterval(() => {
			show(true);
		}, this.#limits.remindEveryMs).unref();
		const say = (to: string) => {
			wait.what = to;
			show(false);
		};

		try {
			return await rejectOnAbort(async () => work(abort.signal, say), abort.signal);
		} finally {
			clearInterval(reminder);
			this.#lasting = this.#lasting.filter(one => one !== wait);
		}
	}

	stopWaiting(): boolean {
		const last = this.#lasting.pop();
		last?.abort?.abort(new CanceledError(last.what));
		return last !== undefined;
	}

	/** The next key waits for what the caller does with the answer. */
	afterAnswer(): void {
		this.#now = {what: '', isOver: true};
		this.#passSoon(this.#now);
	}

	get isHolding(): boolean {
		return this.#now?.isOver === false;
	}

	hold(input: KeyInput): boolean {
		if (this.#now === null) {
			this.passed++;
			return false;
		}

		if (this.#held.length < maxHeldInputs) {
			this.#held.push(input);
		}

		this.#say(this.#now);
		return true;
	}

	cancel(): boolean {
		const wait = this.#now;
		if (!wait?.abort) {
			return false;
		}

		this.#drop(wait);
		wait.abort.abort(new CanceledError(wait.what));
		return true;
	}

	takeBytes(): Buffer {
		return Buffer.concat(
			this.#held.splice(0).map(input => ('key' in input ? keyBytes(input.key) : Buffer.from('paste' in input ? input.paste : ''))),
		);
	}

	/** A dialog opens some promise turns later. */
	#passSoon(wait: Wait): void {
		wait.isOver = true;
		setImmediate(() => {
			const held = this.#drop(wait);
			if (held.length > 0) {
				this.#pass(held);
			}
		});
	}

	/** Ends the holding. Returns what was held, if no other wait has taken it over. */
	#drop(wait: Wait): readonly KeyInput[] {
		if (this.#now !== wait) {
			return [];
		}

		this.#now = null;
		return this.#held.splice(0);
	}

	#expire(wait: Wait): void {
		const {length} = this.#drop(wait);
		if (length > 0) {
			const keys = length === 1 ? 'the key' : `the ${length} keys`;
			this.#show(`${wait.what} is taking long: dropped ${keys} typed meanwhile`, false);
		}
	}

	#say(wait: Wait): void {
		if (wait.abort && this.#now === wait) {
			const {length} = this.#held;
			this.#show(`${wait.what} …${length === 0 ? '' : `  ${formatQuantity(length, 'key')} queued`}`, true);
		}
	}

	/** `canCancel`: Back ends the wait. A reminder does not replace other messages. */
	#show(text: string, canCancel: boolean, isReminder = false): void {
		const {dialog, notice} = this.#store.state;
		if (dialog === null && (!isReminder || notice === null || notice.text === text)) {
			const hint = canCancel && this.#back !== undefined ? `${formatKeys([this.#back])} cancel` : '';
			this.#store.dispatchNow({type: 'notice', text, hint, canCancel: hint !== '', isPassing: true, now: Date.now()});
		}
	}
}
