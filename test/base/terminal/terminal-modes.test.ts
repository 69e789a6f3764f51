/** Reset sequences for the modes that output changed, with the output split at any byte. */
import test, {type ExecutionContext} from 'ava';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import pty from '@lydell/node-pty';
import {TerminalModes} from '../../../source/base/terminal/terminal-modes.ts';
import {exitCode, startCommandServer, type FarSide} from '../../support/command-server.ts';
import {fakeScreen} from '../../support/fake-screen.ts';
import {reset} from '../../support/remote-command.ts';
import {builtProgram} from '../../support/run-spoke.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {until} from '../../support/until.ts';

const rows: ReadonlyArray<[title: string, output: string, undo: string]> = [
	['plain text needs no reset', 'ls\r\nfile\r\n', ''],
	['modes that the program resets itself need no reset', '\u001B[?1049h\u001B[?25l\u001B[1;31mx\u001B[0m\u001B[?25h\u001B[?1049l', ''],
	['a hidden cursor is shown again', '\u001B[?25l', '\u001B[?25h'],
	['the alternate screen is left last', '\u001B[?1049h\u001B[?2004h', '\u001B[?2004l\u001B[?1049l'],
	['several modes in one sequence are reset', '\u001B[?1000;1006h', '\u001B[?1000l\u001B[?1006l'],
	['colors are reset', '\u001B[31mred', '\u001B[0m'],
	['line drawing and shifts are reset', '\u001B(0\u000E', '\u001B(B\u000F'],
	['a scroll region is reset without moving the cursor', '\u001B[2;5r', '\u001B7\u001B[r\u001B8'],
	['keyboard protocols are popped as often as pushed', '\u001B[>1u\u001B[>3u\u001B[<u', '\u001B[<1u'],
	['an unterminated title is terminated', '\u001B]0;half', '\u001B\\'],
	['an incomplete sequence is canceled', '\u001B[3', '\u0018'],
	['a full reset needs no further reset', '\u001B[?1049h\u001B[31m\u001Bc', ''],
	['modes without a default are not reset', '\u001B[?12h\u001B[20h', ''],
];

for (const [title, output, undo] of rows) {
	test(title, t => {
		const bytes = Buffer.from(output);
		for (let cut = 0; cut <= bytes.length; cut++) {
			const modes = new TerminalModes();
			modes.watch(bytes.subarray(0, cut));
			modes.watch(bytes.subarray(cut));
			t.is(modes.undo(), undo, `split at ${cut}`);
			t.is(modes.undo(), '');
		}
	});
}

/** Setup of a full-screen program: alternate screen, mouse, bracketed paste, hidden cursor, keypad, scroll region, color. */
const fullScreen =
	'\u001B[?1049h\u001B[?1000h\u001B[?1006h\u001B[?2004h\u001B[?25l\u001B[?1h\u001B=\u001B[2;10r\u001B[>1u\u001B[31mfull screen';

type Ending = [title: string, end: (far: FarSide, pid: number) => void, status: number, says: RegExp | null];

const endings: readonly Ending[] = [
	[
		'the command’s own end',
		far => {
			far.status(exitCode(5));
			far.close();
		},
		5,
		null,
	],
	['INT', (_far, pid) => process.kill(pid, 'SIGINT'), 130, null],
	['TERM', (_far, pid) => process.kill(pid, 'SIGTERM'), 143, null],
	['HUP', (_far, pid) => process.kill(pid, 'SIGHUP'), 129, null],
	['a thrown error', (_far, pid) => process.kill(pid, 'SIGUSR2'), 125, /bug in spoke: boom .*\[ERR_INTERNAL\]/],
	['a lost tunnel', far => far.socket.end(), 125, /leg 2.*\[ERR_STREAM_LOST\]/s],
	[
		'a reset',
		far => {
			reset(far.socket);
		},
		125,
		/leg 1.*\[ERR_STREAM_LOST\]/s,
	],
	[
		'an incomplete sequence',
		far => {
			far.stdout('\u001B]0;half a title');
			far.socket.end();
		},
		125,
		/\[ERR_STREAM_LOST\]/,
	],
];

for (const [title, end, status, says] of endings) {
	test(`settings and screen are restored after ${title}`, async t => {
		const {far, run} = await remoteProgram(t, fullScreen, 'full screen');
		t.is(run.screen.terminal.buffer.active.type, 'alternate');
		end(far, Number(await readFile(run.file('pid'), 'utf8')));
		const ended = await run.ended;
		t.regex(ended, new RegExp(`rc=${status}\\b`));
		if (says) {
			t.regex(run.screen.lines().join(''), says);
		}

		const {buffer, modes} = run.screen.state();
		t.is(buffer, 'normal');
		t.is(modes, fakeScreen({cols: 100, rows: 30}).state().modes);
		t.is(await readFile(run.file('after'), 'utf8'), await readFile(run.file('before'), 'utf8'));
		t.true(run.screen.lines().some(line => line.includes('before the program')));
	});
}

test('keys and line feeds pass unchanged while a remote program runs', async t => {
	const {far, run} = await remoteProgram(t, 'ready', 'ready');
	let typed = '';
	far.stdin.on('data', (piece: Buffer) => {
		typed += piece.toString('hex');
	});
	const keys = '\u0003\u001A\u0004\u0011\u0013\r\u001B[A';
	run.type(keys);
	far.stdout('\r\nabc\ndef');
	await run.until('def');
	await until(
		() => typed.length >= 2 * keys.length,
		() => typed,
	);
	t.is(typed, Buffer.from(keys).toString('hex'));
	// A line feed alone moves straight down.
	t.true(run.screen.lines().includes('   def'));
	t.deepEqual(far.sizes.at(-1), {Width: 100, Height: 30});
	run.resize(120, 40);
	await until(() => far.sizes.at(-1)?.Width === 120, far.sizes);
	t.deepEqual(far.sizes.at(-1), {Width: 120, Height: 40});
	far.status(exitCode(1));
	far.close();
	t.regex(await run.ended, /rc=1\b/);
});

/** `spoke exec` in a terminal, after the remote side printed `says`. */
async function remoteProgram(t: ExecutionContext, printed: string, says: string) {
	const started = Promise.withResolvers<FarSide>();
	const server = await startCommandServer(
		t,
		far => {
			far.stdout(printed);
			started.resolve(far);
		},
		{tty: true},
	);
	await server.cluster();
	const run = await runInTerminal(t, join(server.folder, 'config-1'));
	const far = await started.promise;
	await run.until(says);
	return {far, run};
}

/** Runs `spoke exec -it web -- sh` between two `stty -a`. */
async function runInTerminal(t: ExecutionContext, kubeconfig: string) {
	const folder = await temporaryDirectory(t);
	const file = (name: string) => join(folder, name);
	const onSignal = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("boom")})';
	const program = `echo $$ > ${file('pid')}; exec ${process.execPath} --import='${onSignal}' ${builtProgram} exec --kubeconfig ${kubeconfig} -it web -- sh`;
	const script = `echo before the program; stty -a > ${file('before')}; sh -c '${program.replaceAll("'", "'\\''")}'; echo "rc=$?"; stty -a > ${file('after')}; echo all done`;
	const terminal = pty.spawn('sh', ['-c', script], {
		name: 'xterm-256color',
		cols: 100,
		rows: 30,
		env: {PATH: process.env['PATH']!, HOME: folder, TERM: 'xterm-256color'},
	});
	t.teardown(() => {
		terminal.kill();
	});
	const screen = fakeScreen({cols: 100, rows: 30});
	let output = '';
	terminal.onData(data => {
		output += data;
		void screen.write(data);
	});
	const exited = Promise.withResolvers<string>();
	terminal.onExit(async () => {
		await screen.write('');
		exited.resolve(output);
	});
	return {
		screen,
		file,
		ended: exited.promise,
		type(keys: string) {
			terminal.write(keys);
		},
		resize(columns: number, rows: number) {
			terminal.resize(columns, rows);
		},
		async until(text: string) {
			await until(
				() => output.includes(text),
				() => output,
			);
			await screen.write('');
		},
	};
}
