/** A remote program has the whole terminal; what it was, how it went and how it ended is said on the plain screen around it. */
import type {Readable} from 'node:stream';
import {once} from 'node:events';
import {finished} from 'node:stream/promises';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {RemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {describeOpenConnections, worstPath} from '../../state/connection-list.ts';
import {formatDuration} from '../../text/format-duration.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {LineEditor} from '../../terminal/line-editor.ts';
import {TerminalModes} from '../../terminal/terminal-modes.ts';
import {isScreenReaderEnabled, legSentences} from '../../ui/spoken-path.ts';
import {formatQuantity} from '../../text/format-number.ts';
import type {Session} from '../session.ts';
import {LeaveKeys} from './leave-keys.ts';
import {formatPlainPathLine} from './plain-path-line.ts';
import {ExitKeys, type ExitChoice} from './exit-keys.ts';

type End = {words: string; error: SpokeError | null};

export type RemoteRunResult = {end: End; path: Path | null; next: ExitChoice};

type Told = {
	/** `prod-eu payments/api-x2xkq, container app`. */
	place: string;
	kind: 'shell' | 'attach';
	tty: boolean;
	/** As of Date.now(). */
	began: number;
	/** What was typed while it was opened. */
	ahead?: Buffer;
	/** Whether this end is told elsewhere: the screen comes back without a key. */
	mayEndUnseen(error: SpokeError): boolean;
	/** The status that counts, where the stream's own says nothing: attach ends with 0 whatever became of the process. `null` when it is not told. */
	statusOf?: () => Promise<number | null>;
};

/** Until it ended or was left, and a key said what is next. */
export async function runRemoteInTerminal(session: Session, id: string, remote: RemoteCommand, told: Told): Promise<RemoteRunResult> {
	const {stdout} = session.terminal;
	const {closing} = session;
	const leave = new LeaveKeys(session.keymap);
	const left = Promise.withResolvers<'left'>();
	const ended = new ExitKeys(session.keymap);
	const modes = new TerminalModes();
	const linesBefore = linesIn(session);
	const pathNow = () => worstPath(session.store.state.dock.find(one => one.id === id)?.paths.values() ?? []);
	const pathLine = (error: SpokeError | null = null) => pathWords(session, pathNow(), error);
	const typed = typingTo(remote, stdout, leave, {
		tty: told.tty,
		pathLine,
		onLeave() {
			left.resolve('left');
		},
	});
	const onClosing = () => {
		left.resolve('left');
		ended.leave();
	};

	let isOver = false;
	closing.addEventListener('abort', onClosing);
	return session
		.withShell<RemoteRunResult>(
			bytes => {
				if (isOver) {
					ended.feed(bytes);
				} else {
					typed(bytes);
				}
			},
			async () => {
				stdout.write(openingWords(session, id, told, {path: pathLine(), leave: leave.shown, takesInput: remote.stdin !== null}));
				const stopSizes = told.tty ? followSize(stdout, remote, told.kind) : () => {};
				typed(told.ahead ?? Buffer.alloc(0));
				const outputs = printOutputs(remote, stdout, {modes, tty: told.tty, isOver: () => isOver});
				let end: End;
				try {
					// What came before a cut is written as well.
					end = await endOf(Promise.race([outputs.then(async () => remote.outcome), left.promise]), told);
				} finally {
					isOver = true;
					stopSizes();
					remote.close();
				}

				const path = pathNow();
				stdout.write(`${modes.undo()}${modes.atLineStart ? '' : '\r\n'}`);
				if (end.error !== null && told.mayEndUnseen(end.error)) {
					return {end, path, next: 'back'};
				}

				stdout.write(`spoke  ${end.words}\r\n`);
				if (closing.aborted) {
					return {end, path, next: 'back'};
				}

				stdout.write(
					`${pathLine(end.error)}${unknownStatus(told, end)}${meanwhile(session, {id, began: told.began, lines: linesIn(session) - linesBefore})}`,
				);
				stdout.write(`       ${ended.shown(viewWords(session), {again: end.error !== null && told.kind === 'shell'})}\r\n`);
				// What was typed for the far side when its end came is not for us.
				return {end, path, next: await ended.next({deafMs: end.error === null ? 0 : 500})};
			},
		)
		.finally(() => {
			closing.removeEventListener('abort', onClosing);
		});
}

function unknownStatus({kind}: Told, {error}: End): string {
	return error === null
		? ''
		: `       Exit status unknown. The ${kind === 'shell' ? 'shell' : 'process'} may still run in the container.\r\n`;
}

function pathWords(session: Session, path: Path | null, error: SpokeError | null): string {
	if (path === null) {
		return '';
	}

	if (isScreenReaderEnabled(session.env)) {
		return legSentences(path)
			.map(sentence => `${sanitizeLine(sentence)}\r\n`)
			.join('');
	}

	const known: Path = error?.leg ? {...path, phase: 'failed', error: error.toJSON()} : path;
	return `${sanitizeLine(formatPlainPathLine(known, session.glyphs, session.terminal.stdout.columns || 80))}\r\n`;
}

function openingWords(
	{store}: Session,
	id: string,
	{kind, place, tty}: Told,
	{
		path,
		leave,
		takesInput,
	}: {
		path: string;
		leave: string;
		takesInput: boolean;
	},
): string {
	const others = describeOpenConnections(
		store.state.dock.filter(one => one.id !== id),
		{tails: true},
	);
	const goesOn = others === null ? '' : `${others} ${/^1 \w+$/.test(others) ? 'goes' : 'go'} on. `;
	const hint = typingHint({kind, tty, takesInput});
	return `spoke  ${kind} in ${sanitizeLine(place)}\r\n${path}       ${goesOn}To leave: ${leave}\r\n${hint === '' ? '' : `       ${hint}\r\n`}`;
}

/** What a person must know who types now, where it is not as in a terminal of one's own. */
function typingHint({kind, tty, takesInput}: Pick<Told, 'kind' | 'tty'> & {takesInput: boolean}): string {
	if (!tty) {
		return `No terminal there: ${takesInput ? 'what is typed goes line by line' : 'it takes no input'}`;
	}

	return kind === 'attach' ? 'Without a prompt: press Enter' : '';
}

/** What becomes of typed bytes while the far side has them. */
function typingTo(
	remote: RemoteCommand,
	stdout: NodeJS.WriteStream,
	leave: LeaveKeys,
	{
		tty,
		pathLine,
		onLeave,
	}: {
		tty: boolean;
		pathLine: () => string;
		onLeave: () => void;
	},
): (bytes: Buffer) => void {
	const lines = new LineEditor();
	const pass = (bytes: Buffer) => {
		if (tty) {
			if (remote.stdin?.writable) {
				remote.stdin.write(bytes);
			}

			return;
		}

		const {echo, send, isEnd, isInterrupt} = lines.feed(bytes);
		// Behind Ctrl-D, and where the far side takes no input, only Ctrl-C means something.
		if (remote.stdin?.writable) {
			stdout.write(echo);
			remote.stdin.write(send);
			if (isEnd) {
				remote.stdin.end();
			}
		}

		if (isInterrupt) {
			onLeave();
		}
	};

	return bytes => {
		for (const part of leave.feed(bytes)) {
			if (part.kind === 'pass') {
				pass(part.bytes);
			} else if (part.kind === 'path') {
				stdout.write(`\r\n${pathLine()}`);
			} else {
				onLeave();
			}
		}
	};
}

function followSize(stdout: NodeJS.WriteStream, remote: RemoteCommand, kind: Told['kind']): () => void {
	const size = () => ({columns: stdout.columns || 80, rows: stdout.rows || 24});
	const send = () => {
		remote.resize(size());
	};

	if (kind === 'attach') {
		// A program that already runs draws itself anew when the size changes.
		remote.resize({...size(), rows: size().rows + 1});
	}

	send();
	stdout.on('resize', send);
	return () => {
		stdout.off('resize', send);
	};
}

async function endOf(outcome: Promise<number | 'closed' | 'left'>, told: Told): Promise<End> {
	const took = () => formatDuration(Date.now() - told.began);
	try {
		const status = await outcome;
		return status === 'left' || status === 'closed'
			? {words: `left the ${told.kind} after ${took()}. It may go on in the container.`, error: null}
			: {words: await endWords(told, status, took()), error: null};
	} catch (thrown) {
		const error = toSpokeError(thrown);
		return {words: `${sanitizeLine(error.message)}, after ${took()}`, error};
	}
}

async function endWords({kind, statusOf}: Told, outcome: number, took: string): Promise<string> {
	if (!statusOf || outcome !== 0) {
		return `${kind} ended with exit status ${outcome}, after ${took}`;
	}

	const status = await statusOf().catch(() => null);
	return status === null
		? `${kind} ended after ${took}. Its exit status is not told`
		: `the container ended with exit status ${status}, after ${took}`;
}

/** What the person did not see: streams that broke, messages that matter, and lines that came. */
function meanwhile({store: {state}, tails, glyphs}: Session, {id, began, lines}: {id: string; began: number; lines: number}): string {
	const news = state.messages.filter(({time, role}) => time >= began && role !== 'plain').map(({text}) => sanitizeLine(text));
	const broken = state.dock
		.filter(({id: other, phase, note}) => other !== id && (phase === 'working' || phase === 'failed') && note !== '')
		.map(({what, note}) => sanitizeLine(`${what}: ${note}`));
	const parts = [
		...broken.slice(0, 3),
		...news.slice(-2),
		...(news.length > 2 ? [formatQuantity(news.length - 2, 'more message')] : []),
		...(lines > 0 ? [`${formatQuantity(lines, 'line')} in ${tails.size === 1 ? 'the tail' : 'the tails'}`] : []),
	];
	return parts.length === 0 ? '' : `       Meanwhile: ${parts.join(` ${glyphs.dot} `)}\r\n`;
}

function linesIn({tails}: Session): number {
	return [...tails.values()].reduce((sum, {view}) => sum + view.buffer.end, 0);
}

function viewWords({store: {state}}: Session): string {
	return state.layers.at(-1)?.kind === 'tail' ? 'the tail' : `the ${state.view}`;
}

/** Until both are at their end. */
async function printOutputs(
	{stdout, stderr}: RemoteCommand,
	to: NodeJS.WriteStream,
	{
		modes,
		tty,
		isOver,
	}: {
		modes: TerminalModes;
		tty: boolean;
		isOver: () => boolean;
	},
): Promise<void> {
	const print = (piece: Buffer) => {
		if (isOver()) {
			// Whoever was left may go on to speak until the connection is closed: the screen is another's by then.
			return true;
		}

		modes.watch(piece);
		// Without a terminal on the far side its line feeds come bare, and ours is raw.
		return to.write(tty ? piece : Buffer.from(piece.toString('latin1').replaceAll(/(?<!\r)\n/g, '\r\n'), 'latin1'));
	};

	await Promise.all([stdout, ...(stderr ? [stderr] : [])].map(async from => pipeOut(from, to, print)));
}

/** `print` gives whether more may come at once. */
async function pipeOut(from: Readable, to: NodeJS.WriteStream, print: (piece: Buffer) => boolean): Promise<void> {
	from.on('data', (piece: Buffer) => {
		if (!print(piece)) {
			from.pause();
			void once(to, 'drain').then(
				() => from.resume(),
				() => {},
			);
		}
	});
	await finished(from).catch(() => {});
}
