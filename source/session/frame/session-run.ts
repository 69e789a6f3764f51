/** One run of the session. */
import process from 'node:process';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {exitStatusForSignal} from '../../errors/exit-status.ts';
import {formatProblem, type SettingsProblem} from '../../command-line/settings-problem.ts';
import {clusterState} from '../clusters/open-clusters.ts';
import {statesOf} from '../clusters/navigation.ts';
import {createSession, type SessionParts} from './create-session.ts';
import {attachSandbox} from '../sandbox/sandbox-handlers.ts';
import {logInBeforeStart} from '../shell/terminal-queue.ts';
import {recordShells} from '../shell/shell-recording.ts';
import type {OpenCluster, Session, SessionOptions} from './session.ts';
import {requireForwardSet, type ForwardSet} from '../forwards/forward-set-files.ts';
import {startForwardSet} from '../forwards/forward-sets.ts';
import {openTail} from '../tail/open-tail.ts';
import {tickTails} from '../tail/tail-run.ts';
import {displayOf, emptyTail} from '../tail/tail-view.ts';

export class SessionRun {
	readonly #options: SessionOptions;
	readonly #parts: SessionParts;
	readonly #forwards: ForwardSet | null;
	#stopClocks: () => void = () => {};

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
	@throws SpokeError when login to the only cluster fails
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
					throw error;
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

		const {view, json} = session.savedState.saved;
		if (json !== null) {
			session.store.dispatch({type: 'tail-display', display: {...displayOf(emptyTail('', '')), jsonChoice: json}});
		}

		if (tail?.contexts) {
			const tailed = tail.contexts.map(flags => ({
				context: flags.context,
				open: async () => clusters.open(flags.context, async () => session.open(flags)),
			}));
			openTail(session, {...tail.options, clusters: tailed}, tail.start);
		} else if (tail) {
			openTail(session, {namespace: session.store.state.cluster.namespace, ...tail.options}, tail.start);
		} else if (view === 'pods') {
			feeds.read();
		} else {
			session.perform(`view.${view}`);
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
