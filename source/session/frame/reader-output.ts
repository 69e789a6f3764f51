/** Writes what a screen reader reads: new messages, and below them the lines of the screen. */
import type {DOMElement} from 'ink';
import wrapAnsi from 'wrap-ansi';
import {truncateToCells} from '../../text/cell-width.ts';
import {escapeControls} from '../../text/sanitize.ts';
import type {ScreenInput} from '../kit/screen-input.ts';
import type {TreeOutput} from './ink-screen.ts';
import {textOf} from './paint-tree.ts';
import type {Message} from './session-state.ts';

/** Shown at once, so that it is read once. */
const [beginFrame, endFrame] = ['\u001B[?2026h', '\u001B[?2026l'];

export class ReaderOutput implements TreeOutput {
	readonly #stdout: NodeJS.WriteStream;
	readonly #announcements = new Announcements();
	#shown: readonly string[] = [];
	#columns = 0;

	constructor(stdout: NodeJS.WriteStream) {
		this.#stdout = stdout;
	}

	enter(): string {
		return '';
	}

	leave(): string {
		this.#shown = [];
		return '\r\n';
	}

	erase(): string {
		const erase = `${this.#toRow(0)}\u001B[J`;
		this.#shown = [];
		return erase;
	}

	/** Writes the changed rows only, because a screen reader reads all that is written. */
	show(root: DOMElement, {state: {messages, size}}: ScreenInput): string {
		const columns = this.#stdout.columns || 80;
		const rows = this.#stdout.rows || 24;
		const lines = spokenTree(root).split('\n');
		const wrapped = lines.flatMap(text =>
			wrapAnsi(truncateToCells(escapeControls(text), size.columns), columns, {trim: false, hard: true}).split('\n'),
		);
		// Rows above the screen could not be erased.
		const shown = wrapped.slice(0, rows - 1);
		if (columns !== this.#columns) {
			this.#columns = columns;
			this.#shown = [];
		}

		const said = this.#announcements.take(messages, performance.now());
		const bytes = said === null ? this.#changesTo(shown) : `${this.erase()}${said}\r\n${shown.join('\r\n')}`;
		this.#shown = shown;
		return bytes === '' ? '' : `${beginFrame}${bytes}${endFrame}`;
	}

	#changesTo(shown: readonly string[]): string {
		const before = this.#shown;
		const isChanged = (row: string, index: number) => row !== before[index];
		const first = shown.findIndex(isChanged);
		if (shown.length !== before.length) {
			const from = first < 0 ? shown.length - 1 : first;
			return `${this.#toRow(from)}\u001B[J${shown.slice(from).join('\r\n')}`;
		}

		const last = shown.findLastIndex(isChanged);
		const rows = shown.slice(first, last + 1).map(row => `\u001B[K${row}`);
		const down = shown.length - 1 - last;
		return first < 0 ? '' : `${this.#toRow(first)}${rows.join('\r\n')}${down === 0 ? '' : `\u001B[${down}B`}`;
	}

	/** From the last row to the start of this one, which may be the row after it. */
	#toRow(row: number): string {
		const up = this.#shown.length - 1 - row;
		return up < 0 && row > 0 ? '\r\n' : `\r${up > 0 ? `\u001B[${up}A` : ''}`;
	}
}

/** The labels, roles and states of the boxes, one line per box of a column: what Ink's own reader mode writes, and does not export. */
export function spokenTree(node: DOMElement, parentRole?: string): string {
	const {role, state = {}} = node.internal_accessibility ?? {};
	const parts = node.childNodes.map(child => (child.nodeName === '#text' ? '' : spokenTree(child, role)));
	const text =
		node.nodeName === 'ink-text' ? textOf(node) : parts.filter(part => part !== '').join(node.style.flexDirection === 'row' ? ' ' : '\n');
	const states = Object.entries(state).flatMap(([name, isSo]) => (isSo ? [name] : []));
	return `${role === undefined || role === parentRole ? '' : `${role}: `}${states.length === 0 ? '' : `(${states.join(', ')}) `}${text}`;
}

const apartMs = 1000;

export class Announcements {
	#last: Message | null = null;
	#saidAt = -apartMs;

	/** At most one text per second, about the worst new message; the rest are counted in it. `now` is monotonic, in ms. */
	take(messages: readonly Message[], now: number): string | null {
		const fresh = messages.slice(this.#last === null ? 0 : messages.indexOf(this.#last) + 1);
		if (fresh.length === 0 || now - this.#saidAt < apartMs) {
			return null;
		}

		this.#last = fresh.at(-1)!;
		this.#saidAt = now;
		const worst = fresh.findLast(({role}) => role === 'error') ?? fresh.findLast(({role}) => role === 'warn') ?? fresh.at(-1)!;
		const hint = worst.hint === '' ? '' : `, ${worst.hint}`;
		const more = fresh.length > 1 ? `; ${fresh.length - 1} more in the messages` : '';
		return `${escapeControls(worst.text)}${hint}${more}`;
	}
}
