/** Names and loaders of the commands. Each command is a file of its own in the build. */
import {closestWord} from '../base/command-line/parse-command-line.ts';
import {SpokeError} from '../base/errors/spoke-error.ts';
import type {Command} from './command.ts';

type CommandLoader = () => Promise<{command: Command}>;

const loaders = {
	session: async () => import('./session/run.ts'),
	tail: async () => import('./tail/run.ts'),
	logs: async () => import('./logs/run.ts'),
	exec: async () => import('./exec/run.ts'),
	attach: async () => import('./attach/run.ts'),
	cp: async () => import('./cp/run.ts'),
	path: async () => import('./path/run.ts'),
	audit: async () => import('./audit/run.ts'),
	doctor: async () => import('./doctor/run.ts'),
	'port-forward': async () => import('./port-forward/run.ts'),
	forwards: async () => import('./forwards/run.ts'),
	mcp: async () => import('./mcp/run.ts'),
	demo: async () => import('./demo/run.ts'),
	debug: async () => import('./debug/run.ts'),
	proxy: async () => import('./proxy/run.ts'),
	keys: async () => import('./keys/run.ts'),
	policy: async () => import('./policy/run.ts'),
	theme: async () => import('./theme/run.ts'),
	completion: async () => import('./completion/run.ts'),
	schema: async () => import('./schema/run.ts'),
	version: async () => import('./version/run.ts'),
} satisfies Readonly<Record<string, CommandLoader>>;

export type CommandName = keyof typeof loaders;

export const commandNames = Object.keys(loaders) as readonly CommandName[];

/** Those that people type out of habit, and that are not spoke's. */
const kubectlCommands = new Set(['apply', 'create', 'delete', 'describe', 'edit', 'get', 'patch', 'rollout', 'scale', 'top']);

export function unknownCommand(name: string): SpokeError {
	const closest = closestWord(name, commandNames);
	const suggestion = closest === null ? '' : `did you mean \`spoke ${closest}\`? `;
	const remedy = kubectlCommands.has(name)
		? `use \`kubectl ${name}\`, or \`spoke\` for lists`
		: `${suggestion}list the commands with \`spoke help\``;
	return new SpokeError('ERR_USAGE', `unknown command: ${name}`, {remedy});
}

export function isCommandName(name: string): name is CommandName {
	return Object.hasOwn(loaders, name);
}

export async function loadCommand(name: CommandName): Promise<Command> {
	return (await loaders[name]()).command;
}
