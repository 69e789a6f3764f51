/**
A session in this process, whose screen a test reads as a person would. It is the whole program from the parsed flags on (command, session,
store, Ink, cells), on a pair of fake terminal streams and xterm:

```
test('o sorts the nodes by STATUS', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120, rows: 40});
	session.press('view.nodes');                // the key of an action, from the keymap
	await session.sees(/control-plane/);        // waits until the screen matches, and fails with the screen after 30 s
	session.press('list.sort');
	await session.sees(/STATUS↑/);
});
```

- Wait with `sees`, `loses` or `shows` after each key. Never wait for time, and never read `screen()` before what it should show was seen.
- `press` names actions, because users can rebind keys; `type` is for the text of prompts.
- `sessionOnSandbox` shares one sandbox with all tests of the process. A test that changes objects, switches or faults opens its own:
  `sessionOnOwnSandbox`.
- Signals, and terminals that are lent to other programs, need a process: terminal.ts.
- A component or pane alone needs no session: `drawn` (drawn.ts) draws it from a state, and frames.test.ts compares whole frames.
*/
import {openSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {PassThrough, Writable} from 'node:stream';
import {registerCompletionHandler, type ExecutionContext} from 'ava';
import {Semaphore} from '../../source/base/async/queues.ts';
import {parseCommandLine} from '../../source/base/command-line/parse-command-line.ts';
import {isCommandName, loadCommand} from '../../source/commands/load-command.ts';
import {toSpokeError, errorText} from '../../source/base/errors/spoke-error.ts';
import type {Keymap} from '../../source/session/keymap/keymap.ts';
import {loadKeymap} from '../../source/session/keymap/load-keymap.ts';
import type {Sandbox, UserName} from '../../source/sandbox/sandbox.ts';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';
import {newHome} from './new-home.ts';
import {openSandbox} from './sandbox.ts';
import {reserveSlot, ScreenWatch, testScreen, type TestScreen} from './test-screen.ts';

export type SessionOptions = {
	columns?: number;
	rows?: number;
	env?: NodeJS.ProcessEnv;
	/** That of the keys which `press` presses. */
	keymap?: Keymap;
	home: string;
};

type OnSandbox = Partial<SessionOptions> & {user?: UserName};

/** On the sandbox that all tests of this process share. */
export async function sessionOnSandbox(t: ExecutionContext, argv: readonly string[] = [], {user = 'admin', ...options}: OnSandbox = {}) {
	const home = await newHome(t);
	const kubeconfigFile = join(home, 'kubeconfig.json');
	await writeFile(kubeconfigFile, JSON.stringify((await sharedSandbox()).kubeconfig(user)), {mode: 0o600});
	const session = await openSession(t, [...argv, '--kubeconfig', kubeconfigFile], {home, ...options});
	return {home: options.home ?? home, kubeconfigFile, session};
}

export async function sessionOnOwnSandbox(t: ExecutionContext, argv: readonly string[] = [], {user = 'admin', ...options}: OnSandbox = {}) {
	const opened = await openSandbox(t, {user});
	const home = options.home ?? (await newHome(t));
	return {...opened, home, session: await openSession(t, [...argv, '--kubeconfig', opened.kubeconfigFile], {...options, home})};
}

let shared: Promise<Sandbox> | undefined;

async function sharedSandbox(): Promise<Sandbox> {
	if (shared === undefined) {
		shared = startSandbox({});
		// What sessions leave at their end, as timers of watches, ends with the process of spoke.
		registerCompletionHandler(() => {
			process.exit();
		});
	}

	return shared;
}

const defaultKeymap = loadKeymap({});
/** They share one thread with their sandboxes, whose time limits go on while they wait for it. */
const slots = new Semaphore(2);

/** @param argv as after `spoke`: of the session, `tail` or `demo` */
export async function openSession(
	t: Pick<ExecutionContext, 'teardown' | 'pass'>,
	argv: readonly string[],
	{columns = 80, rows = 24, keymap, env, home}: SessionOptions,
): Promise<TestScreen> {
	await reserveSlot(t, slots);
	const watch = new ScreenWatch(columns, rows);
	const stdin = new FakeInput();
	const stdout = new FakeOutput(columns, rows, data => {
		watch.write(data);
	});
	const interrupted = new AbortController();
	const run = runCommand(argv, {
		stdin: stdin as unknown as NodeJS.ReadStream,
		stdout: stdout as unknown as NodeJS.WriteStream,
		env: {
			PATH: process.env['PATH'],
			HOME: home,
			XDG_CONFIG_HOME: `${home}/.config`,
			XDG_STATE_HOME: `${home}/.local/state`,
			LANG: 'C.UTF-8',
			TERM: 'xterm-256color',
			KUBECONFIG: '',
			...env,
		},
		interrupted: interrupted.signal,
	}).then(status => {
		watch.end(status);
	});
	t.teardown(async () => {
		interrupted.abort('SIGTERM');
		await run;
		watch.emulator.dispose();
	});
	return testScreen(t, watch, keymap ?? (await defaultKeymap).keymap, {
		type(text) {
			stdin.write(text);
		},
		resize(columns, rows) {
			stdout.resize(columns, rows);
		},
	});
}

type Streams = {stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; env: NodeJS.ProcessEnv; interrupted: AbortSignal};

/** As `cli.ts`, which also ends the process. Resolves to the exit status. */
async function runCommand(argv: readonly string[], streams: Streams): Promise<number> {
	const [first = ''] = argv;
	const isNamed = isCommandName(first);
	try {
		const {spec, run} = await loadCommand(isNamed ? first : 'session');
		const line = parseCommandLine(spec.flags, argv.slice(isNamed ? 1 : 0));
		return await run({...line, ...streams, stderr: streams.stdout, takeSignals: () => () => {}});
	} catch (thrown) {
		const error = toSpokeError(thrown);
		streams.stdout.write(`${errorText(error)}\n`);
		return error.exitStatus;
	}
}

/** For `stty`, which a lent terminal is given. */
const noTerminal = openSync('/dev/null', 'r');

class FakeInput extends PassThrough {
	readonly isTTY = true;
	readonly fd = noTerminal;

	setRawMode(): this {
		return this;
	}

	ref(): this {
		return this;
	}

	unref(): this {
		return this;
	}
}

class FakeOutput extends Writable {
	readonly isTTY = true;
	columns: number;
	rows: number;
	readonly #show: (data: string) => void;

	constructor(columns: number, rows: number, show: (data: string) => void) {
		super({decodeStrings: false});
		this.columns = columns;
		this.rows = rows;
		this.#show = show;
	}

	resize(columns: number, rows: number): void {
		this.columns = columns;
		this.rows = rows;
		this.emit('resize');
	}

	override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
		// As a terminal, whose line discipline adds the carriage return.
		this.#show(chunk.toString().replaceAll(/(?<!\r)\n/g, '\r\n'));
		done();
	}
}
