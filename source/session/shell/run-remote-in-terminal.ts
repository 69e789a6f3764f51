/** Runs a remote program in the whole terminal. */
import {finished} from 'node:stream/promises';
import {type CommandEnd, describeCommandEnd} from '../../descriptions/describe-command-end.ts';
import {joinParts} from '../../descriptions/parts.ts';
import {type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {describeOpenConnections} from '../frame/connection-list.ts';
import {recordedPath} from '../frame/recording-observer.ts';
import type {RemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {followSize, pumpOutput} from '../../terminal/borrowed-terminal.ts';
import {LineEditor} from './line-editor.ts';
import {TerminalModes} from '../../terminal/terminal-modes.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {Glyphs} from '../kit/glyphs.ts';
import {pathLineSpans} from '../kit/path-line-spans.ts';
import {pathSentences} from '../../descriptions/describe-path.ts';
import type {Session} from '../frame/session.ts';
import {describeMeanwhile} from './describe-meanwhile.ts';
import {type ExitChoice, ExitKeys} from './exit-keys.ts';
import {LeaveKeys} from './leave-keys.ts';
import type {ShellOutcome, ShellRecording} from './shell-recording.ts';

type End = {words: string; error: SpokeError | null};

export type RemoteRunResult = {end: End; path: Path | null; next: ExitChoice};

type RemoteRunOptions = {
	/** Context, namespace, pod and container, as shown to the user. */
	location: string;
	kind: 'shell' | 'attach';
	tty: boolean;
	began: number;
	ahead?: Buffer;
	recording?: ShellRecording | null;
	/** Whether the screen returns without a key. */
	mayEndUnseen(error: SpokeError): boolean;
	/** Container exit code for attach, whose stream always ends with 0; `null` when unknown. */
	statusOf?: () => Promise<number | null>;
};

export async function runRemoteInTerminal(
	session: Session,
	id: string,
	remote: RemoteCommand,
	options: RemoteRunOptions,
): Promise<RemoteRunResult> {
	const {stdout} = session.terminal;
	const {closing} = session;
	const leave = new LeaveKeys(session.keymap);
	const left = Promise.withResolvers<'left'>();
	const ended = new ExitKeys(session.keymap);
	const modes = new TerminalModes();
	const linesBefore = linesIn(session);
	const pathNow = () => recordedPath(session, id);
	const pathLine = (error: SpokeError | null = null) => pathText(session, pathNow(), error);
	const {recording = null} = options;
	const typed = typingTo(remote, stdout, leave, {
		tty: options.tty,
		pathLine,
		onSent(bytes) {
			recording?.onInput(bytes);
		},
		onLeave() {
			left.resolve('left');
		},
	});
	const onClosing = () => {
		left.resolve('left');
		ended.leave();
	};

	let hasEnded = false;
	closing.addEventListener('abort', onClosing);
	return session
		.withShell<RemoteRunResult>(
			bytes => {
				if (hasEnded) {
					ended.feed(bytes);
				} else {
					typed(bytes);
				}
			},
			async () => {
				stdout.write(openingText(session, id, options, {path: pathLine(), leave: leave.shown, takesInput: remote.stdin !== null}));
				const stopSizes = options.tty ? followSize(stdout, remote, {redraw: options.kind === 'attach'}) : () => {};
				typed(options.ahead ?? Buffer.alloc(0));
				const outputs = printOutputs(remote, stdout, {modes, tty: options.tty, hasEnded: () => hasEnded});
				const stopRecording = recording?.follow(remote);
				// Write output from before the interruption first.
				const outcome = Promise.race([outputs.then(async () => remote.outcome), left.promise]);
				let end: End;
				try {
					end = await endOf(outcome, options);
				} finally {
					hasEnded = true;
					stopSizes();
					stopRecording?.();
					remote.close();
				}

				// Before the connection leaves the list.
				const path = pathNow();
				const shownPath = pathLine(end.error);
				stdout.write(`${modes.undo()}${modes.atLineStart ? '' : '\r\n'}`);
				await recording?.end(outcome);
				if (end.error !== null && options.mayEndUnseen(end.error)) {
					return {end, path, next: 'back'};
				}

				stdout.write(`spoke  ${end.words}\r\n`);
				if (closing.aborted) {
					return {end, path, next: 'back'};
				}

				stdout.write(
					`${shownPath}${unknownStatus(options, end)}${indented(recording?.describeEnd())}${meanwhile(session, {id, began: options.began, lines: linesIn(session) - linesBefore})}`,
				);
				const hint = ended.hintLine(viewText(session), {again: end.error !== null && options.kind === 'shell'});
				// Begins before anyone can see the hint.
				const next = ended.next({ignoreInputMs: end.error === null ? 0 : 500});
				stdout.write(`       ${hint}\r\n`);
				return {end, path, next: await next};
			},
		)
		.finally(() => {
			closing.removeEventListener('abort', onClosing);
		});
}

function unknownStatus({kind}: RemoteRunOptions, {error}: End): string {
	return error === null
		? ''
		: `       Exit status unknown; the ${kind === 'shell' ? 'shell' : 'process'} may still be running in the container.\r\n`;
}

function pathText(session: Session, path: Path | null, error: SpokeError | null): string {
	if (path === null) {
		return '';
	}

	if (session.store.state.hasScreenReader) {
		return pathSentences(path)
			.map(sentence => `${sanitizeLine(sentence)}\r\n`)
			.join('');
	}

	const known: Path = error?.leg ? {...path, phase: 'failed', error: error.toJSON()} : path;
	return `${sanitizeLine(formatPlainPathLine(known, session.glyphs, session.terminal.stdout.columns || 80))}\r\n`;
}

function openingText(
	{store}: Session,
	id: string,
	{kind, location, tty, recording}: RemoteRunOptions,
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
		store.state.connections.filter(one => one.id !== id),
		{tails: true},
	);
	const goesOn = others === null ? '' : `${others} ${/^1 \w+$/.test(others) ? 'keeps' : 'keep'} running. `;
	const hints = [`${goesOn}Detach: ${leave}`, typingHint({kind, tty, takesInput}), recording?.describeStart()];
	return `spoke  ${kind} in ${sanitizeLine(location)}\r\n${path}${hints.map(hint => indented(hint)).join('')}`;
}

function indented(text = ''): string {
	return text === '' ? '' : `       ${text}\r\n`;
}

function typingHint({kind, tty, takesInput}: Pick<RemoteRunOptions, 'kind' | 'tty'> & {takesInput: boolean}): string {
	if (!tty) {
		return `No remote terminal: ${takesInput ? 'input is sent line by line' : 'it accepts no input'}`;
	}

	return kind === 'attach' ? 'If you see no prompt, press Enter' : '';
}

function typingTo(
	remote: RemoteCommand,
	stdout: NodeJS.WriteStream,
	leave: LeaveKeys,
	{
		tty,
		pathLine,
		onSent,
		onLeave,
	}: {
		tty: boolean;
		pathLine: () => string;
		onSent: (bytes: Buffer) => void;
		onLeave: () => void;
	},
): (bytes: Buffer) => void {
	const lines = new LineEditor();
	const send = (bytes: Buffer) => {
		if (remote.stdin?.writable) {
			remote.stdin.write(bytes);
			onSent(bytes);
		}
	};

	const pass = (bytes: Buffer) => {
		if (tty) {
			send(bytes);
			return;
		}

		const {echo, send: line, isEnd, isInterrupt} = lines.feed(bytes);
		// After Ctrl-D, or without remote input, only Ctrl-C has a meaning.
		if (remote.stdin?.writable) {
			stdout.write(echo);
			send(Buffer.from(line));
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

async function endOf(outcome: Promise<ShellOutcome>, options: RemoteRunOptions): Promise<End> {
	try {
		return {words: endText(await commandEnd(await outcome, options), options), error: null};
	} catch (thrown) {
		const error = toSpokeError(thrown);
		return {words: sanitizeLine(endText({kind: 'failed', error}, options)), error};
	}
}

function endText(end: CommandEnd, {kind, began}: RemoteRunOptions): string {
	return joinParts(describeCommandEnd(end, kind, Date.now() - began), {without: ['code']});
}

async function commandEnd(outcome: ShellOutcome, {statusOf}: RemoteRunOptions): Promise<CommandEnd> {
	if (outcome === 'left' || outcome === 'closed') {
		return {kind: 'left'};
	}

	return statusOf && outcome === 0
		? {kind: 'output-ended', exitCode: await statusOf().catch(() => null)}
		: {kind: 'exited', exitCode: outcome};
}

function meanwhile({store: {state}, terminal}: Session, {id, began, lines}: {id: string; began: number; lines: number}): string {
	return describeMeanwhile(
		{
			connections: state.connections.filter(one => one.id !== id),
			messages: state.messages.filter(({time}) => time >= began),
			lines: {count: lines, tails: state.tails.size},
		},
		terminal.stdout.columns || 80,
	)
		.map(row => `${row}\r\n`)
		.join('');
}

function linesIn({store}: Session): number {
	return [...store.state.tails.values()].reduce((sum, {buffer}) => sum + buffer.end, 0);
}

function viewText({store: {state}}: Session): string {
	return state.layers.at(-1)?.kind === 'tail' ? 'the tail' : `the ${state.view}`;
}

async function printOutputs(
	{stdout, stderr}: RemoteCommand,
	to: NodeJS.WriteStream,
	{
		modes,
		tty,
		hasEnded,
	}: {
		modes: TerminalModes;
		tty: boolean;
		hasEnded: () => boolean;
	},
): Promise<void> {
	const print = (piece: Buffer) => {
		if (hasEnded()) {
			// Output may arrive until the connection closes, but the screen is restored.
			return true;
		}

		modes.watch(piece);
		// The local terminal is raw, so line feeds need a carriage return.
		return to.write(tty ? piece : Buffer.from(piece.toString('latin1').replaceAll(/(?<!\r)\n/g, '\r\n'), 'latin1'));
	};

	const outputs = [stdout, ...(stderr ? [stderr] : [])];
	for (const from of outputs) {
		pumpOutput(from, to, print);
	}

	await Promise.allSettled(outputs.map(async from => finished(from)));
}

/** The path line without colors; leaves the last of `width` cells free. */
function formatPlainPathLine(path: Path, glyphs: Glyphs, width: number): string {
	return pathLineSpans(path, width - 1, glyphs, null)
		.map(({text}) => text)
		.join('');
}
