/** Aliases and default flags of kubectl's kuberc. */
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import {hasNoEffect, kubectlOnlyFlagHint} from '../../command-line/kubectl-only-flags.ts';
import {parseCommandLine} from '../../command-line/parse-command-line.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {KubercOption, Preference} from '../../cluster/kuberc.ts';
import {invalid, readPreferences} from './read-preferences.ts';

const sharedCommands = new Set(['logs', 'exec', 'attach', 'port-forward', 'proxy', 'debug', 'cp']);

export type KubercContext = {
	/** Called only for commands that kubectl also has. */
	loadFlags: (command: string) => Promise<readonly FlagSpec[]>;
	env: NodeJS.ProcessEnv;
	warn: (text: string) => void;
};

/** False for `help` and for a command that only spoke has. An unknown name can be an alias. */
export function canHavePreferences(name: string, commandNames: readonly string[]): boolean {
	return sharedCommands.has(name) || (name !== 'help' && !commandNames.includes(name));
}

/**
`at` is the index of the command.
@throws SpokeError ERR_KUBECONFIG_INVALID, also for a flag that the command does not have or whose value it does not take
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/kuberc/kuberc.go applyAliases, applyOverrides
*/
export async function applyKuberc(argv: readonly string[], at: number, {loadFlags, env, warn}: KubercContext): Promise<readonly string[]> {
	const preferences = await readPreferences(explicitKuberc(argv), env, warn);
	const name = argv[at]!;
	if (preferences === null) {
		return argv;
	}

	return sharedCommands.has(name) ? withDefaults(argv, at, {preferences, loadFlags}) : withAlias(argv, at, {preferences, loadFlags});
}

/** Aliases for completion; empty if kuberc cannot be read. */
export async function readAliases(env: NodeJS.ProcessEnv): Promise<ReadonlyMap<string, string>> {
	if (isKubercOff(env)) {
		return new Map();
	}

	const preferences = await readPreferences(undefined, env, () => {}).catch(() => null);
	const aliases = (preferences?.aliases ?? []).map(({name, command}) => [name, wordsOf(command)[0] ?? ''] as const);
	return new Map(aliases.filter(([, command]) => sharedCommands.has(command)));
}

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/util/helpers.go IsDisabled */
export function isKubercOff(env: NodeJS.ProcessEnv): boolean {
	return env['KUBECTL_KUBERC']?.toLowerCase() === 'false' || env['KUBERC'] === 'off';
}

type Applying = {preferences: Preference; loadFlags: KubercContext['loadFlags']};

async function withDefaults(argv: readonly string[], at: number, {preferences, loadFlags}: Applying): Promise<readonly string[]> {
	const name = argv[at]!;
	const flags = await loadFlags(name);
	const added = preferences.defaults
		.filter(({command}) => wordsOf(command)[0] === name)
		.flatMap(({command, options}) =>
			options.flatMap(option =>
				flagFor(option, flags, argv, {
					unknown: `invalid flag ${option.name} for command ${command}`,
					refused: `could not apply override value ${option.default} to flag ${option.name} in command ${command}`,
				}),
			),
		);
	return argv.toSpliced(at + 1, 0, ...added);
}

async function withAlias(
	argv: readonly string[],
	at: number,
	{preferences: {aliases, defaults}, loadFlags}: Applying,
): Promise<readonly string[]> {
	const alias = aliases.find(one => one.name === argv[at]);
	if (!alias) {
		return argv;
	}

	const [command = ''] = wordsOf(alias.command);
	if (!sharedCommands.has(command)) {
		throw new SpokeError('ERR_USAGE', `command ${JSON.stringify(alias.command)} not found to set alias ${JSON.stringify(alias.name)}`, {
			remedy: `spoke shares these commands with kubectl: ${[...sharedCommands].join(', ')}`,
		});
	}

	if (defaults.some(one => wordsOf(one.command)[0] === alias.name)) {
		throw invalid(`alias ${alias.name} can not be overridden`);
	}

	const flags = await loadFlags(command);
	const added = alias.options.flatMap(option =>
		flagFor(option, flags, argv, {
			unknown: `invalid alias flag ${option.name} in alias ${alias.name}`,
			refused: `could not apply value ${option.default} to flag ${option.name} in alias ${alias.name}`,
		}),
	);
	return [...argv.slice(0, at), command, ...added, ...alias.prependArgs, ...argv.slice(at + 1), ...alias.appendArgs];
}

/** Empty if the flag was passed, or has no effect in spoke. */
function flagFor(
	{name, default: value}: KubercOption,
	flags: readonly FlagSpec[],
	argv: readonly string[],
	says: {unknown: string; refused: string},
): string[] {
	const flag = flags.find(one => one.name === name);
	if (!flag) {
		if (kubectlOnlyFlagHint(name) !== null) {
			return [];
		}

		throw invalid(says.unknown);
	}

	if (isGiven(flag, argv) || hasNoEffect(flag)) {
		return [];
	}

	const added = `--${name}=${value}`;
	try {
		parseCommandLine<readonly FlagSpec[]>(flags, [added]);
	} catch (error) {
		throw invalid(`${says.refused} err: ${(error as Error).message}`, error);
	}

	return [added];
}

/** Like kubectl, also searches the arguments of a remote command. */
function isGiven({name, short}: FlagSpec, argv: readonly string[]): boolean {
	return argv.some(
		argument =>
			argument === `--${name}` ||
			argument.startsWith(`--${name}=`) ||
			(short !== undefined && (argument.startsWith(`-${short}`) || (/^-[a-z]+$/i.test(argument) && argument.includes(short)))),
	);
}

/** @throws SpokeError ERR_USAGE without a file */
function explicitKuberc(argv: readonly string[]): string | undefined {
	const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
	const at = own.findIndex(argument => argument === '--kuberc' || argument.startsWith('--kuberc='));
	if (at < 0) {
		return undefined;
	}

	const file = own[at] === '--kuberc' ? own[at + 1] : own[at]!.slice('--kuberc='.length);
	if (file === undefined || file === '') {
		throw new SpokeError('ERR_USAGE', 'kuberc file is not found');
	}

	return file;
}

function wordsOf(command: string): string[] {
	return command.split(/\s+/).filter(word => word !== '');
}
