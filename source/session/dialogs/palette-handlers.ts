/** Command palette. */
import {findAction, type ActionId} from '../actions/action-table.ts';
import {contexts} from '../actions/contexts.ts';
import {describeKeys} from '../keymap/keymap.ts';
import {keyContext, type ViewName} from '../frame/session-state.ts';
import {forwardSetNames} from '../../base/command-line/forward-file.ts';
import {chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import {findRequirement, requiredInSession, requirementNames} from '../../evidence/require-path.ts';
import {isReadOnly, disabledReason} from '../keys/perform-action.ts';
import {addForward} from '../forwards/forward-dialog.ts';
import {startTypedForward} from '../forwards/run-forward.ts';
import {openForwardSet} from '../forwards/forward-sets.ts';
import {startListener} from '../proxy/listener-handlers.ts';
import {sendTypedRequest} from '../proxy/proxy-handlers.ts';
import {openObjectDetails, openYaml} from '../text/details-handlers.ts';
import type {PickerItem} from './dialog.ts';
import {
	argumentCompleter,
	contextNames,
	forwardNames,
	namespaceNames,
	objectNames,
	proxyNames,
	targetNames,
	type NameSource,
} from './completion-names.ts';
import {openDoctor} from '../why/doctor-handlers.ts';
import {openNodeCheck} from '../why/node-check-handlers.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {showView} from '../lists/list-handlers.ts';
import {
	parsePaletteArguments,
	type PaletteArguments,
	type PaletteSyntax,
	noCommand,
	openTypedTail,
	showTypedView,
	viewAliases,
	views,
} from './typed-views.ts';
import {copyFiles} from '../shell/copy-handlers.ts';
import {openShell} from '../shell/shell-handlers.ts';
import {recordTyped} from '../shell/shell-recording.ts';
import {onlyCluster, typedTarget} from '../lists/selection.ts';
import {openTypedNamespace} from '../frame/navigation-handlers.ts';

export const paletteHandlers = {
	async 'palette.open'(session) {
		const context = keyContext(session.store.state);
		const hints = describeKeys(session.keymap, context, action => disabledReason(session.store.state, action));
		const items: PickerItem[] = [
			...commands.map(({word, also, takes, does, as}) => {
				const off = as !== undefined && isReadOnly(session.store.state, findAction(as)) ? '--read-only is set' : null;
				return {
					id: `:${word}`,
					cells: [`${word}${takes === '' ? '' : ` ${takes}`}`, does, ''],
					text: takes === '' ? word : `${word} `,
					...(also && {also}),
					...(off !== null && {off}),
				};
			}),
			...hints
				.filter(({action}) => action.id !== 'palette.open')
				.map(({action, keys, disabledReason: off}, index) => ({
					id: action.id,
					cells: [action.title, placeOf(action.context), keys[0] ?? ''],
					also: viewAliases.get(action.id.replace(/^view\./, '')) ?? [],
					...(off !== null && {off}),
					...(index === 0 && {heading: 'Actions in this view'}),
				})),
		];
		const isOffered = (view: ViewName) => hints.some(({action}) => action.id === `view.${view}`);
		items.push(
			...views
				.filter(view => !isOffered(view))
				.map(view => ({id: `:${view}`, cells: [view, 'go to this view', ''], also: viewAliases.get(view) ?? []})),
		);
		const chosen = await session.pick({
			title: 'Commands',
			purpose: 'palette',
			lead: ':',
			items,
			free: true,
			none: noCommand,
			keys: 'run',
			...argumentCompleter(session, word => findCommand(word)?.names),
		});
		if (chosen === null) {
			return;
		}

		const hint = hints.find(({action}) => action.id === chosen);
		if (hint) {
			session.perform(hint.action.id);
		} else {
			await runCommand(session, chosen.replace(/^:/, ''));
		}
	},
} satisfies Handlers;

function placeOf(context: string): string {
	const {title} = contexts[context]!;
	return context === 'global' || context === 'unreachable' ? title : `in ${title}`;
}

/**
`as`: equivalent action, which also disables the command. `also`: hidden aliases. `names`: completes the argument. `alone`: the action that
the command performs without an argument. `example`: what to type, if it needs one.
*/
type CommandRow = PaletteSyntax & {
	also?: readonly string[];
	names?: NameSource;
	does: string;
	as?: ActionId;
	alone?: ActionId;
	example?: string;
	run?(session: Session, typed: PaletteArguments): void | Promise<void>;
};

const needs = (session: Session, what: string) => {
	session.showMessage(`type ${what}`, 'warn');
};

function typedContainer(session: Session, {words: [target = ''], flags: {namespace, container}}: PaletteArguments) {
	return {...typedTarget(session, target, namespace), ...(container !== undefined && {named: container})};
}

const commands: readonly CommandRow[] = [
	{
		word: 'ns',
		also: ['namespace', 'namespaces'],
		takes: 'NAME',
		names: namespaceNames,
		does: 'switch namespace',
		alone: 'namespace.pick',
		flags: ['all-namespaces'],
		run(session, {words: [name = ''], flags}) {
			openTypedNamespace(session, flags['all-namespaces'] || name === '*' ? null : name);
		},
	},
	{
		word: 'ctx',
		also: ['context', 'contexts'],
		takes: 'NAME or NAME,NAME',
		names: contextNames,
		does: 'switch context, or show several',
		alone: 'context.pick',
		async run(session, {words: [name = '']}) {
			const chosen = await chooseContexts({...session.flags, context: [name], 'all-contexts': false}, session.env);
			await session.switchContexts(chosen.map(({context = name}) => context));
		},
	},
	{
		word: 'tail',
		also: ['logs'],
		takes: 'TARGET… or -l SELECTOR',
		names: targetNames,
		does: 'follow logs',
		as: 'logs',
		flags: ['namespace', 'all-namespaces', 'selector', 'container', 'all-containers', 'previous', 'follow'],
		maxWords: Infinity,
		run: openTypedTail,
	},
	{
		word: 'shell',
		also: ['exec'],
		takes: 'TARGET',
		names: targetNames,
		does: 'open a shell in a pod',
		as: 'shell',
		example: ':shell pod/NAME',
		flags: ['namespace', 'container', 'stdin', 'tty'],
		other: 'spoke exec runs a command',
		run: async (session, typed) => openShell(session, typedContainer(session, typed)),
	},
	{
		word: 'cp',
		takes: 'TARGET',
		names: targetNames,
		does: 'copy files from or to a pod',
		as: 'files',
		example: ':cp pod/NAME',
		flags: ['namespace', 'container'],
		run: async (session, typed) => copyFiles(session, typedContainer(session, typed)),
	},
	{
		word: 'forward',
		takes: 'TARGET [LOCAL:]PORT',
		names: async session => forwardNames(session, typedTarget(session, '')),
		does: 'forward a port',
		as: 'forward',
		example: ':forward svc/NAME 8080:80',
		flags: ['namespace'],
		maxWords: Infinity,
		other: 'without a port, it opens a form with the other options',
		async run(session, {words: [target = '', ...ports], flags}) {
			if (ports.length === 0) {
				await addForward(session, typedTarget(session, target, flags.namespace));
			}

			for (const port of ports) {
				startTypedForward(session, typedTarget(session, target, flags.namespace), port);
			}
		},
	},
	{
		word: 'forward-set',
		takes: 'NAME',
		names: async ({env}) => forwardSetNames(env),
		does: 'start or stop a saved set',
		as: 'forwards.open-set',
		async run(session, {words: [name]}) {
			showView(session, 'forwards');
			await openForwardSet(session, name);
		},
	},
	{
		word: 'listen',
		takes: '[PORT]',
		does: 'start or stop a local API proxy',
		as: 'proxy.listener',
		async run(session, {words: [port]}) {
			if (port === undefined) {
				showView(session, 'proxy');
				session.perform('proxy.listener');
			} else if (/^\d{1,5}$/.test(port)) {
				await startListener(session, {port: Number(port), address: '127.0.0.1'}, onlyCluster(session));
			} else {
				needs(session, ':listen 8001');
			}
		},
	},
	{
		word: 'proxy',
		takes: '[svc/NAME:PORT/path]',
		names: async session => proxyNames(session, typedTarget(session, '')),
		does: 'GET through the apiserver',
		flags: ['namespace'],
		async run(session, {words, flags: {namespace}}) {
			const [asked] = words;
			if (asked?.includes('/')) {
				await sendTypedRequest(session, typedTarget(session, asked, namespace));
			} else {
				showTypedView(session, 'proxy', [...words, ...(namespace === undefined ? [] : ['-n', namespace])]);
			}
		},
	},
	{
		word: 'yaml',
		takes: '[TARGET]',
		names: objectNames,
		does: 'show the YAML of an object',
		alone: 'list.yaml',
		example: ':yaml pod/NAME',
		flags: ['namespace'],
		run: async (session, {words: [target = ''], flags}) => openYaml(session, typedTarget(session, target, flags.namespace)),
	},
	{
		word: 'describe',
		also: ['details'],
		takes: '[TARGET]',
		names: objectNames,
		does: 'show the details of an object',
		alone: 'list.details',
		example: ':describe pod/NAME',
		flags: ['namespace'],
		run: async (session, {words: [target = ''], flags}) => openObjectDetails(session, typedTarget(session, target, flags.namespace)),
	},
	{
		word: 'export',
		takes: '',
		does: 'save the open log',
		run(session) {
			if (session.store.state.layers.at(-1)?.kind === 'tail') {
				session.perform('save');
			} else {
				needs(session, ':tail pod/NAME first: no log is open');
			}
		},
	},
	{
		word: 'why',
		takes: '',
		does: 'explain this path',
		alone: 'why',
	},
	{
		word: 'doctor',
		takes: 'TARGET or nodes',
		names: targetNames,
		does: 'test the legs to a target or nodes',
		as: 'doctor',
		alone: 'doctor',
		example: ':doctor pod/NAME',
		flags: ['namespace'],
		run: async (session, {words: [target = ''], flags}) =>
			target === 'nodes'
				? openNodeCheck(session, onlyCluster(session))
				: openDoctor(session, typedTarget(session, target, flags.namespace)),
	},
	{
		word: 'require',
		takes: 'STATE [inferred]',
		names: async () => requirementNames,
		does: 'refuse streams that do not meet it',
		maxWords: 2,
		run(session, {words: [state = '', basis = 'proven']}) {
			const name = findRequirement(state);
			if (name === undefined || (basis !== 'proven' && basis !== 'inferred')) {
				needs(session, `require ${requirementNames.join(' or ')}, and inferred if that is enough`);
				return;
			}

			const also = session.store.state.cluster.required.length > 0 ? ' also' : '';
			session.require({states: [name], minBasis: basis, undecided: 'refuse', source: requiredInSession});
			session.showMessage(`every later stream must${also} be ${name}, ${basis}; open ones stay as they are`);
		},
	},
	{
		word: 'record',
		takes: 'DIR [--record-input] or off',
		names: async ({store}) => (store.state.recording === null ? [] : ['off']),
		does: 'record each shell to a file that asciinema plays',
		as: 'shell',
		flags: ['record-input'],
		maxWords: Infinity,
		run(session, {words, flags}) {
			recordTyped(session, {typed: words.join(' '), input: flags['record-input']});
		},
	},
	{
		word: 'quit',
		also: ['q'],
		takes: '',
		does: 'exit the session',
		alone: 'app.quit',
	},
];

function findCommand(typed: string): CommandRow | undefined {
	return commands.find(({word, also}) => word === typed || also?.includes(typed));
}

async function runCommand(session: Session, line: string): Promise<void> {
	const [word = '', ...rest] = line.trim().split(/\s+/);
	const command = findCommand(word);
	if (!command) {
		showTypedView(session, word, rest);
		return;
	}

	// Checks only --read-only: even if the list is forbidden, RBAC may allow the named object.
	const action = command.as === undefined ? undefined : findAction(command.as);
	if (action && isReadOnly(session.store.state, action)) {
		session.showMessage(`${action.title}: disabled, --read-only is set`, 'warn');
		return;
	}

	const typed = parsePaletteArguments({...command, word}, rest);
	if ('fault' in typed) {
		session.showMessage(typed.fault, 'warn');
		return;
	}

	const {alone, example, run} = command;
	if (alone !== undefined && typed.isEmpty) {
		session.perform(alone);
		return;
	}

	if (example !== undefined && typed.words.length === 0) {
		needs(session, example);
		return;
	}

	try {
		await run?.(session, typed);
	} catch (thrown) {
		if (toSpokeError(thrown).code === 'ERR_INTERNAL') {
			throw thrown;
		}

		session.showFailure(line.trim(), thrown);
	}
}
