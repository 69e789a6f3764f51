/** Start of the session. */
import {resolve} from 'node:path';
import {readSettings} from '../../cluster/access-settings.ts';
import {traceVerbosity} from '../../cluster/request-trace.ts';
import {areSeveral} from '../../cluster/kubeconfig/choose-contexts.ts';
import type {ConnectionFlags} from '../../base/command-line/connection-flags.ts';
import {prepareDirectory} from '../../base/command-line/private-files.ts';
import {isSpokeError} from '../../base/errors/spoke-error.ts';
import {loadKeymap} from '../../session/keymap/load-keymap.ts';
import {loadThemes} from '../../session/themes/load-themes.ts';
import type {SessionOptions} from '../../session/run-session.ts';
import type {Invocation} from '../command.ts';
import {recordRequest} from '../stream-flags.ts';
import type {sessionFlags} from './spec.ts';
import {assertUsage} from '../usage.ts';

type Screen = Pick<Invocation<typeof sessionFlags>, 'flags' | 'stdin' | 'stdout' | 'env' | 'interrupted'>;

/** Resolves to the exit status. @throws SpokeError for a keymap, theme, directory or cluster that cannot be used */
export async function startSession(
	{flags: screen, ...here}: Screen,
	what: Pick<SessionOptions, 'flags' | 'contexts' | 'allNamespaces' | 'forwards' | 'tail' | 'sandbox' | 'isFallback'>,
): Promise<number> {
	assertUsage(
		what.flags.v < traceVerbosity,
		`-v=${what.flags.v} logs requests to stderr, which the session uses as its screen`,
		'use -v with a one-shot command: spoke logs, exec, port-forward, path',
	);
	const recording = recordingSettings(screen);
	const [{keymap, problems, base}, themes, {runSession}] = await Promise.all([
		loadKeymap(here.env, screen.keymap),
		loadThemes(here.env, screen.theme ?? (here.env['SPOKE_THEME'] || undefined)),
		import('../../session/run-session.ts'),
	]);
	return runSession({
		...here,
		keymap,
		keymapProblems: problems,
		keymapBase: base,
		themes,
		readOnly: screen['read-only'],
		theme: screen.theme,
		motion: screen.motion,
		mouse: screen.mouse,
		recording,
		...what,
	});
}

/** Creates the directory. @throws SpokeError ERR_USAGE, ERR_LOCAL_FILE */
function recordingSettings(flags: Screen['flags']): NonNullable<SessionOptions['recording']> | null {
	const request = recordRequest(flags, 'DIR');
	if (request === null) {
		return null;
	}

	assertUsage(!flags['read-only'], '--record has nothing to record: --read-only is set, so no shell can be opened');
	const directory = resolve(request.file);
	prepareDirectory(directory);
	return {directory, input: request.input};
}

/** The context that the session begins with. The session shows each that cannot be used. */
export async function firstUsable(contexts: readonly ConnectionFlags[], env: NodeJS.ProcessEnv): Promise<ConnectionFlags> {
	for (const flags of contexts.slice(0, -1)) {
		try {
			await readSettings(flags, env);
			return flags;
		} catch {}
	}

	return contexts.at(-1)!;
}

/** Nothing for one context. */
export function severalOf(contexts: readonly ConnectionFlags[]): Pick<SessionOptions, 'contexts'> {
	return areSeveral(contexts) ? {contexts} : {};
}

/** @throws SpokeError for a kubeconfig that exists but cannot be used */
export async function hasKubeconfig(flags: ConnectionFlags, env: NodeJS.ProcessEnv): Promise<boolean> {
	try {
		await readSettings(flags, env);
		return true;
	} catch (error) {
		if (isSpokeError(error) && error.code === 'ERR_NO_KUBECONFIG') {
			return false;
		}

		throw error;
	}
}
