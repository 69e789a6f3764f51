/** Runs a remote program in the whole terminal. */
import {finished} from 'node:stream/promises';
import type {ActionId} from '../actions/action-table.ts';
import {type CommandEnd, describeCommandEnd} from '../../report/descriptions/describe-command-end.ts';
import {pathSentences} from '../../report/descriptions/describe-path.ts';
import {type SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {CommandRequest, RemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {followSize, pumpOutput, TerminalModes} from '../../base/terminal/terminal-modes.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import {wrapToWidth} from '../../base/text/cell-width.ts';
import {describeOpenConnections, pathOfEntry, type ConnectionList} from '../frame/connection-list.ts';
import {keyContext, type Message} from '../frame/session-state.ts';
import type {Session} from '../frame/session.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {pathLineSpans} from '../kit/path-line-spans.ts';
import {ExitKeys, LineEditor, ShellKeys, type ExitChoice} from './shell-keys.ts';
import type {ShellRecording} from './shell-recording.ts';

/** `exitCode`: `null` if the process goes on, or its status is unknown. */
type RunEnd = {text: string; exitCode: number | null; error: SpokeError | null};

/** `viewAction`: of the key that led back to the view. */
export type RemoteRunResult = {end: RunEnd; path: Path | null; next: ExitChoice; viewAction: ActionId | null};

type RemoteRunOptions = {
	/** Context, namespace, pod and container, as shown to the user. */
	location: string;
	kind: 'shell' | 'attach';
	commandRequest: CommandRequest;
	began: number;
	ahead?: Buffer;
	recording?: ShellRecording | null;
	/** Whether the screen returns without a key. */
	canReturnWithoutKey(end: RunEnd): boolean;
	/** Container exit code for attach, whose stream always ends with 0; `null` when unknown. */
	statusOf?: () => Promise<number | null>;
	/** Of a shell that was killed. */
	isPodDeleted?: () => Promise<boolean>;
};

/** SIGKILL and SIGTERM, which the kubelet sends to the containers of a deleted pod. */
const killedStatuses: ReadonlySet<number> = new Set([137, 143]);

type RemoteRun = {
	session: Session;
	id: string;
	remote: RemoteCommand;
	options: RemoteRunOptions;
	keys: ShellKeys;
	detached: PromiseWithResolvers<'detached'>;
	hasEnded: boolean;
};

const lead = '       Meanwhile: ';
const shownStreams = 3;
const shownMessages = 2;

type Meanwhile = {
	/** Without the shell itself. */
	connections: ConnectionList;
	/** Since the shell began. */
	messages: readonly Message[];
	lines: {count: number; tails: number};
};

export async function runRemoteInTerminal(
	session: Session,
	id: string,
	remote: RemoteCommand,
	options: RemoteRunOptions,
): Promise<RemoteRunResult> {
	const {closing, keymap} = session;
	const run: RemoteRun = {session, id, remote, options, keys: new ShellKeys(keymap), detached: Promise.withResolvers(), hasEnded: false};
	const exitKeys = new ExitKeys(keymap);
	const type = typingTo(run);
	const linesBefore = linesIn(session);
	const onClosing = () => {
		run.detached.resolve('detached');
		exitKeys.goBack();
	};

	closing.addEventListener('abort', onClosing);
	return session
		.withShell<RemoteRunResult>(
			bytes => {
				if (run.hasEnded) {
					exitKeys.feed(bytes);
				} else {
					type(bytes);
				}
			},
			async () => {
				const {end, path} = await runRemote(run, type);
				const next = await showEnd(run, exitKeys, {end, path, linesBefore});
				const isBack = next === 'back' && end.error === null;
				return {end, path, next, viewAction: isBack ? exitKeys.viewAction(keyContext(session.store.state)) : null};
			},
		)
		.finally(() => {
			closing.removeEventListener('abort', onClosing);
		});
}

async function runRemote(run: RemoteRun, type: (bytes: Buffer) => void): Promise<Pick<RemoteRunResult, 'end' | 'path'>> {
	const {session, id, remote, options, detached} = run;
	const {stdout} = session.terminal;
	const {commandRequest, kind, recording} = options;
	const modes = new TerminalModes();
	stdout.write(openingText(run));
	const stopSizes = commandRequest.tty ? followSize(stdout, remote, {redraw: kind === 'attach'}) : () => {};
	type(options.ahead ?? Buffer.alloc(0));
	const outputs = printOutputs(run, modes);
	const stopRecording = recording?.follow(remote, commandRequest);
	// Write output from before the interruption first.
	const outcome = Promise.race([outputs.then(async () => remote.outcome), detached.promise]);
	let end: RunEnd;
	try {
		end = await endOf(outcome, options);
	} finally {
		run.hasEnded = true;
		stopSizes();
		stopRecording?.();
		remote.close();
	}

	// Before the connection leaves the list.
	const path = pathOfEntry(session.store.state.connections, id);
	stdout.write(`${modes.undo()}${modes.atLineStart ? '' : '\r\n'}`);
	await recording?.end();
	return {end, path};
}

async function showEnd(
	{session, id, options}: RemoteRun,
	exitKeys: ExitKeys,
	{end, path, linesBefore}: Pick<RemoteRunResult, 'end' | 'path'> & {linesBefore: number},
): Promise<ExitChoice> {
	const {stdout} = session.terminal;
	const {text, error} = end;
	if (options.canReturnWithoutKey(end)) {
		return 'back';
	}

	stdout.write(`spoke  ${text}\r\n`);
	if (session.closing.aborted) {
		return 'back';
	}

	const lines = linesIn(session) - linesBefore;
	stdout.write(
		`${pathText(session, path, error)}${unknownStatus(options, error)}${indented(options.recording?.describeEnd())}${meanwhile(session, {id, began: options.began, lines})}`,
	);
	const {layers, view} = session.store.state;
	const hint = exitKeys.hintLine(`the ${layers.at(-1)?.kind === 'tail' ? 'tail' : view}`, {
		canRerun: error !== null && options.kind === 'shell',
	});
	// Begins before anyone can see the hint.
	const next = exitKeys.next({ignoreInputMs: error === null ? 0 : 500});
	stdout.write(`       ${hint}\r\n`);
	return next;
}

function unknownStatus({kind}: RemoteRunOptions, error: SpokeError | null): string {
	return error === null
		? ''
		: `       Exit status unknown; the ${kind === 'shell' ? 'shell' : 'process'} may still be running in the container.\r\n`;
}

function pathText(session: Session, path: Path | null, error: SpokeError | null = null): string {
	if (path === null) {
		return '';
	}

	if (session.store.state.hasScreenReader) {
		return pathSentences(path)
			.map(sentence => `${sanitizeLine(sentence)}\r\n`)
			.join('');
	}

	const known: Path = error?.leg ? {...path, phase: 'failed', error: error.toJSON()} : path;
	// The last cell stays free.
	const spans = pathLineSpans(known, (session.terminal.stdout.columns || 80) - 1, session.glyphs, null);
	return `${sanitizeLine(spans.map(({text}) => text).join(''))}\r\n`;
}

function openingText({session, id, remote, options, keys}: RemoteRun): string {
	const {kind, location, commandRequest, recording} = options;
	const {tty} = commandRequest;
	const others = describeOpenConnections(
		session.store.state.connections.filter(one => one.id !== id),
		{tails: true},
	);
	const runningNote = others === null ? '' : `${others} ${/^1 \w+$/.test(others) ? 'keeps' : 'keep'} running. `;
	const hints = [
		`${runningNote}Detach: ${keys.shown}${kind === 'shell' && tty ? ' (no way back; exit ends the shell)' : ''}`,
		typingHint({kind, tty, takesInput: remote.stdin !== null}),
		recording?.describeStart(),
	];
	const path = pathText(session, pathOfEntry(session.store.state.connections, id));
	return `spoke  ${kind} in ${sanitizeLine(location)}\r\n${path}${hints.map(hint => indented(hint)).join('')}`;
}

function indented(text = ''): string {
	return text === '' ? '' : `       ${text}\r\n`;
}

function typingHint({kind, tty, takesInput}: {kind: 'shell' | 'attach'; tty: boolean; takesInput: boolean}): string {
	if (!tty) {
		return `No remote terminal: ${takesInput ? 'input is sent line by line' : 'it accepts no input'}`;
	}

	return kind === 'attach' ? 'If you see no prompt, press Enter' : '';
}

function typingTo({session, id, remote, options: {commandRequest, recording}, keys, detached}: RemoteRun): (bytes: Buffer) => void {
	const {stdout} = session.terminal;
	const lines = new LineEditor();
	const send = (bytes: Buffer) => {
		if (remote.stdin?.writable) {
			remote.stdin.write(bytes);
			recording?.onInput(bytes);
		}
	};

	const pass = (bytes: Buffer) => {
		if (commandRequest.tty) {
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
			detached.resolve('detached');
		}
	};

	return bytes => {
		for (const part of keys.feed(bytes)) {
			if (part.kind === 'pass') {
				pass(part.bytes);
			} else if (part.kind === 'path') {
				stdout.write(`\r\n${pathText(session, pathOfEntry(session.store.state.connections, id))}`);
			} else {
				detached.resolve('detached');
			}
		}
	};
}

/** As `RemoteCommand` ends, or `detached` by keys of spoke. */
type ShellOutcome = number | 'closed' | 'detached';

async function endOf(outcome: Promise<ShellOutcome>, options: RemoteRunOptions): Promise<RunEnd> {
	try {
		const ended = await commandEnd(await outcome, options);
		return {text: endText(ended, options), exitCode: 'exitCode' in ended ? ended.exitCode : null, error: null};
	} catch (thrown) {
		const error = toSpokeError(thrown);
		return {text: sanitizeLine(endText({kind: 'failed', error}, options)), exitCode: null, error};
	}
}

function endText(end: CommandEnd, {kind, began}: RemoteRunOptions): string {
	return describeCommandEnd(end, kind, Date.now() - began);
}

async function commandEnd(outcome: ShellOutcome, {statusOf, isPodDeleted}: RemoteRunOptions): Promise<CommandEnd> {
	if (outcome === 'detached' || outcome === 'closed') {
		return {kind: 'detached'};
	}

	if (statusOf && outcome === 0) {
		return {kind: 'output-ended', exitCode: await statusOf().catch(() => null)};
	}

	const isDeleted = killedStatuses.has(outcome) && (await isPodDeleted?.().catch(() => false));
	return {kind: 'exited', exitCode: outcome, ...(isDeleted && {isPodDeleted: true})};
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

async function printOutputs(run: RemoteRun, modes: TerminalModes): Promise<void> {
	const {stdout, stderr} = run.remote;
	const to = run.session.terminal.stdout;
	const print = (piece: Buffer) => {
		if (run.hasEnded) {
			// Output may arrive until the connection closes, but the screen is restored.
			return true;
		}

		modes.watch(piece);
		// The local terminal is raw, so line feeds need a carriage return.
		return to.write(
			run.options.commandRequest.tty ? piece : Buffer.from(piece.toString('latin1').replaceAll(/(?<!\r)\n/g, '\r\n'), 'latin1'),
		);
	};

	const outputs = [stdout, ...(stderr ? [stderr] : [])];
	for (const from of outputs) {
		pumpOutput(from, to, print);
	}

	await Promise.allSettled(outputs.map(async from => finished(from)));
}

/** One event per row, wrapped at words. A stream that is still broken is not reported by its message too. */
export function describeMeanwhile({connections, messages, lines: {count, tails}}: Meanwhile, columns: number): readonly string[] {
	const broken = connections.filter(({phase, note}) => (phase === 'working' || phase === 'failed') && note !== '');
	const isShown = (text: string) => broken.some(({what, note}) => text.includes(what) && text.endsWith(`: ${note}`));
	const warnings = [...new Set(messages.filter(({role, text}) => role !== 'plain' && !isShown(text)).map(({text}) => text))];
	const events = [
		...broken.slice(0, shownStreams).map(({what, note}) => `${what}: ${note}`),
		...(broken.length > shownStreams ? [formatQuantity(broken.length - shownStreams, 'more broken stream')] : []),
		...warnings.slice(-shownMessages),
		...(warnings.length > shownMessages ? [formatQuantity(warnings.length - shownMessages, 'more message')] : []),
		...(count > 0 ? [`${formatQuantity(count, 'line')} in ${tails === 1 ? 'the tail' : 'the tails'}`] : []),
	];
	return events
		.flatMap(event => wrapToWidth(sanitizeLine(event), Math.max(20, columns - lead.length - 1)))
		.map((row, index) => `${index === 0 ? lead : ' '.repeat(lead.length)}${row}`);
}
