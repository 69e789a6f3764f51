/** Dialogs as promises, and the handlers of their keys. */
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
import type {FillOptions, Handler, Handlers, TextPromptOptions} from '../frame/session.ts';
import {
	atEnd,
	cardText,
	equivalentCommand,
	matchingItems,
	withMissingField,
	type CardChoice,
	type CardDialog,
	type ConfirmDialog,
	type Dialog,
	type DialogEvent,
	type FormDialog,
	type PickOptions,
	type PickerDialog,
	type PromptDialog,
} from './dialog.ts';
import {statusMessage} from '../../cluster/server-messages/unwrap-message.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import type {Store} from '../frame/store.ts';
import {sessionErrorParts} from '../kit/screen-input.ts';
import {CanceledError, type TypeAhead} from './type-ahead.ts';

type Waiting<Kind extends Dialog> = {
	accept(dialog: Kind): Promise<boolean> | boolean;
	cancel(): void;
	choose?(choice: CardChoice): void;
	changed?(dialog: Kind): Kind;
};

export class Dialogs {
	readonly #store: Store;
	readonly #typeAhead: TypeAhead;
	readonly #history = new Map<string, string[]>();
	#waiting: Waiting<Dialog> | null = null;

	constructor(store: Store, typeAhead: TypeAhead) {
		this.#store = store;
		this.#typeAhead = typeAhead;
	}

	/** Asks for a yes or no. `leaves`: yes ends the session. */
	async ask(question: string, details: readonly string[] = [], {leaves = false}: {leaves?: boolean} = {}): Promise<boolean> {
		return this.#open<boolean, ConfirmDialog>({kind: 'confirm', question, details, leaves}, resolve => ({
			accept() {
				resolve(true);
				return true;
			},
			cancel() {
				resolve(false);
			},
		}));
	}

	/** Shows a failure until a key; `null` if the user closes it. */
	async showCard(title: string, error: ErrorObject): Promise<CardChoice | null> {
		return this.#open<CardChoice | null, CardDialog>({kind: 'card', title, parts: cardParts(error), code: error.code}, resolve => ({
			accept: () => false,
			choose: resolve,
			cancel() {
				resolve(null);
			},
		}));
	}

	/** Opens a prompt; `null` if the user cancels. */
	async promptForText(options: TextPromptOptions): Promise<{text: string; regex: boolean} | null> {
		const history = this.#history.get(options.purpose) ?? [];
		const text = options.text ?? '';
		const dialog: PromptDialog = {
			kind: 'prompt',
			lead: options.lead,
			purpose: options.purpose,
			// After a beginning such as `svc/` the rest is typed.
			typed: {...atEnd(text), untouched: text !== '' && !/[/:]$/.test(text)},
			regex: options.regex ?? false,
			canUseRegex: options.canUseRegex ?? false,
			note: options.note?.(text) ?? options.waits ?? '',
			problem: options.problem ?? null,
			history,
			historyAt: -1,
			candidates: [],
			accept: options.accept ?? 'accept',
		};
		const fresh = options.note && this.#keepNote(options.purpose, options.note);
		const answer = this.#open<{text: string; regex: boolean} | null, PromptDialog>(dialog, resolve => ({
			accept: one => {
				const {typed, regex} = one;
				const problem = options.check?.(typed.text, regex) ?? null;
				if (problem !== null) {
					this.#set({...one, problem});
					return false;
				}

				if (typed.text !== '') {
					this.#history.set(options.purpose, [typed.text, ...history.filter(other => other !== typed.text)].slice(0, 50));
				}

				resolve({text: typed.text, regex});
				return true;
			},
			cancel() {
				resolve(null);
			},
			changed(prompt) {
				options.onChange?.(prompt.typed.text, prompt.regex);
				return {...prompt, note: options.note?.(prompt.typed.text) ?? prompt.note};
			},
		}));
		return answer.finally(() => {
			clearInterval(fresh);
		});
	}

	#keepNote(purpose: string, note: (text: string) => string): NodeJS.Timeout {
		return setInterval(() => {
			const {dialog} = this.#store.state;
			if (dialog?.kind === 'prompt' && dialog.purpose === purpose && dialog.candidates.length === 0) {
				const now = note(dialog.typed.text);
				if (now !== dialog.note) {
					this.#set({...dialog, note: now});
				}
			}
		}, 250).unref();
	}

	/** Opens a picker; resolves to an item id or a typed text, or `null` if the user cancels. */
	async pick(options: PickOptions): Promise<string | null> {
		const {text = '', selected, ...shown} = options;
		const index = Math.max(
			0,
			options.items.findIndex(({id}) => id === selected),
		);
		const dialog: PickerDialog = {kind: 'picker', ...shown, typed: atEnd(text), from: 0, index};
		const completed = (one: PickerDialog): PickerDialog => {
			const at = options.argumentAt?.(one.typed.text) ?? null;
			return {...one, from: at?.from ?? 0, items: at?.items ?? options.items};
		};

		options.onNames?.(() => {
			const {dialog: now} = this.#store.state;
			if (now?.kind === 'picker' && now.purpose === options.purpose) {
				this.#set(completed(now));
			}
		});
		return this.#open<string | null, PickerDialog>(dialog, resolve => ({
			changed: options.argumentAt === undefined ? picker => picker : completed,
			accept(picker) {
				const chosen = chosenIn(picker);
				if (chosen === null) {
					return false;
				}

				resolve(chosen);
				return true;
			},
			cancel() {
				resolve(null);
			},
		}));
	}

	/** Opens a form; resolves to the values by field name, or `null` if the user cancels. */
	async fill(options: FillOptions): Promise<Readonly<Record<string, string>> | null> {
		const valuesOf = (form: FormDialog) => Object.fromEntries(form.fields.map(field => [field.name, field.value]));
		const fresh: FormDialog = {
			kind: 'form',
			title: options.title,
			fields: options.fields,
			at: 0,
			problem: null,
			notes: [],
			submit: options.submit,
		};
		const dialog = {...fresh, notes: options.notes?.(valuesOf(fresh)) ?? []};
		return this.#open<Readonly<Record<string, string>> | null, FormDialog>(dialog, resolve => {
			const check = async (form: FormDialog) => {
				const values = valuesOf(form);
				const problem = (await options.check?.(values)) ?? null;
				if (problem !== null) {
					const {dialog: now} = this.#store.state;
					if (now?.kind === 'form' && now.title === options.title) {
						this.#set({...now, problem});
					}

					return false;
				}

				resolve(values);
				return true;
			};

			return {
				accept: form => {
					const incomplete = withMissingField(form);
					if (incomplete === null) {
						return check(form);
					}

					this.#set(incomplete);
					return false;
				},
				cancel() {
					resolve(null);
				},
				changed(form) {
					const adjusted = {...form, fields: options.adjust?.(form.fields) ?? form.fields};
					return {...adjusted, notes: options.notes?.(valuesOf(adjusted)) ?? []};
				},
			};
		});
	}

	/** Synchronous if possible: the next key of a burst has another meaning. */
	accept(): void {
		const {dialog} = this.#store.state;
		const waiting = this.#waiting;
		const done = dialog && waiting ? waiting.accept(dialog) : false;
		const close = (isDone: boolean) => {
			if (isDone && this.#waiting === waiting) {
				this.#close();
			}
		};

		if (typeof done === 'boolean') {
			close(done);
		} else {
			// Keys typed meanwhile go to what opens after the form.
			void this.#typeAhead
				.during({description: 'checking', opens: isDone => isDone}, async () => done)
				.then(close, (thrown: unknown) => {
					if (!(thrown instanceof CanceledError)) {
						throw thrown;
					}
				});
		}
	}

	cancel(): void {
		const waiting = this.#waiting;
		this.#close();
		waiting?.cancel();
	}

	choose(choice: CardChoice): void {
		const waiting = this.#waiting;
		this.#close();
		waiting?.choose?.(choice);
	}

	changed(): void {
		const {dialog} = this.#store.state;
		const next = dialog && this.#waiting?.changed?.(dialog);
		if (next && next !== dialog) {
			this.#set(next);
		}
	}

	/** Adds completions to the open prompt of `purpose`. `instead` replaces a text that the user has not changed. */
	offer(purpose: string, names: readonly string[], instead?: {from: string; to: string}): void {
		const {dialog} = this.#store.state;
		if (dialog?.kind === 'prompt' && dialog.purpose === purpose) {
			const typed = instead?.from === dialog.typed.text ? atEnd(instead.to) : dialog.typed;
			const candidates = [...new Set([...dialog.candidates, ...names])];
			this.#set({...dialog, typed, candidates, note: formatQuantity(names.length, 'name')});
		}
	}

	#set(dialog: Dialog): void {
		this.#store.dispatchNow({type: 'dialog', event: {type: 'set', dialog}});
	}

	#close(): void {
		this.#waiting = null;
		this.#store.dispatchNow({type: 'close-dialog'});
	}

	async #open<Answer, Kind extends Dialog>(dialog: Kind, wait: (resolve: (answer: Answer) => void) => Waiting<Kind>): Promise<Answer> {
		this.#waiting?.cancel();
		const {promise, resolve} = Promise.withResolvers<Answer>();
		this.#waiting = wait(resolve);
		this.#store.dispatchNow({type: 'open-dialog', dialog});
		return promise;
	}
}

/** A Status by its message; the why screen has the whole text. */
function cardParts(error: ErrorObject): CardDialog['parts'] {
	return sessionErrorParts(error).map(({role, text}) => {
		const message = role === 'server' ? statusMessage(text) : null;
		return {role, text: sanitizeLine(message === null || message === '' ? text : message)};
	});
}

/** A disabled item can be chosen; the caller shows the reason. */
function chosenIn(picker: PickerDialog): string | null {
	const typed = picker.typed.text.trim();
	const item = matchingItems(picker)[picker.index];
	if (picker.from > 0 && item !== undefined) {
		return picker.typed.text.slice(0, picker.from) + item.id;
	}

	const isCommand = picker.free === true && typed.includes(' ');
	if (item !== undefined && !isCommand) {
		return item.id;
	}

	return picker.free && typed !== '' ? typed : null;
}

const accept: Handler = (_, dialogs) => {
	dialogs.accept();
};

const cancel: Handler = (_, dialogs) => {
	dialogs.cancel();
};

const choose =
	(choice: CardChoice): Handler =>
	(_, dialogs) => {
		dialogs.choose(choice);
	};

const edit =
	(event: DialogEvent): Handler =>
	({store}, dialogs) => {
		store.dispatchNow({type: 'dialog', event});
		dialogs.changed();
	};

const down = edit({type: 'move', by: 1});
const up = edit({type: 'move', by: -1});

/** Handlers of the keys of dialogs. */
export const dialogHandlers = {
	'confirm.yes': accept,
	'confirm.no': cancel,
	'card/doctor': choose('doctor'),
	'card/retry': choose('retry'),
	'card/copy'(session) {
		const {dialog} = session.store.state;
		if (dialog?.kind === 'card') {
			session.copy(cardText(dialog), 'the failure');
		}
	},
	'card/why': choose('why'),
	accept,
	cancel,
	'form/move.down': down,
	'form/move.up': up,
	'form/value.previous': edit({type: 'choose', by: -1}),
	'form/value.next': edit({type: 'choose', by: 1}),
	'form/copy'(session) {
		const {dialog} = session.store.state;
		const script = dialog?.kind === 'form' ? equivalentCommand(dialog) : null;
		if (script !== null) {
			session.copy(script, 'the command');
		}
	},
	'picker/move.down': down,
	'picker/move.up': up,
	'prompt.older': edit({type: 'history', by: 1}),
	'prompt.newer': edit({type: 'history', by: -1}),
	'prompt/move.left': edit({type: 'caret', to: 'left'}),
	'prompt/move.right': edit({type: 'caret', to: 'right'}),
	'prompt/move.start': edit({type: 'caret', to: 'start'}),
	'prompt/move.end': edit({type: 'caret', to: 'end'}),
	'prompt.delete-word': edit({type: 'erase-word'}),
	'prompt.regex': edit({type: 'regex'}),
	complete: edit({type: 'complete'}),
	erase: edit({type: 'erase'}),
	clear: edit({type: 'clear'}),
} satisfies Handlers;
