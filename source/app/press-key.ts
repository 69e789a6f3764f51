/** From the terminal's bytes to actions: one place resolves every key, asks whether the action may be done, and runs it. */
import {mayDo} from '../actions/access.ts';
import {findAction} from '../actions/action-rows.ts';
import type {ActionRow} from '../actions/action-row.ts';
import {makeKeyDecoder, type KeyInput} from '../keymap/decode-keys.ts';
import {apart, isChord, showKeys, typedText} from '../keymap/key-name.ts';
import {effectiveBindings, resolveKey} from '../keymap/resolve-key.ts';
import {asSpokeError, SpokeError} from '../errors/spoke-error.ts';
import {keyContext, type SessionState} from '../state/session-state.ts';
import {cursorRow} from '../state/list-state.ts';
import type {Handlers} from './handlers/handler.ts';
import {overlayAction} from './overlay-actions.ts';
import type {Overlays} from './overlays.ts';
import {mayByName, ruleFor} from './rights.ts';
import type {Session} from './session.ts';
import {backKeys, GivenUp} from './typed-ahead.ts';

/** How long a lone escape byte may be the start of a key that the terminal spells with one. */
const escapeMs = 30;

export type KeyPress = {
	/** Bytes from the terminal. */
	bytes(chunk: Buffer): void;
	/** Keys that were held until now. */
	pass(inputs: readonly KeyInput[]): void;
	/** Runs an action by name: from the palette. */
	perform(id: string): void;
};

/** `onReport` hears what the terminal answers; `onKeys` when keys were done. */
export function makeKeyPress(session: Session, overlays: Overlays, handlers: Handlers, {onReport, onKeys}: {onReport(report: string): void; onKeys(): void}): KeyPress {
	const decoder = makeKeyDecoder();
	const {store, keymap, typedAhead} = session;
	let pending: readonly string[] = [];
	let timer: NodeJS.Timeout | null = null;

	const perform = (id: string) => {
		const action = findAction(id);
		const reason = action ? whyOff(store.state, action) : null;
		if (reason !== null) {
			void refuse(session, id, reason, () => {
				run(id);
			});
			return;
		}

		run(id);
	};

	const run = (id: string) => {
		const action = findAction(id);

		const overlay = overlayAction(session, overlays, id);
		if (overlay !== undefined) {
			overlay();
			return;
		}

		if (id !== 'path.why') {
			session.forgetFailure();
		}

		const handler = handlers[id];
		if (!handler) {
			session.tell(`${id} can do nothing here`);
			return;
		}

		void (async () => {
			try {
				await handler(session);
			} catch (thrown) {
				if (thrown instanceof GivenUp) {
					return;
				}

				const error = asSpokeError(thrown);
				if (error.code === 'ERR_INTERNAL') {
					throw error;
				}

				session.fail(action?.title ?? id, error);
			}
		})();
	};

	const press = (key: string) => {
		const context = keyContext(store.state);
		const resolved = resolveKey(keymap, context, pending, key);
		if (store.state.layers.at(-1)?.kind === 'help' && store.state.overlay === null && resolved.kind !== 'pending' && !(resolved.kind === 'matched' && resolved.action.startsWith('text.'))) {
			setPending([]);
			store.now({type: 'pop'});
			return;
		}

		switch (resolved.kind) {
			case 'matched': {
				setPending([]);
				perform(resolved.action);
				break;
			}

			case 'pending': {
				setPending(resolved.keys);
				break;
			}

			case 'none': {
				const was = pending;
				setPending([]);
				const both = was.length === 0 ? apart(key) : null;
				const text = typedText(key);
				if (both) {
					for (const one of both) {
						press(one);
					}
				} else if (store.state.overlay && text !== undefined) {
					store.now({type: 'overlay', event: {type: 'type', text}});
					overlays.changed();
				} else if (store.state.overlay && isQuit(key)) {
					// The way out of a question is no: only asked for twice does it lead out of the session.
					if (store.state.overlay.kind === 'confirm' && store.state.overlay.leaves) {
						perform('app.quit');
					} else {
						overlays.cancel();
					}
				} else if (store.state.overlay === null) {
					const help = effectiveBindings(keymap, context).find(({action}) => action === 'help.open')?.sequences[0];
					const nothing = text === undefined && isChord(key) ? '; nothing is deleted or killed by a key' : '';
					store.now({type: 'notice', text: `${showKeys([...was, key])} has no meaning here${nothing}`, hint: help === undefined ? '' : `${showKeys(help)} help`, isPassing: true, now: Date.now()});
				}
			}
		}
	};

	const isQuit = (key: string) => {
		const resolved = resolveKey(keymap, 'global', [], key);
		return resolved.kind === 'matched' && resolved.action === 'app.quit';
	};

	const setPending = (keys: readonly string[]) => {
		pending = keys;
		store.now({type: 'pending', keys: keys.length === 0 ? null : showKeys(keys)});
	};

	const take = (inputs: readonly KeyInput[]) => {
		store.together(() => {
			store.data({type: 'notice-read'});
			for (const input of inputs) {
				if ('report' in input) {
					onReport(input.report);
				} else if (!isLeaving(input) && !typedAhead.hold(input)) {
					takeOne(input);
				}
			}
		});
		onKeys();
	};

	/** What leads away is never held. The key for one step back takes back what was asked for, and no more. */
	const isLeaving = (input: KeyInput) => {
		const isBack = 'key' in input && backKeys(keymap).includes(input.key);
		const leaves = isBack || ('key' in input && isChord(input.key) && isQuit(input.key));
		const takesBack = isBack && store.state.overlay === null;
		return leaves && typedAhead.giveUp() ? takesBack : takesBack && typedAhead.stopWaiting();
	};

	const takeOne = (input: {key: string} | {paste: string}) => {
		const before = store.state.overlay;
		if ('key' in input) {
			press(input.key);
		} else if (store.state.overlay) {
			store.now({type: 'overlay', event: {type: 'type', text: input.paste}});
			overlays.changed();
		} else {
			session.tell('pasted text has no meaning here');
		}

		if (before !== null && store.state.overlay === null) {
			typedAhead.afterAnswer();
		}
	};

	return {
		perform,
		pass: take,
		bytes(chunk) {
			if (timer) {
				clearTimeout(timer);
				timer = null;
			}

			take(decoder.decode(chunk));
			if (decoder.waiting) {
				timer = setTimeout(() => {
					take(decoder.flush());
				}, escapeMs);
			}
		},
	};
}

/** Says why an action is off, unless it is allowed for the very pod under the cursor. */
async function refuse(session: Session, id: string, reason: string, run: () => void): Promise<void> {
	const {state} = session.store;
	const row = state.view === 'pods' && state.layers.length === 0 ? cursorRow(state.lists.pods) : null;
	const isByRight = state.refused.has(id) && !isReadOnly(state, findAction(id)!);
	const {access} = session.cluster;
	try {
		const may = isByRight && row !== null && await session.typedAhead.during({what: `asking whether you may for ${row.name}`, opens: may => may}, async () => mayByName(access, id, row.namespace, row.name));
		if (may) {
			run();
		} else if (isByRight) {
			session.fail(findAction(id)!.title, missingRight(state, id));
		} else {
			session.tell(reason, 'warn');
		}
	} catch (thrown) {
		if (!(thrown instanceof GivenUp)) {
			throw thrown;
		}
	}
}

/** Told as the apiserver's refusal would be, before it is met: `why` says what to ask for. */
function missingRight({refused, cluster}: SessionState, id: string): SpokeError {
	const rule = ruleFor(id);
	return new SpokeError('ERR_FORBIDDEN', `off, ${refused.get(id)!}`, {leg: 1, ...rule !== null && {remedy: `ask for  ${rule}  in namespace ${cluster.namespace ?? cluster.lastNamespace}, for user ${cluster.user}`}});
}

/** Why an action cannot be used now; `null` when it can. */
export function whyOff(state: SessionState, action: ActionRow): string | null {
	if (isReadOnly(state, action)) {
		return `${action.title}: off, --read-only is set`;
	}

	const refused = state.refused.get(action.id);
	return refused === undefined ? null : `${action.title}: off, ${refused}`;
}

/** Whether `--read-only` turns it off. */
export function isReadOnly({readOnly}: SessionState, {access}: ActionRow): boolean {
	return access !== 'screen' && !mayDo(access, {readOnly});
}
