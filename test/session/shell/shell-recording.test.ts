/** `--record` and `:record` of the session. */
import {readdir, rm, stat, symlink} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {Connection} from '../../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {Label, Labeler} from '../../../source/evidence/connection-labeler.ts';
import {createStreamLabeler} from '../../../source/session/shell/shell-recording.ts';
import type {ConnectionPurpose} from '../../../source/streams/connection-observer.ts';
import {readCast} from '../../support/recorded-command.ts';
import {ephemeralContainers, podsOf} from '../../support/sandbox-client.ts';
import {newHome} from '../../support/new-home.ts';
import {onSandbox} from '../../support/sandbox-session.ts';
import {addDebugContainer, runPaletteCommand} from '../../support/session-steps.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {openTerminal} from '../../support/terminal.ts';

/** A session that records to `directory`, which is new. Long names fit. */
async function recordingSession(t: ExecutionContext, argv: readonly string[] = []) {
	const folder = await temporaryDirectory(t);
	const directory = join(folder, 'recordings');
	const opened = await onSandbox(t, ['--record', directory, ...argv], {columns: 200});
	await opened.terminal.sees(/toolbox-/);
	return {...opened, directory};
}

async function onlyRecording(t: ExecutionContext, directory: string): Promise<string> {
	const names = await readdir(directory);
	t.is(names.length, 1, names.join());
	return join(directory, names[0]!);
}

test('after :record DIR, a shell leaves a recording, and says where', async t => {
	const {terminal, home} = await onSandbox(t, [], {columns: 200});
	await terminal.sees(/toolbox-/);
	await runPaletteCommand(terminal, 'record ~/recordings');
	await terminal.sees(/spoke .*SANDBOX.*records shells /);
	await terminal.sees(/later shells are recorded in \S+\/recordings, without what you type/);
	await runPaletteCommand(terminal, 'shell pod/db-0');
	await terminal.sees(/Output is recorded in \S+Z-default-db-0-db\.cast[^]*# $/m);
	terminal.type('echo recorded; exit 3\r');
	await terminal.sees(/shell terminated with exit code 3[^]*Recording: \S+Z-default-db-0-db\.cast\n/);
	terminal.type(' ');
	await terminal.sees(/┤1 Pods \d/);
	terminal.press('messages.open');
	await terminal.sees(/Messages├[^]*Recording: \S+\.cast/);
	const file = await onlyRecording(t, join(home, 'recordings'));
	t.is((await stat(file)).mode & 0o777, 0o600);
	const {header, output, input, markers} = await readCast(file);
	t.is(header.title, 'default/db-0/db');
	t.regex(header.command, /^\/bin\/sh /);
	t.regex(markers[0]!, /-direct,unverified-> kubelet/);
	t.regex(output, /recorded/);
	t.is(input, '');
});

test('a shell has the labels of its own connections, also of one that replaces a silent one', async t => {
	const listeners = new Set<Parameters<Labeler['onLabel']>[0]>();
	const emit = (id: string) => {
		for (const listener of listeners) {
			listener(id, {} as Label);
		}
	};

	const labels = createStreamLabeler({
		labels: new Map(),
		observer: {
			async beforeUse(connection) {
				emit(connection.id);
			},
			onOpened(connection) {
				emit(connection.id);
			},
			onFailed(connection) {
				emit(connection?.id ?? 'none');
			},
		},
		onLabel(listener) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		close() {},
	});
	const seen: string[] = [];
	labels.onLabel(id => {
		seen.push(id);
	});
	const purpose = {} as ConnectionPurpose;
	emit('of another stream');
	await labels.observer.beforeUse!({id: 'timed out'} as Connection, purpose);
	labels.observer.onOpened!({id: 'opened'} as Connection, purpose, {carrier: 'websocket', protocol: null});
	labels.observer.onFailed!({id: 'refused'} as Connection, purpose, new SpokeError('ERR_FORBIDDEN', ''));
	t.deepEqual(seen, ['timed out', 'opened', 'refused']);
});

test(':record says where it records, and after :record off nothing is recorded', async t => {
	const {terminal, directory} = await recordingSession(t);
	await runPaletteCommand(terminal, 'record');
	await terminal.sees(/later shells are recorded in \S+\/recordings, without what you type/);
	await runPaletteCommand(terminal, 'record off');
	await terminal.sees(/later shells are not recorded/);
	await terminal.loses(/records shells/);
	await runPaletteCommand(terminal, 'record');
	await terminal.sees(/type :record DIR/);
	await runPaletteCommand(terminal, 'shell pod/db-0');
	await terminal.sees(/# $/m);
	t.notRegex(terminal.text(), /recorded/);
	terminal.type('exit 0\r');
	await terminal.sees(/┤1 Pods \d/);
	t.notRegex(terminal.text(), /Recording/);
	t.deepEqual(await readdir(directory), []);
});

test('what is typed is recorded only with --record-input, and the header says so', async t => {
	const {terminal, directory} = await recordingSession(t, ['--record-input']);
	await terminal.sees(/spoke .*records shells and input/);
	await runPaletteCommand(terminal, 'shell pod/db-0');
	await terminal.sees(/Output and input are recorded in \S+[^]*# $/m);
	terminal.type('exit 0\r');
	await terminal.sees(/┤1 Pods \d/);
	const file = await onlyRecording(t, directory);
	t.is((await readCast(file)).input, 'exit 0\r');
	await runPaletteCommand(terminal, `record ${directory}`);
	await terminal.sees(/spoke .*records shells /);
});

test('without its recording, a shell does not start and a debug container is not added', async t => {
	const {terminal, directory, home, sandbox} = await recordingSession(t);
	await rm(directory, {recursive: true});
	await symlink(home, directory);
	terminal.type('/toolbox\r');
	terminal.press('shell');
	await terminal.sees(/shell in toolbox-\S+ failed[^]*recordings is not a directory[^]*:record off/);
	terminal.press('cancel', 'debug');
	await terminal.sees(/spoke debug -n default toolbox-\S+ -it[^]*--record=\S+toolbox-/);
	terminal.press('accept');
	await terminal.sees(/It cannot be removed from the pod/);
	terminal.press('confirm.yes');
	await terminal.sees(/attach in toolbox-\S+ failed[^]*recordings is not a directory/);
	const [pod] = await podsOf(sandbox, 'toolbox');
	t.deepEqual(await ephemeralContainers(sandbox, pod!), []);
	await rm(directory);
	terminal.press('retry');
	await terminal.sees(/Output is recorded in \S+-debugger-\S+\.cast/);
	t.is((await ephemeralContainers(sandbox, pod!)).length, 1);
});

test('a debug container and an attach have recordings of their own', async t => {
	const {terminal, directory} = await recordingSession(t);
	terminal.type('/toolbox\r');
	await addDebugContainer(terminal, 'toolbox');
	await terminal.sees(/attach in SANDBOX default\/toolbox-\S+ container debugger-[^]*Output is recorded in/);
	terminal.type('\rexit 3\r');
	await terminal.sees(/the container terminated with exit code 3[^]*Recording: /);
	const file = await onlyRecording(t, directory);
	const {header} = await readCast(file);
	t.is(header.command, '');
	t.regex(header.title, /\/debugger-/);
	terminal.type(' ');
	await terminal.sees(/▸ toolbox-/);
	terminal.press('attach');
	await terminal.sees(/Container of toolbox-|Output is recorded in \S+-shell\.cast/);
	if (terminal.text().includes('Container of')) {
		terminal.press('accept');
	}

	await terminal.sees(/attach in SANDBOX [^]*Output is recorded in \S+\.cast/);
	terminal.press('terminal.leave');
	await terminal.sees(/left the attach[^]*Recording: /);
	const others = (await readdir(directory)).map(name => join(directory, name)).filter(name => name !== file);
	t.is(others.length, 1);
	t.regex((await readCast(others[0]!)).header.title, /toolbox-/);
});

test('a recording has the output when a signal ends the session during the shell', async t => {
	const {terminal, directory} = await recordingSession(t);
	await runPaletteCommand(terminal, 'shell pod/db-0');
	await terminal.sees(/# $/m);
	terminal.signal('SIGTERM');
	t.is(await terminal.ended(), 143);
	t.regex((await readCast(await onlyRecording(t, directory))).output, /# $/);
});

test('a shell that its requirement refuses leaves no file', async t => {
	const {terminal, directory} = await recordingSession(t);
	await runPaletteCommand(terminal, 'require verified');
	await terminal.sees(/requires verified {2}records shells/);
	await runPaletteCommand(terminal, 'shell pod/db-0');
	await terminal.sees(/shell in db-0\/db failed[^]*requirement not met/);
	t.deepEqual(await readdir(directory), []);
});

test('a tail with --record says that shells are recorded', async t => {
	const folder = await temporaryDirectory(t);
	const {terminal} = await onSandbox(t, ['tail', 'db-0', '--record', folder], {columns: 200});
	await terminal.sees(/records shells [^]*Tail db-0├/);
});

test('the session does not start if it cannot record', async t => {
	const home = await newHome(t);
	const link = join(home, 'link');
	await symlink(tmpdir(), link);
	for (const [argv, status, said] of [
		[['--record', link], 14, /link is not a directory .*\[ERR_LOCAL_FILE\]/],
		[['--record', join(home, 'no', 'such')], 14, /cannot create directory \S+such: ENOENT/],
		[['--record-input'], 2, /--record-input requires --record .*pass --record DIR/],
		[['--record', home, '--read-only'], 2, /--read-only is set/],
	] as const) {
		const terminal = await openTerminal(t, ['demo', ...argv], {home, columns: 200});
		t.is(await terminal.ended(), status, terminal.raw());
		t.regex(terminal.raw(), said);
	}
});
