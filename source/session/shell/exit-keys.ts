/** Keys on the plain screen after a shell. */
import {createKeyDecoder} from '../../keymap/decode-keys.ts';
import {describeKeys} from '../../keymap/describe-keys.ts';
import type {ActionId} from '../../actions/action-table.ts';
import type {Keymap} from '../../keymap/keymap.ts';
import {resolveKey} from '../../keymap/resolve-key.ts';

export type ExitChoice = 'back' | 'why' | 'rerun';

const meanings: Readonly<Record<string, ExitChoice>> = {why: 'why', 'ended.new-shell': 'rerun'};

/** Without `view.back`, which the key has done. */
const showing = /^(?:move\..*|view\.(?!back|zoom).*|help\.open|messages\.open|palette\.open)$/;

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
