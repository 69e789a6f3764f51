/** One run of the session: what is shared, the feeds, the clock, and the screen. */
import type {ConnectionFlags} from '../command-line/connection-flags.ts';
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {openCluster} from '../cluster/open-cluster.ts';
import {statusOfSignal} from '../errors/exit-status.ts';
import {asSpokeError} from '../errors/spoke-error.ts';
import type {Keymap} from '../keymap/keymap.ts';
import type {Path} from '../posture/evidence.ts';
import {makeLabeller} from '../posture/labeller.ts';
import type {ConnectionWitness} from '../sessions/connection-witness.ts';
import {emptySession, namespaceHere, type Message} from '../state/session-state.ts';
import {copyNeeds, copySequence} from '../terminal/clipboard.ts';
import {OwnTerminal} from '../terminal/own-terminal.ts';
import type {Glyphs} from '../ui/glyphs.ts';
import {isSpoken} from '../ui/spoken-words.ts';
import {failureWords} from './short-failure.ts';
import {ClusterMeeting} from './cluster-meeting.ts';
import {clusterState} from './cluster-state.ts';
import {retakeWhenContinued} from './continued.ts';
import {tickTails} from './tail-in-dock.ts';
import {describe, makeScreen} from './make-screen.ts';
import {DetailsFeed} from './details-feed.ts';
import {tellKeymapProblems} from './keymap-problems.ts';
import {ListCounts} from './list-counts.ts';
import {ListFeeds} from './list-feeds.ts';
import {handlers} from './handlers/handlers.ts';
import {framePace, isStill} from './frame-pace.ts';
import {currentTail} from './handlers/current-tail.ts';
import {openTail} from './handlers/tail-handlers.ts';
import {followSandbox} from './handlers/sandbox-handlers.ts';
import {closeForwards} from './handlers/forward-run.ts';
import {closeListeners} from './handlers/listener-handlers.ts';
import {performAction, type Doers} from './perform-action.ts';
import {KeyPress} from './press-key.ts';
import {Overlays} from './overlays.ts';
import {PathFeed} from './path-feed.ts';
import {logInFirst, pluginTerminal} from './plugin-terminal.ts';
import {bookingWitness} from './booking-witness.ts';
import {ServicePodsFeed} from './service-pods-feed.ts';
import type {SessionOptions} from './session-options.ts';
import type {Failure, OpenCluster, Session} from './session.ts';
import {Store} from './store.ts';
import {TerminalTurns} from './terminal-turns.ts';
import {typedAheadOf, type TypedAhead} from './typed-ahead.ts';
import {backgroundQuery, themeFor} from './terminal-theme.ts';
import type {TailRun} from './tail-run.ts';
import {ScreenView} from './screen-view.ts';

export class SessionRun implements Session {
	readonly store: Store;
	readonly terminal: OwnTerminal;
	readonly keymap: Keymap;
	readonly flags: ConnectionFlags;
	readonly env: NodeJS.ProcessEnv;
	readonly readOnly: boolean;
	readonly clusters = new Map<string, OpenCluster>();
	readonly tails = new Map<string, TailRun>();
	cluster!: OpenCluster;
	readonly #options: SessionOptions;
	readonly typedAhead: TypedAhead;
	readonly #overlays: Overlays;
	readonly #doers: Doers;
	readonly #keys: KeyPress;
	readonly meeting: ClusterMeeting;
	readonly paths: PathFeed;
	readonly #closing = new AbortController();
	readonly #left = Promise.withResolvers<number>();
	readonly #feeds: ListFeeds;
	readonly #details: DetailsFeed;
	readonly #servicePods: ServicePodsFeed;
	readonly #counts: ListCounts;
	#view: ScreenView | null = null;
	#clock: NodeJS.Timeout | undefined;
	#stopRetaking: () => void = () => {};
	#ids = 0;
	#switches = 0;
	#lastFailure: Failure | null = null;
	#background: string | null = null;
	#scanning = false;
	readonly #turns: TerminalTurns;
	readonly #pluginTerminal = pluginTerminal(this);

	constructor(options: SessionOptions) {
		this.#options = options;
		this.keymap = options.keymap;
		this.flags = options.flags;
		this.env = options.env;
		this.readOnly = options.readOnly;
		this.terminal = new OwnTerminal(options);
		this.store = new Store(emptySession(clusterState(null), this.terminal.size, Date.now(), {readOnly: options.readOnly, isStill: isStill(options)}), () => {
			this.#draw();
		}, () => this.#pace());
		this.#turns = new TerminalTurns(this.store);
		this.typedAhead = typedAheadOf(this.store, this.keymap, inputs => {
			this.#keys.pass(inputs);
		});
		this.#overlays = new Overlays(this.store, this.typedAhead);
		this.#doers = {session: this, overlays: this.#overlays, handlers};
		this.#keys = new KeyPress(this.#doers, {
			onReport: report => {
				this.#background ??= report;
				this.#view?.setTheme(themeFor(this.env, options.theme, this.#background));
				this.store.drawNow();
			},
			onKeys: () => {
				this.#follow();
			},
		});
		this.paths = new PathFeed(this.store, () => this.cluster);
		this.meeting = new ClusterMeeting(this.store, this.paths, () => this.cluster, () => {
			this.#feeds.again(this.cluster.access);
		});
		this.#counts = new ListCounts(this.store, () => this.cluster.access);
		this.#details = new DetailsFeed(this.store, () => this.cluster);
		this.#servicePods = new ServicePodsFeed(this.store, () => this.cluster.access);
		this.#feeds = new ListFeeds(this.store, () => {
			this.#follow();
		});
	}

	async run(): Promise<number> {
		const options = this.#options;
		// One first frame, when all of it is known, in place of one for each step.
		this.store.hold();
		const access = await this.open(this.flags);
		if (!await logInFirst(access, this.#pluginTerminal, options)) {
			access.close();
			return statusOfSignal(options.interrupted.reason);
		}

		this.#use(access);
		const namespace = options.allNamespaces ? null : this.cluster.access.facts.namespace;
		this.store.now({type: 'cluster', to: {...clusterState(this.cluster.access), namespace}});
		this.terminal.start(bytes => {
			this.#keys.bytes(bytes);
		});
		if (options.theme === undefined && !this.env['NO_COLOR'] && this.env['TERM'] !== 'dumb') {
			options.stdout.write(backgroundQuery);
		}

		this.#view = new ScreenView(options.stdout, this.terminal.silentInput(), themeFor(this.env, options.theme, null), {isSpoken: isSpoken(this.env)});
		options.stdout.on('resize', this.#onResize);
		// A terminal that is gone takes nothing any more: there is nobody to tell.
		options.stdout.on('error', this.#onGone);
		options.stdin.on('error', this.#onGone);
		options.interrupted.addEventListener('abort', () => {
			this.#left.resolve(statusOfSignal(options.interrupted.reason));
		});
		this.#stopRetaking = retakeWhenContinued(this);
		this.#clock = setInterval(() => {
			this.#tick();
		}, 1000);
		tellKeymapProblems(this, options.keymapProblems);
		if (options.sandbox) {
			followSandbox(this, options.sandbox, options.isForWant ?? false);
		}

		if (options.tail) {
			openTail(this, {namespace, ...options.tail.wish}, options.tail.since, options.tail.previous);
		} else {
			this.redraw();
		}

		void this.meeting.meet();
		this.store.letGo();
		return this.#left.promise;
	}

	async close(): Promise<void> {
		clearInterval(this.#clock);
		this.#stopRetaking();
		this.#closing.abort();
		await this.#turns.over();
		this.#options.stdout.off('resize', this.#onResize);
		this.store.close();
		this.#feeds.stop();
		this.#details.stop();
		this.#servicePods.stop();
		for (const tail of this.tails.values()) {
			tail.stop();
		}

		closeListeners(this);
		await closeForwards(this);
		await this.#view?.close();
		this.terminal.stop();
		for (const {access, labeller} of this.clusters.values()) {
			labeller.close();
			access.close();
		}
	}

	rescue(): void {
		this.terminal.rescue();
	}

	perform(id: string): void {
		performAction(this.#doers, id);
	}

	tell(text: string, role: Message['role'] = 'plain'): void {
		this.store.now({type: 'notice', text, role, now: Date.now()});
	}

	fail(about: string, thrown: unknown, path: Path | null = null): void {
		const error = asSpokeError(thrown);
		this.#lastFailure = {about, error: error.toJSON(), path};
		const key = describe(this).find(hint => hint.action.id === 'path.why')?.keys[0];
		this.store.now({type: 'notice', text: `${about}: ${error.leg === 2 ? failureWords(error) : error.message}`, role: 'error', hint: key === undefined ? '' : `${key} why`, now: Date.now()});
	}

	get lastFailure(): Failure | null {
		return this.#lastFailure;
	}

	forgetFailure(): void {
		this.#lastFailure = null;
	}

	ask: Session['ask'] = async (question, details, options) => this.#overlays.ask(question, details, options);
	type: Session['type'] = async options => this.#overlays.type(options);
	offer: Session['offer'] = (purpose, names, instead) => {
		this.#overlays.offer(purpose, names, instead);
	};

	pick: Session['pick'] = async options => this.#overlays.pick(options);
	fill: Session['fill'] = async options => this.#overlays.fill(options);

	copy(text: string, what: string): void {
		const sequence = copySequence(text, this.env);
		if (sequence === null) {
			this.tell(`${what} is longer than terminals copy: save it instead`, 'warn');
			return;
		}

		this.terminal.stdout.write(sequence);
		const needs = copyNeeds(this.env);
		this.tell(`copied ${what}${needs === null ? '' : ` (${needs})`}`);
	}

	witnessFor(id: string, cluster: OpenCluster = this.cluster): ConnectionWitness {
		return bookingWitness(this.store, cluster.labeller, id);
	}

	async withTerminal<Result>(work: () => Promise<Result>): Promise<Result> {
		return this.#turns.next(async () => this.#view ? this.#view.suspended(async () => this.terminal.handOver(work)) : work());
	}

	async withShell<Result>(take: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result> {
		return this.#turns.next(async () => this.#view!.suspended(async () => this.terminal.lend(take, work)));
	}

	async open(flags: ConnectionFlags): Promise<ClusterAccess> {
		return openCluster(flags, this.env, {terminal: this.#pluginTerminal, isInteractive: true});
	}

	async switchContext(context: string): Promise<void> {
		this.#switches++;
		const own = this.#switches;
		const known = this.clusters.get(context);
		if (known) {
			this.#feeds.stop();
			this.cluster = known;
		} else {
			this.tell(`opening ${context} …`);
			const access = await this.open({...this.flags, context, cluster: undefined, user: undefined});
			await access.logIn();
			if (own !== this.#switches) {
				// Another was chosen while this one logged in.
				access.close();
				return;
			}

			this.#feeds.stop();
			this.#use(access);
		}

		this.store.now({type: 'switch', cluster: clusterState(this.cluster.access)});
		this.redraw();
		void this.meeting.meet();
		if (this.store.state.view === 'audit') {
			this.perform('view.audit');
		}
	}

	openNamespace(namespace: string | null): void {
		const {cluster} = this.store.state;
		this.#feeds.stop();
		this.store.now({type: 'switch', cluster: {...cluster, namespace, lastNamespace: namespace ?? namespaceHere(cluster)}});
		this.redraw();
		void this.meeting.readRights();
	}

	redraw(): void {
		this.#feeds.feed(this.cluster.access);
	}

	quit(status: number): void {
		this.#left.resolve(status);
	}

	nextId(kind: string): string {
		return `${kind}-${++this.#ids}`;
	}

	get closing(): AbortSignal {
		return this.#closing.signal;
	}

	/** Whether the screen was taken. */
	get isOnScreen(): boolean {
		return this.#view !== null;
	}

	get glyphs(): Glyphs {
		return (this.#view?.theme ?? themeFor(this.env, this.#options.theme, null)).glyphs;
	}

	#use(access: ClusterAccess): void {
		const context = access.facts.context ?? access.facts.server;
		const labeller = makeLabeller(access);
		labeller.onLabel((connection, path) => {
			const {processes} = this.store.state;
			const isNew = path.process.id !== null && processes.length > 0 && !processes.includes(path.process.id);
			this.store.data({type: 'dock', event: {type: 'label', connection, path}});
			if (isNew) {
				this.paths.forget();
			}
		});
		this.cluster = {access, labeller, context};
		this.clusters.set(context, this.cluster);
	}

	/** What stands beside the list is about the row under the cursor. */
	#follow(): void {
		this.paths.follow();
		this.#details.follow();
		this.#servicePods.follow();
	}

	readonly #onGone = () => {
		this.#left.resolve(129);
	};

	readonly #onResize = () => {
		this.store.now({type: 'resize', ...this.terminal.size});
	};

	#tick(): void {
		tickTails(this);
		this.store.data({type: 'tick', now: Date.now()});
		this.#counts.follow();
		this.#follow();
	}

	#pace(): number {
		return framePace({isFar: this.env['SSH_TTY'] !== undefined && this.terminal.stdout.writableNeedDrain, rate: currentTail(this)?.inflow ?? 0});
	}

	#draw(): void {
		const run = currentTail(this);
		if (run) {
			this.#prepareTail(run);
		}

		this.#view?.draw(makeScreen(this, run?.view ?? null, this.#view.theme));
	}

	/** Matches are looked for between frames, a little at a time. */
	#prepareTail(run: TailRun): void {
		const isDone = run.scan(12);
		run.view = this.#view?.fitTail(makeScreen(this, run.view, this.#view.theme), run.view) ?? run.view;
		if (!isDone && !this.#scanning) {
			this.#scanning = true;
			setImmediate(() => {
				this.#scanning = false;
				this.store.later();
			});
		}
	}
}
