/** Runs the session, and writes a report if it crashes. */
import {mkdir, mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay, setImmediate as nextTurn} from 'node:timers/promises';
import {stateDirectory} from '../base/command-line/private-files.ts';
import {exitStatus, exitStatusForSignal} from '../base/errors/exit-status.ts';
import {toSpokeError, errorText, formatProblem, type SettingsProblem, type SpokeError} from '../base/errors/spoke-error.ts';
import {setV8Flag} from '../base/own-process.ts';
import {version} from '../base/version.ts';
import type {SessionOptions, OpenCluster, Session} from './frame/session.ts';
import {sanitizeLine} from '../base/text/sanitize.ts';
import {clusterState, failedLogin, isLoginFailure} from './clusters/open-clusters.ts';
import {statesOf} from './frame/navigation-handlers.ts';
import {createSession, type SessionParts} from './frame/create-session.ts';
import {attachSandbox} from './sandbox/sandbox-handlers.ts';
import {logInBeforeStart} from './shell/terminal-queue.ts';
import {recordShells} from './shell/shell-recording.ts';
import {requireForwardSet, type ForwardSet, startForwardSet} from './forwards/forward-sets.ts';
import {openTail} from './tail/open-tail.ts';
import {tickTails} from './tail/tail-run.ts';
import process from 'node:process';

const closeMs = 2000;

export type {SessionOptions} from './frame/session.ts';

/**
Resolves to the exit status after restoring the terminal.
@throws SpokeError when the first cluster cannot be opened
*/
export async function runSession(options: SessionOptions): Promise<number> {
	tuneHeap();
	const run = new SessionRun(options);
	const {promise: crashed, reject} = Promise.withResolvers<never>();
	const onCrash = (error: unknown) => {
		reject(error);
	};

	process.on('uncaughtException', onCrash);
	process.on('unhandledRejection', onCrash);
	let told = '';
	try {
		return await Promise.race([run.run(), crashed]);
	} catch (error) {
		const known = toSpokeError(error);
		if (known.code !== 'ERR_INTERNAL' && !run.isOnScreen) {
			throw known;
		}

		if (known.code === 'ERR_OWN_FILE') {
			told = `${errorText(known)}\n`;
			return known.exitStatus;
		}

		const path = await writeCrashReport(error, options.env);
		told = `error: bug in spoke: ${sanitizeLine(error instanceof Error ? error.message : String(error))}${path === null ? '' : `; the report is in ${path}`} [ERR_INTERNAL]\n`;
		return exitStatus.bug;
	} finally {
		await Promise.race([run.close(), delay(closeMs, undefined, {ref: false})]).catch(() => {});
		process.off('uncaughtException', onCrash);
		process.off('unhandledRejection', onCrash);
		if (told !== '') {
			// Write last, because leaving the screen would erase it.
			run.rescue();
			process.stderr.write(told);
		}

		// Do not wait for anything that could not be closed. A test has other streams, and its process goes on.
		if (options.stdin === process.stdin) {
			setTimeout(() => {
				process.exit();
			}, closeMs).unref();
		}
	}
}

function tuneHeap(): void {
	// The young generation is small, so parallel scavenge threads would only delay, most when a flood of lines keeps all cores busy.
	setV8Flag('--no-parallel-scavenge', '--parallel-scavenge');
	// By default, V8 lets old objects grow to four times what is in use. With twice, a tail through 100 faults takes 136 instead of 181 MiB.
	// A larger factor does not help in a flood, because there the size of the lines, which are not objects, decides when V8 marks.
	setV8Flag('--heap-growing-percent=100', '--heap-growing-percent=0');
}

/** Returns the path, or `null` if the write failed. Contains no credentials. */
export async function writeCrashReport(error: unknown, env: NodeJS.ProcessEnv): Promise<string | null> {
	const from = `spoke ${version}, Node ${process.versions.node}, ${process.platform}, TERM=${env['TERM'] ?? ''}`;
	const cause = error instanceof Error && error.cause instanceof Error ? `\ncause: ${stackOf(error.cause)}\n` : '';
	const text = `${from}\n\n${stackOf(error)}\n${cause}`;
	try {
		const path = join(await folderOf(env), `crash-${new Date().toISOString().replaceAll(':', '')}.txt`);
		await writeFile(path, text, {mode: 0o600});
		return path;
	} catch {
		return null;
	}
}

function stackOf(error: unknown): string {
	return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function folderOf(env: NodeJS.ProcessEnv): Promise<string> {
	const directory = stateDirectory(env);
	if (directory === null) {
		// A predictable name in a shared directory could be a link that another user placed.
		return mkdtemp(join(tmpdir(), 'spoke-'));
	}

	await mkdir(directory, {recursive: true, mode: 0o700});
	return directory;
}

/** One run of the session. */
export class SessionRun {
	readonly #options: SessionOptions;
	readonly #parts: SessionParts;
	readonly #forwards: ForwardSet | null;
	#stopClocks: () => void = () => {};
	/** Of the only cluster; its card replaces the list. */
	#loginFailure: SpokeError | null = null;

	/** @throws SpokeError ERR_USAGE for a set of forwards that is missing or invalid */
	constructor(options: SessionOptions) {
		this.#options = options;
		this.#forwards = options.forwards === undefined ? null : requireForwardSet(options.env, options.forwards);
		this.#parts = createSession(options);
	}

	/** Resolves to the exit status. @throws SpokeError when the first cluster cannot be opened */
	async run(): Promise<number> {
		const {
			session: {store},
			end,
		} = this.#parts;
		// Draw one first frame, when everything is known.
		store.hold();
		if (!(await this.#openFirst())) {
			return exitStatusForSignal(this.#options.interrupted.reason);
		}

		this.#takeTerminal();
		this.#startClocks();
		this.#showFirst();
		// The first requests go before the first frame, which takes longer than the answer.
		await nextTurn();
		store.release();
		return end.status;
	}

	async close(): Promise<void> {
		const {session, screen, clusters, feeds, terminalQueue, end} = this.#parts;
		this.#stopClocks();
		end.close();
		await terminalQueue.waitUntilFree();
		session.store.close();
		feeds.stop();
		await session.work.endAll();
		if (screen.isTaken) {
			session.savedState.keep(session.store.state, session.cluster.access.facts);
			await session.savedState.flush();
		}

		await screen.close();
		session.terminal.stop();
		clusters.close();
	}

	get isOnScreen(): boolean {
		return this.#parts.screen.isTaken;
	}

	/** Restores the terminal after a crash. */
	rescue(): void {
		this.#parts.session.terminal.reset();
	}

	/** False when a signal ended the program before the start. */
	async #openFirst(): Promise<boolean> {
		const {session} = this.#parts;
		const {allNamespaces, contexts, tail} = this.#options;
		const wanted = contexts ?? [session.flags];
		// The sandbox of this process is not remembered.
		const [{opened, isLoggedIn}, problem, isFirst] = await Promise.all([
			this.#openAll(wanted),
			this.#options.sandbox ? null : session.savedState.load(),
			session.savedState.isFirst(),
		]);
		// A tail reads the namespace that its command names, and several contexts begin with their own.
		const remembered = ({access}: OpenCluster) => (tail || contexts ? undefined : session.savedState.namespaceOf(access.facts));
		const names = wanted.map(({context = ''}) => context);
		const stateOf = (cluster: OpenCluster) => clusterState(cluster.access, allNamespaces ? null : remembered(cluster));
		const shown = statesOf(names, opened, stateOf, allNamespaces ? null : undefined);
		if (!isLoggedIn) {
			return false;
		}

		session.store.dispatchNow({type: 'switch', ...shown});
		if (this.#loginFailure !== null) {
			const {context} = session.store.state.cluster;
			session.store.dispatchNow({type: 'cluster', context, to: failedLogin(this.#loginFailure)});
		}

		if (isFirst) {
			session.store.dispatch({type: 'first-hints', isDefaultKeymap: this.#options.keymapBase === 'default'});
		}

		if (problem !== null) {
			session.showMessage(problem, 'warn');
		}

		return true;
	}

	async #openAll(wanted: ReadonlyArray<SessionOptions['flags']>) {
		const {session, clusters} = this.#parts;
		const opened = await Promise.allSettled(wanted.map(async flags => clusters.add(await session.open(flags))));
		return {opened, isLoggedIn: await this.#logInAndConnect()};
	}

	/**
	Connects while the saved state is read and the first screen is drawn. False when a signal ended the program meanwhile.
	@throws SpokeError when the only cluster cannot be used, and a tail or forwards need it at once
	*/
	async #logInAndConnect(): Promise<boolean> {
		const {clusters, lent} = this.#parts;
		const {contexts, tail} = this.#options;
		if (tail?.contexts !== undefined) {
			// The tail shows which of its clusters cannot be read.
			return true;
		}

		for (const {access} of clusters.values()) {
			try {
				if (!(await logInBeforeStart(access, lent, this.#options))) {
					return false;
				}

				access.connectEarly();
			} catch (error) {
				// The lists show which of several clusters cannot be read.
				if (contexts === undefined) {
					this.#loginFailure = toSpokeError(error);
					if (tail !== undefined || this.#forwards !== null || !isLoginFailure(this.#loginFailure.code)) {
						throw error;
					}
				}
			}
		}

		return true;
	}

	#takeTerminal(): void {
		const {
			session: {terminal},
			keys,
			screen,
			end,
		} = this.#parts;
		terminal.start(bytes => {
			keys.bytes(bytes);
		});
		screen.take();
		end.watch(this.#options);
	}

	#startClocks(): void {
		const {session} = this.#parts;
		const stopRetaking = reclaimAfterSigcont(session);
		const clock = setInterval(() => {
			this.#tick();
		}, 1000);
		this.#stopClocks = () => {
			clearInterval(clock);
			stopRetaking();
		};
	}

	#tick(): void {
		const {session, feeds} = this.#parts;
		tickTails(session);
		session.store.dispatch({type: 'tick', now: Date.now()});
		feeds.tick();
		session.savedState.keep(session.store.state, session.cluster.access.facts);
	}

	#showFirst(): void {
		const {session, clusters, feeds} = this.#parts;
		const {keymapProblems, themes, sandbox, isFallback = false, tail, recording = null} = this.#options;
		reportProblems(session, 'keymap', keymapProblems);
		reportProblems(session, 'theme', themes.problems);
		if (recording !== null) {
			recordShells(session, recording);
		}

		if (sandbox) {
			attachSandbox(session, sandbox, isFallback);
		}

		if (tail?.contexts) {
			const tailed = tail.contexts.map(flags => ({
				context: flags.context,
				open: async () => clusters.open(flags.context, async () => session.open(flags)),
			}));
			openTail(session, {...tail.options, clusters: tailed}, tail.start);
		} else if (tail) {
			openTail(session, {namespace: session.store.state.cluster.namespace, ...tail.options}, tail.start);
		} else if (this.#loginFailure === null) {
			// Otherwise a request would run the plugin again at once.
			feeds.read();
		}

		if (this.#forwards !== null) {
			startForwardSet(session, this.#forwards);
		}

		void session.reachability.run();
	}
}

function reportProblems(session: Session, what: 'keymap' | 'theme', [first, ...rest]: readonly SettingsProblem[]): void {
	if (first) {
		session.showMessage(
			`${what} ${formatProblem(first)}${rest.length > 0 ? `; ${rest.length} more: run spoke ${what === 'keymap' ? 'keys' : 'theme'} --check` : ''}`,
			'warn',
		);
	}
}

/** The foreground process changed the state of the terminal. Returns a function that stops it. */
function reclaimAfterSigcont(session: Session): () => void {
	const onContinue = () => {
		if (session.terminal.holder === 'screen') {
			void session.withTerminal(async () => {});
		} else {
			session.terminal.reenterRawMode();
		}

		// Size changes meanwhile went to another process.
		process.kill(process.pid, 'SIGWINCH');
	};

	process.on('SIGCONT', onContinue);
	return () => {
		process.off('SIGCONT', onContinue);
	};
}
